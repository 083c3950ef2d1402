/** The page of one alert: what, why, who, how sure, from which rows and packets, and what people did about it. */
import type { Alert } from '@tapline/core/detect/alert';
import { severityMark } from '../charts/severity-mark.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { hostHref } from '../state/links.ts';
import { formatState, withPage, withPanel } from '../state/url-state.ts';
import { alertFacts, contributorList, openedAlert } from './alert-facts.ts';
import { alertTags } from './alert-list.ts';
import { allowRule } from './allow-rule.ts';
import { captureSection } from './capture-section.ts';
import { evidenceFigure } from './evidence-figure.ts';
import type { View } from './model.ts';
import { packetsPanel } from './packets-panel.ts';
import { pending } from './panel.ts';
import { reasonFigure } from './reason-figure.ts';
import { triageButtons, triageSection } from './triage-section.ts';

const aroundIt = (view: View, alert: Alert): string => {
  const pad = Math.max(10_000_000, Math.round((alert.windowEndUs - alert.windowStartUs) / 4));
  const range = { fromUs: alert.windowStartUs - pad, toUs: alert.windowEndUs + pad };
  return formatState({ ...withPanel(view.model.state, { alert: alert.id }), range });
};

/** What else a host did: its page, over the same time. */
const hostLinks = (view: View, alert: Alert): Child[] => {
  const names = [alert.filter.host, alert.filter.peer, alert.entity].filter((name) => name !== undefined);
  const hrefs = new Map(names.map((name) => [hostHref(view.model.state, name), name]));
  return [...hrefs].map(([href, name]) =>
    href === undefined
      ? null
      : h(
          'a',
          { class: 'button', href, key: href },
          `What else did ${name.replace(/^\[?([^\]]*?)\]?:\d+$/u, '$1')} do?`,
        ),
  );
};

const head = (view: View, alert: Alert): VNode => {
  const mark = view.model.overview.value?.triage.find((one) => one.alert === alert.id);
  return h(
    'section',
    { class: `figure alert-head severity-${alert.severity}`, key: 'head', 'aria-labelledby': 'title-alert' },
    h(
      'p',
      { class: 'alert-back' },
      h('a', { href: formatState(withPage(view.model.state, 'overview')) }, '← All alerts'),
    ),
    h(
      'h2',
      { id: 'title-alert', class: 'alert-title' },
      h('span', { class: 'alert-severity' }, severityMark(alert.severity), alert.severity),
      h('span', {}, alert.detector),
      h('span', { class: 'panel-entity', title: alert.entity }, alert.entity),
    ),
    h('p', { class: 'summary' }, alert.summary),
    alert.withdrawal === undefined ? null : h('p', { class: 'empty' }, `Withdrawn: ${alert.withdrawal}.`),
    h('p', { class: 'alert-tags' }, alertTags(alert, mark)),
    h(
      'div',
      { class: 'panel-actions' },
      ...triageButtons(view, alert),
      h('a', { class: 'button', href: aroundIt(view, alert) }, 'On the time line'),
      ...hostLinks(view, alert),
      h(
        'button',
        {
          type: 'button',
          onclick: () => {
            view.actions.print();
          },
        },
        'Print',
      ),
    ),
  );
};

const plain = (name: string, title: string, body: readonly Child[]): VNode =>
  h(
    'section',
    { class: `figure figure-${name}`, key: name, 'aria-labelledby': `title-${name}` },
    h('header', { class: 'figure-head' }, h('h2', { id: `title-${name}` }, title)),
    h('div', { class: 'figure-body' }, body),
  );

export function alertPage(view: View): (VNode | null)[] {
  const alert = openedAlert(view);
  if (alert === undefined) {
    return [h('section', { class: 'figure figure-body', key: 'head' }, pending(view, view.model.alert))];
  }
  const who =
    alert.contributors.length === 0
      ? [h('p', { class: 'empty' }, 'Nobody stands out.')]
      : [contributorList(view, alert)];
  return [
    head(view, alert),
    h(
      'div',
      { class: 'alert-columns', key: 'columns' },
      h('div', { class: 'alert-column' }, reasonFigure(view, alert), evidenceFigure(view)),
      h(
        'div',
        { class: 'alert-column' },
        plain('facts', 'What is known', [alertFacts(alert), captureSection(view, alert)]),
        plain('who', 'Who', who),
        triageSection(view, alert),
        allowRule(view, alert),
      ),
    ),
    packetsPanel(view),
  ];
}
