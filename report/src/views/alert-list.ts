/** The list of alerts: severity, class, entity, age, count and what people did. Links, so that keys and tabs just work. */
import type { Alert } from '@tapline/core/detect/alert';
import type { Suppressed } from '@tapline/core/detect/allow-list';
import type { Overview, TriageMark } from '@tapline/core/report/snapshot';
import { severityMark } from '../charts/severity-mark.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, times } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { dateTime, duration, isoTime, timeRange, zonedTime } from '../format/times.ts';
import { chooseAlerts, type AlertGroup, type ChosenAlerts, type ListedAlert } from '../state/chosen-alerts.ts';
import { formatState, withList, withPanel } from '../state/url-state.ts';
import { alertFilter, isNarrowed } from './alert-filter.ts';
import { listKeys } from './alert-keys.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';

/** `confirmed` is what everybody assumes; only the other states are worth ink. */
export function alertTags(alert: Alert, mark?: TriageMark): Child[] {
  return [
    alert.state === 'confirmed' ? null : h('span', { class: `tag tag-${alert.state}` }, alert.state),
    alert.complete
      ? null
      : h('span', { class: 'tag tag-incomplete', title: 'At least one window had packets missing' }, 'incomplete data'),
    mark?.muted
      ? h('span', { class: 'tag tag-muted', title: mark.muted.reason }, `muted until ${dateTime(mark.muted.untilUs)}`)
      : null,
    mark?.acknowledgedBy == null
      ? null
      : h('span', { class: 'tag tag-acknowledged', title: `acknowledged by ${mark.acknowledgedBy}` }, '✓ acknowledged'),
    mark === undefined || mark.notes === 0 ? null : h('span', { class: 'tag' }, counted(mark.notes, 'note')),
  ];
}

/** How far beyond the bar its first reason is: detectors put what matters most first. */
const beyond = (alert: Alert): string => (alert.reasons[0] === undefined ? '' : times(alert.reasons[0].ratio));

/** Since when, measured from the newest packet: a capture of last year is not old, it is at its end. */
const age = (alert: Alert, nowUs: number): string => {
  const sinceUs = nowUs - alert.lastPacketUs;
  // One part is enough for an age: 3 min, 2 d.
  const [count, unit] = duration(sinceUs).split(' ');
  return sinceUs < 1e6 ? 'going on' : `${count} ${unit} ago`;
};

const when = (alert: Alert, nowUs: number): string =>
  [
    timeRange(alert.firstPacketUs, alert.lastPacketUs),
    duration(alert.lastPacketUs - alert.firstPacketUs),
    counted(alert.windows, 'window'),
    age(alert, nowUs),
  ].join(' · ');

const row = (view: View, { alert, mark }: ListedAlert, nowUs: number): VNode => {
  const chosen = view.model.state.alert === alert.id;
  const classes = [
    `alert-row severity-${alert.severity}`,
    alert.state === 'withdrawn' ? 'withdrawn' : '',
    mark?.muted ? 'muted' : '',
    mark?.acknowledgedBy == null ? '' : 'acknowledged',
  ];
  return h(
    'li',
    { key: alert.id },
    h(
      'a',
      {
        class: classes.filter((name) => name !== '').join(' '),
        href: formatState(withPanel(view.model.state, chosen ? {} : { alert: alert.id })),
        'data-alert': alert.id,
        'aria-current': chosen ? 'true' : null,
      },
      h('span', { class: 'alert-severity' }, severityMark(alert.severity), h('span', {}, alert.severity)),
      h('span', { class: 'alert-detector' }, alert.detector),
      h('span', { class: 'alert-times' }, beyond(alert), h('span', { class: 'visually-hidden' }, ' the bar')),
      h('span', { class: 'alert-entity', title: alert.entity }, alert.entity),
      h('span', { class: 'alert-when' }, when(alert, nowUs)),
      h('span', { class: 'alert-tags' }, alertTags(alert, mark)),
    ),
  );
};

const columns = (): readonly string[] => [
  'id',
  'severity',
  'class',
  'entity',
  inZone('first packet'),
  inZone('last packet'),
  'windows',
  'score',
  'state',
  'acknowledged by',
  inZone('muted until'),
  'why muted',
  'notes',
  'ATT&CK',
  'summary',
];
const NUMERIC = ['windows', 'score', 'notes'];

