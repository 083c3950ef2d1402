/** The list of alerts: severity, detector, entity and how far beyond the bar. Links, so that keys and tabs just work. */
import type { Alert } from '@tapline/core/detect/alert';
import type { Suppressed } from '@tapline/core/detect/allow-list';
import type { Overview } from '@tapline/core/report/snapshot';
import { severityMark } from '../charts/severity-mark.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, times } from '../format/numbers.ts';
import { dateTime, duration, isoTime, timeRange } from '../format/times.ts';
import { formatState, withPanel } from '../state/url-state.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';

/** `confirmed` is what everybody assumes; only the other states are worth ink. */
export function alertTags(alert: Alert): Child[] {
  return [
    alert.state === 'confirmed' ? null : h('span', { class: `tag tag-${alert.state}` }, alert.state),
    alert.complete
      ? null
      : h('span', { class: 'tag tag-incomplete', title: 'At least one window had packets missing' }, 'incomplete data'),
  ];
}

/** How far beyond the bar its first reason is: detectors put what matters most first. */
const beyond = (alert: Alert): string => (alert.reasons[0] === undefined ? '' : times(alert.reasons[0].ratio));

const row = (view: View, alert: Alert): VNode => {
  const chosen = view.model.state.alert === alert.id;
  return h(
    'li',
    { key: alert.id },
    h(
      'a',
      {
        class: `alert-row severity-${alert.severity}${alert.state === 'withdrawn' ? ' withdrawn' : ''}`,
        href: formatState(withPanel(view.model.state, chosen ? {} : { alert: alert.id })),
        'aria-current': chosen ? 'true' : null,
      },
      h('span', { class: 'alert-severity' }, severityMark(alert.severity), h('span', {}, alert.severity)),
      h('span', { class: 'alert-detector' }, alert.detector),
      h('span', { class: 'alert-times' }, beyond(alert), h('span', { class: 'visually-hidden' }, ' the bar')),
      h('span', { class: 'alert-entity', title: alert.entity }, alert.entity),
      h(
        'span',
        { class: 'alert-when' },
        `${timeRange(alert.firstPacketUs, alert.lastPacketUs)} · ${duration(alert.lastPacketUs - alert.firstPacketUs)}`,
      ),
      h('span', { class: 'alert-tags' }, alertTags(alert)),
    ),
  );
};

const table = (alerts: readonly Alert[]): Table => ({
  columns: [
    { name: 'severity' },
    { name: 'detector' },
    { name: 'entity' },
    { name: 'first packet (UTC)' },
    { name: 'last packet (UTC)' },
    { name: 'score', numeric: true },
    { name: 'state' },
    { name: 'ATT&CK' },
    { name: 'summary' },
  ],
  rows: alerts.map((alert) => [
    alert.severity,
    alert.detector,
    alert.entity,
    isoTime(alert.firstPacketUs),
    isoTime(alert.lastPacketUs),
    Math.round(alert.score * 1000) / 1000,
    alert.state,
    alert.attack.join(' '),
    alert.summary,
  ]),
});

/** Arrow keys (and j, k) move between the rows of a list of links; Home and End jump. */
export function listKeys(event: Event): void {
  const { key } = event as KeyboardEvent;
  const links = [...(event.currentTarget as Element).querySelectorAll<HTMLElement | SVGElement>('a')];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const target = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: links.length - 1 }[key];
  const link = target === undefined ? undefined : links[Math.max(0, target)];
  if (link === undefined) return;
  event.preventDefault();
  link.focus();
}

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
    : `No alerts between ${dateTime(overview.range.fromUs)} and ${dateTime(overview.range.toUs)} UTC.`;
};

export function alertList(view: View): VNode {
  const overview = view.model.overview.value;
  const alerts = overview?.alerts ?? [];
  const note = overview === null ? '' : alerts.length === 0 ? 'none' : String(alerts.length + overview.alertsLeftOff);
  return figure(view, {
    name: 'alerts',
    title: 'Alerts',
    note,
    empty: emptyText(overview),
    table: () => table(alerts),
    chart: () => [
      h(
        'ol',
        { class: 'alert-list', onkeydown: listKeys },
        alerts.map((alert) => row(view, alert)),
      ),
      overview !== null && overview.alertsLeftOff > 0
        ? h(
            'p',
            { class: 'empty' },
            `${counted(overview.alertsLeftOff, 'less severe alert')} not listed: zoom in to see them.`,
          )
        : null,
      ...(overview?.suppressed ?? []).map(suppressedLine),
      overview !== null && overview.usualHidden > 0
        ? h('p', { class: 'empty' }, `${counted(overview.usualHidden, 'alert')} usual for the host, not listed.`)
        : null,
    ],
  });
}
