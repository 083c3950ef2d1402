/** The KPIs of one window, each with its unit and meaning, and what the window was made of. */
import type { KpiReading, WindowReport } from '@tapline/core/report/snapshot';
import { severityMark } from '../charts/severity-mark.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, measured, whole } from '../format/numbers.ts';
import { duration, zonedRange } from '../format/times.ts';
import { formatState, withPanel } from '../state/url-state.ts';
import { featureName } from '../charts/ratio-bars.ts';
import { csv } from './figure.ts';
import type { View } from './model.ts';
import { panel, pending } from './panel.ts';

const reading = (kpi: KpiReading): VNode =>
  h(
    'div',
    { class: kpi.value === 0 ? 'kpi zero' : 'kpi', key: kpi.name, title: kpi.doc },
    h('dt', {}, featureName(kpi.name)),
    h('dd', {}, measured(kpi.value, kpi.unit)),
  );

const ledgerLine = (report: WindowReport): VNode => {
  const { announced, arrived, complete, revision } = report.row;
  const missing = Math.max(0, announced.packets - arrived.packets);
  const text = complete
    ? `Complete: all ${counted(arrived.packets, 'packet')} in ${counted(arrived.batches, 'batch', 'batches')} arrived.`
    : `Incomplete: ${whole(missing)} of ${counted(announced.packets, 'announced packet')} did not arrive.`;
  const scored = revision > 1 ? ` Scored ${revision} times.` : '';
  return h('p', { class: `ledger ${complete ? 'balanced' : 'unbalanced'}` }, text + scored);
};

const step = (view: View, report: WindowReport, direction: -1 | 1): VNode => {
  const { windowStartUs, windowEndUs } = report.row;
  const window = windowStartUs + direction * (windowEndUs - windowStartUs);
  return h(
    'a',
    { class: 'button', href: formatState(withPanel(view.model.state, { window })) },
    direction < 0 ? '← Earlier' : 'Later →',
  );
};

const alertsOf = (view: View, report: WindowReport): Child[] =>
  report.alerts.length === 0
    ? []
    : [
        h('h3', {}, 'Alerts'),
        h(
          'ul',
          { class: 'plain-list' },
          report.alerts.map((alert) =>
            h(
              'li',
              { key: alert.id },
              h(
                'a',
                { href: formatState(withPanel(view.model.state, { alert: alert.id })) },
                severityMark(alert.severity),
                ` ${alert.detector} ${alert.entity}`,
              ),
            ),
          ),
        ),
      ];

const body = (view: View, report: WindowReport): Child[] => [
  ledgerLine(report),
  h(
    'p',
    { class: 'panel-actions' },
    step(view, report, -1),
    step(view, report, 1),
    h(
      'button',
      {
        type: 'button',
        onclick: () => {
          const rows = report.kpis.map((kpi) => [kpi.name, kpi.value, kpi.unit, kpi.doc]);
          view.actions.save(
            'tapline-window.csv',
            csv({ columns: ['kpi', 'value', 'unit', 'meaning'].map((name) => ({ name })), rows }),
          );
        },
      },
      'CSV',
    ),
  ),
  ...alertsOf(view, report),
  h('h3', {}, 'Indicators'),
  h('dl', { class: 'kpis' }, report.kpis.map(reading)),
];

export function windowPanel(view: View): VNode {
  const report = view.model.window.value;
  if (report === null) return panel(view, 'window', ['Window'], [pending(view, view.model.window)]);
  const { windowStartUs, windowEndUs } = report.row;
  const title = `Window ${zonedRange(windowStartUs, windowEndUs)}`;
  return panel(
    view,
    'window',
    [title, h('span', { class: 'panel-entity' }, duration(windowEndUs - windowStartUs))],
    body(view, report),
  );
}
