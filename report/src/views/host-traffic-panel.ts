/** A host's traffic on the time axis of the whole page, with the same cursor, brush and keys. */
import type { TimeRange } from '@tapline/core/ports';
import type { HostReport } from '@tapline/core/report/host-report';
import type { Overview } from '@tapline/core/report/snapshot';
import { directions, hostTraffic } from '../charts/host-traffic.ts';
import { timelineFrame, type Size } from '../charts/time-frame.ts';
import { rateUnit, trafficBuckets, type TrafficBucket } from '../charts/traffic-buckets.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { short } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { clockTime, duration, isoTime, zonedRange } from '../format/times.ts';
import { formatState, withPanel } from '../state/url-state.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';
import { gapsWithin, shownRange } from './shown-range.ts';
import { metricSwitch, zoomOut } from './time-controls.ts';
import { timelinePlot } from './timeline-plot.ts';

const WAYS = [
  ['sent', 'Sent'],
  ['received', 'Received'],
] as const;

interface Shown {
  readonly report: HostReport;
  readonly overview: Overview;
  readonly range: TimeRange;
  readonly buckets: readonly TrafficBucket[];
}

const legend = (view: View, buckets: readonly TrafficBucket[], range: TimeRange | null): VNode => {
  const { cursorUs, state } = view.model;
  const unit = state.metric === 'packets' ? '/s' : 'bit/s';
  const pointed = buckets.find(({ startUs, endUs }) => cursorUs !== null && cursorUs >= startUs && cursorUs < endUs);
  const peak = (index: number): number => Math.max(0, ...buckets.map((bucket) => bucket.rates?.[index] ?? 0));
  const value = (index: number): string => {
    if (pointed === undefined) return short(peak(index), unit);
    return pointed.rates === null ? '–' : short(pointed.rates[index]!, unit);
  };
  return h(
    'div',
    { class: 'legend' },
    h(
      'ul',
      {},
      WAYS.map(([way, name], index) =>
        h(
          'li',
          {},
          h('span', { class: `swatch way-${way}`, 'aria-hidden': 'true' }),
          h('span', { class: 'legend-name' }, name),
          h('span', { class: 'legend-value' }, value(index)),
        ),
      ),
    ),
    h(
      'p',
      { class: 'legend-where', 'aria-live': 'polite' },
      pointed === undefined ? 'peaks' : clockTime(pointed.startUs),
    ),
    h(
      'p',
      { class: 'legend-range' },
      range === null ? '–' : `${zonedRange(range.fromUs, range.toUs)}, ${duration(range.toUs - range.fromUs)}`,
    ),
  );
};

const plot = (view: View, { report, overview, range, buckets }: Shown, size: Size): VNode => {
  const { model } = view;
  const geometry = {
    frame: timelineFrame(range, size),
    range,
    extent: overview.extent ?? range,
    resolutionUs: report.series.resolutionUs,
    windowUs: report.windowUs,
  };
  return timelinePlot(
    view,
    geometry,
    'Traffic of the host',
    hostTraffic(
      {
        buckets,
        gaps: gapsWithin(overview, range),
        range,
        unit: rateUnit(model.state.metric),
        alerts: report.alerts,
        selectedAlert: null,
        brush: model.brush,
        cursorUs: model.cursorUs,
        alertHref: (alert) => formatState(withPanel(model.state, { alert })),
      },
      size,
    ),
  );
};

const asTable = (view: View, buckets: readonly TrafficBucket[]): Table => {
  const unit = rateUnit(view.model.state.metric);
  return {
    columns: [{ name: inZone('time') }, ...WAYS.map(([way]) => ({ name: `${way} ${unit}`, numeric: true }))],
    rows: buckets.flatMap(({ startUs, rates }) =>
      rates === null ? [] : [[isoTime(startUs), ...rates.map((rate) => Math.round(rate * 100) / 100)]],
    ),
  };
};

export function hostTrafficPanel(view: View, report: HostReport | null): VNode {
  const overview = view.model.overview.value;
  const range = shownRange(view, overview);
  const { width, state } = view.model;
  const size: Size = { width, height: width < 480 ? 240 : 280 };
  const shown =
    report === null || overview === null || range === null
      ? null
      : {
          report,
          overview,
          range,
          buckets: trafficBuckets(directions(report.series), gapsWithin(overview, range), range, state.metric),
        };
  return figure(view, {
    name: 'host-traffic',
    title: 'Sent and received',
    controls: [metricSwitch(view), zoomOut(view)],
    table: () => asTable(view, shown?.buckets ?? []),
    chart: () => [
      legend(view, shown?.buckets ?? [], range),
      shown === null
        ? h('p', { class: 'empty timeline-plot', style: { height: `${size.height}px` } }, 'Loading…')
        : plot(view, shown, size),
    ],
  });
}
