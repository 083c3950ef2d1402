/** One alert: the sentence, the reasons as bars against their bounds, who contributed, and the packets behind it. */
import type { Alert, Contributor } from '@tapline/core/detect/alert';
import type { ExplainedAlert } from '@tapline/core/history/explain-usual';
import { barList } from '../charts/bar-list.ts';
import { ratioBars } from '../charts/ratio-bars.ts';
import { severityMark } from '../charts/severity-mark.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, measured, percent } from '../format/numbers.ts';
import { dateTime, duration, timeRange } from '../format/times.ts';
import { formatState } from '../state/url-state.ts';
import { alertTags } from './alert-list.ts';
import { captureSection } from './capture-section.ts';
import type { View } from './model.ts';
import { panel, pending } from './panel.ts';

const fact = (name: string, value: Child | readonly Child[]): Child[] => [h('dt', {}, name), h('dd', {}, value)];

/** Techniques are named, not linked: the page works offline and sends nobody anywhere. */
const facts = (alert: Alert): VNode =>
  h(
    'dl',
    { class: 'facts' },
    fact('When', `${dateTime(alert.firstPacketUs)} UTC for ${duration(alert.lastPacketUs - alert.firstPacketUs)}`),
    fact('Windows', `${counted(alert.windows, 'window')}, ${timeRange(alert.windowStartUs, alert.windowEndUs)}`),
    fact('Score', percent(alert.score)),
    fact('Data', trust(alert)),
    fact('ATT&CK', alert.attack.length === 0 ? '–' : alert.attack.join(', ')),
    fact('Detector', `${alert.detector} v${alert.detectorVersion}, thresholds ${alert.config}`),
    fact('Sensor', alert.sensor),
  );

/** How far the data behind the alert can be trusted, and why no further. */
const trust = ({ quality: { confidence, doubts } }: Alert): Child[] =>
  doubts.length === 0
    ? ['nothing is known to be missing']
    : [
        `confidence ${percent(confidence)}`,
        h(
          'ul',
          {},
          doubts.map(({ text }) => h('li', {}, text)),
        ),
      ];

const contributors = (list: readonly Contributor[]): VNode =>
  barList(
    list.map((contributor) => ({
      key: contributor.key,
      value: contributor.value,
      text: measured(contributor.value, contributor.unit),
    })),
  );

const zoomLink = (view: View, alert: Alert): VNode => {
  const pad = Math.max(10_000_000, Math.round((alert.windowEndUs - alert.windowStartUs) / 4));
  const range = { fromUs: alert.windowStartUs - pad, toUs: alert.windowEndUs + pad };
  return h('a', { class: 'button', href: formatState({ ...view.model.state, range }) }, 'Zoom to it');
};

const body = (view: View, alert: ExplainedAlert): Child[] => [
  h('p', { class: 'summary' }, alert.summary),
  alert.withdrawal === undefined ? null : h('p', { class: 'empty' }, `Withdrawn: ${alert.withdrawal}.`),
  h('p', { class: 'panel-actions' }, zoomLink(view, alert), alertTags(alert)),
  captureSection(view, alert),
  h('h3', {}, 'Why'),
  alert.reasons.length === 0 ? h('p', { class: 'empty' }, 'The detector gave no numbers.') : ratioBars(alert.reasons),
  alert.usual === undefined ? null : h('p', { class: 'empty' }, `${alert.usual.text}.`),
  h('h3', {}, 'Who'),
  alert.contributors.length === 0 ? h('p', { class: 'empty' }, 'Nobody stands out.') : contributors(alert.contributors),
  facts(alert),
];

export function alertPanel(view: View): VNode {
  const remote = view.model.alert;
  const alert =
    remote.value?.alert ?? view.model.overview.value?.alerts.find(({ id }) => id === view.model.state.alert);
  if (alert === undefined) return panel(view, 'alert', ['Alert'], [pending(view, remote)]);
  const title: Child[] = [
    h('span', { class: `alert-severity severity-${alert.severity}` }, severityMark(alert.severity), alert.severity),
    h('span', { class: 'panel-detector' }, alert.detector),
    h('span', { class: 'panel-entity', title: alert.entity }, alert.entity),
  ];
  return panel(view, 'alert', title, body(view, alert));
}
