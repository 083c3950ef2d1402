/** One alert: the sentence, the reasons as bars against their bounds, who contributed, and the packets behind it. */
import type { Alert } from '@tapline/core/detect/alert';
import type { ExplainedAlert } from '@tapline/core/history/explain-usual';
import type { TriageMark } from '@tapline/core/report/snapshot';
import { ratioBars } from '../charts/ratio-bars.ts';
import { severityMark } from '../charts/severity-mark.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { hostHref } from '../state/links.ts';
import { formatState } from '../state/url-state.ts';
import { alertFacts, contributorList, openedAlert } from './alert-facts.ts';
import { alertHref } from './alert-keys.ts';
import { alertTags } from './alert-list.ts';
import { captureSection } from './capture-section.ts';
import type { View } from './model.ts';
import { panel, pending } from './panel.ts';
import { triageButtons } from './triage-section.ts';

const zoomLink = (view: View, alert: Alert): VNode => {
  const pad = Math.max(10_000_000, Math.round((alert.windowEndUs - alert.windowStartUs) / 4));
  const range = { fromUs: alert.windowStartUs - pad, toUs: alert.windowEndUs + pad };
  return h('a', { class: 'button', href: formatState({ ...view.model.state, range }) }, 'Zoom to it');
};

const markOf = (view: View, { id }: Alert): TriageMark | undefined =>
  view.model.overview.value?.triage.find(({ alert }) => alert === id);

const body = (view: View, alert: ExplainedAlert): Child[] => [
  h('p', { class: 'summary' }, alert.summary),
  alert.withdrawal === undefined ? null : h('p', { class: 'empty' }, `Withdrawn: ${alert.withdrawal}.`),
  h('p', { class: 'alert-tags' }, alertTags(alert, markOf(view, alert))),
  h(
    'div',
    { class: 'panel-actions' },
    h('a', { class: 'button primary', href: alertHref(view, alert.id) }, 'Open alert'),
    ...triageButtons(view, alert),
    zoomLink(view, alert),
  ),
  captureSection(view, alert),
  h('h3', {}, 'Why'),
  alert.reasons.length === 0 ? h('p', { class: 'empty' }, 'The detector gave no numbers.') : ratioBars(alert.reasons),
  alert.usual === undefined ? null : h('p', { class: 'empty' }, `${alert.usual.text}.`),
  h('h3', {}, 'Who'),
  alert.contributors.length === 0 ? h('p', { class: 'empty' }, 'Nobody stands out.') : contributorList(view, alert),
  alertFacts(alert),
];

const hostName = (view: View, entity: string): VNode => {
  const href = hostHref(view.model.state, entity);
  const properties = { class: 'panel-entity', title: entity };
  return href === undefined ? h('span', properties, entity) : h('a', { ...properties, href }, entity);
};

export function alertPanel(view: View): VNode {
  const alert = openedAlert(view);
  if (alert === undefined) return panel(view, 'alert', ['Alert'], [pending(view, view.model.alert)]);
  const title: Child[] = [
    h('span', { class: `alert-severity severity-${alert.severity}` }, severityMark(alert.severity), alert.severity),
    h('span', { class: 'panel-detector' }, alert.detector),
    hostName(view, alert.entity),
  ];
  return panel(view, 'alert', title, body(view, alert));
}
