/** Why the alert was raised: one small chart per reason over a shared time, with the same numbers as a table. */
import type { AlertEvidence } from '@tapline/core/report/snapshot';
import type { Alert } from '@tapline/core/detect/alert';
import { featureName, ratioBars } from '../charts/ratio-bars.ts';
import { reasonSeries } from '../charts/reason-series.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, measured, percent, times } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { isoTime } from '../format/times.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';

/** Of one chart with its head, pixels. */
const REASON_HEIGHT = 166;

const table = (evidence: AlertEvidence): Table => ({
  columns: [
    { name: inZone('window') },
    { name: 'data' },
    ...evidence.reasons.flatMap(({ feature, unit }) => [
      { name: `${featureName(feature)}${unit === '' ? '' : `, ${unit}`}`, numeric: true },
      { name: 'floor', numeric: true },
    ]),
  ],
  rows: evidence.windows.map(({ startUs, scored, complete, values }) => [
    isoTime(startUs),
    scored ? (complete ? 'complete' : 'incomplete') : 'not scored',
    ...evidence.reasons.flatMap(({ floor }, index) => [values[index] ?? (scored ? 'below the bar' : ''), floor]),
  ]),
});

const head = (alert: Alert, index: number): VNode => {
  const { feature, value, unit, floor, baseline, ratio, contribution } = alert.reasons[index]!;
  const usual = baseline === null ? 'no baseline' : `usual ${measured(baseline, unit)}`;
  return h(
    'header',
    { class: 'reason-head' },
    h('h3', {}, featureName(feature)),
    h('strong', {}, measured(value, unit)),
    h('span', { class: 'ratio-times' }, times(ratio), h('span', { class: 'visually-hidden' }, ' the bar')),
    h(
      'p',
      { class: 'reason-bounds' },
      h('span', { class: 'bound-text floor' }, `floor ${measured(floor, unit)}`),
      h('span', { class: baseline === null ? null : 'bound-text baseline' }, usual),
      h('span', {}, `${percent(contribution)} of how far it is beyond`),
    ),
  );
};

const remarks = (evidence: AlertEvidence): Child[] => [
  evidence.sameRules
    ? null
    : h('p', { class: 'hint' }, 'Other thresholds than today’s judged this alert: the bars show today’s.'),
  evidence.windowsLeftOff > 0
    ? h('p', { class: 'hint' }, `${counted(evidence.windowsLeftOff, 'later window')} not shown.`)
    : null,
  h('p', { class: 'hint' }, 'A window without a bar stayed below the bar; a hatched one was not scored.'),
];

const body = (view: View, alert: Alert, evidence: AlertEvidence | null): readonly Child[] => {
  if (alert.reasons.length === 0) return [h('p', { class: 'empty' }, 'The detector gave no numbers.')];
  if (evidence === null) {
    // As high as the charts will be, so that nothing moves when they come.
    const style = { 'min-height': `${alert.reasons.length * REASON_HEIGHT}px` };
    return [h('p', { class: 'empty', 'aria-busy': 'true', style }, view.model.evidence.error ?? 'Loading…')];
  }
  const { windows } = evidence;
  // History and the sensor itself are not judged window by window.
  if (windows.length === 0) return [ratioBars(alert.reasons)];
  const width = Math.max(240, view.model.panelWidth);
  return [
    h(
      'div',
      { class: 'reason-list' },
      evidence.reasons.map((reason, index) =>
        h(
          'section',
          { class: 'reason', key: reason.feature },
          head(alert, index),
          reasonSeries({ reason, index, windows, width }),
        ),
      ),
    ),
    ...remarks(evidence),
  ];
};

export function reasonFigure(view: View, alert: Alert): VNode {
  const evidence = view.model.evidence.value;
  return figure(view, {
    name: 'reasons',
    title: 'Why',
    note: counted(alert.reasons.length, 'reason'),
    picture: evidence !== null && evidence.windows.length > 0,
    table: () => (evidence === null ? { columns: [{ name: 'window' }], rows: [] } : table(evidence)),
    chart: () => body(view, alert, evidence),
  });
}