const table = ({ groups }: ChosenAlerts): Table => ({
  columns: columns().map((name) => ({ name, numeric: NUMERIC.includes(name) })),
  rows: groups
    .flatMap(({ alerts }) => alerts)
    .map(({ alert, mark }) => [
      alert.id,
      alert.severity,
      alert.detector,
      alert.entity,
      isoTime(alert.firstPacketUs),
      isoTime(alert.lastPacketUs),
      alert.windows,
      Math.round(alert.score * 1000) / 1000,
      alert.state,
      mark?.acknowledgedBy ?? '',
      mark?.muted ? isoTime(mark.muted.untilUs) : '',
      mark?.muted?.reason ?? '',
      mark?.notes ?? 0,
      alert.attack.join(' '),
      alert.summary,
    ]),
});

/** What the operator has said is harmless stays countable: a rule that suppresses too much must be seen. */
const suppressedLine = ({ rule, alerts }: Suppressed): VNode =>
  h(
    'p',
    { class: 'empty' },
    `${counted(alerts, 'alert')} suppressed: ${rule.reason} (${[rule.detector, rule.entity].filter(Boolean).join(', ')}, until ${rule.until}).`,
  );

const emptyText = (overview: Overview | null): string | null => {
  if (overview === null) return 'Loading…';
  if (overview.alerts.length + overview.suppressed.length + overview.usualHidden > 0) return null;
  return overview.range === null
    ? 'No alerts yet.'
    : `No alerts between ${dateTime(overview.range.fromUs)} and ${zonedTime(overview.range.toUs)}.`;
};

const group = (view: View, { name, alerts }: AlertGroup, nowUs: number): Child[] => [
  name === ''
    ? null
    : h('h3', { key: `group ${name}`, class: 'alert-group', title: name }, h('span', {}, name), String(alerts.length)),
  h(
    'ol',
    { class: 'alert-list', key: `list ${name}`, 'aria-label': name === '' ? 'Alerts' : name },
    alerts.map((one) => row(view, one, nowUs)),
  ),
];

/** Who looks for an alert is told how many there are that this list does not show, and gets to them with one click. */
const leftOut = (view: View, overview: Overview, chosen: ChosenAlerts): Child[] => {
  const { state } = view.model;
  const lines: Child[] = [];
  if (chosen.count === 0 && isNarrowed(state.list)) {
    lines.push(
      h(
        'p',
        { class: 'empty' },
        'No alert matches. ',
        h(
          'a',
          { href: formatState(withList(state, { text: '', least: 'low', detector: null, standing: 'unmuted' })) },
          'Show all',
        ),
      ),
    );
  }
  if (chosen.muted > 0) {
    lines.push(
      h(
        'p',
        { class: 'empty' },
        `${counted(chosen.muted, 'alert')} muted. `,
        h('a', { href: formatState(withList(state, { standing: 'all' })) }, 'Show'),
      ),
    );
  }
  if (overview.alertsLeftOff > 0) {
    const text = `${counted(overview.alertsLeftOff, 'less severe alert')} not listed: zoom in to see them.`;
    lines.push(h('p', { class: 'empty' }, text));
  }
  if (overview.usualHidden > 0) {
    lines.push(h('p', { class: 'empty' }, `${counted(overview.usualHidden, 'alert')} usual for the host, not listed.`));
  }
  return [...lines, ...overview.suppressed.map(suppressedLine)];
};

const noteOf = (overview: Overview | null, { count }: ChosenAlerts): string => {
  if (overview === null) return '';
  const all = overview.alerts.length + overview.alertsLeftOff;
  if (all === 0) return 'none';
  return count === all ? String(all) : `${count} of ${all}`;
};

export function alertList(view: View): VNode {
  const overview = view.model.overview.value;
  const chosen = chooseAlerts(overview?.alerts ?? [], overview?.triage ?? [], view.model.state.list);
  return figure(view, {
    name: 'alerts',
    title: 'Alerts',
    note: noteOf(overview, chosen),
    empty: emptyText(overview),
    before: alertFilter(view),
    table: () => table(chosen),
    chart: () => [
      h(
        'div',
        { class: 'alert-lists', onkeydown: listKeys(view) },
        chosen.groups.flatMap((one) => group(view, one, overview?.extent?.toUs ?? 0)),
      ),
      ...(overview === null ? [] : leftOut(view, overview, chosen)),
    ],
  });
}
