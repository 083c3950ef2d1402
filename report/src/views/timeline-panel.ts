/** The time line with its controls: metric, legend with the values under the cursor, brush, and the keys. */
import { TRAFFIC_CLASSES } from '@tapline/core/kpi/kpi-row';
import type { TimeRange } from '@tapline/core/ports';
import type { Overview, SeriesGap } from '@tapline/core/report/snapshot';
import { timelineFrame, type Size } from '../charts/time-frame.ts';
import { timeline } from '../charts/timeline.ts';
import { rateUnit, totalRate, trafficBuckets, type TrafficBucket } from '../charts/traffic-buckets.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { short } from '../format/numbers.ts';
import { clockTime, duration, isoTime, timeRange } from '../format/times.ts';
import { formatState, withPanel, type Metric } from '../state/url-state.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';
import { scoreTakes } from './score-panel.ts';
import { gapsWithin, shownRange } from './shown-range.ts';
import { metricSwitch, zoomOut } from './time-controls.ts';
import { timelinePlot } from './timeline-plot.ts';

const unitOf = (view: View): string => (view.model.state.metric === 'packets' ? '/s' : 'bit/s');

const bucketAt = (buckets: readonly TrafficBucket[], timeUs: number | null): TrafficBucket | undefined =>
  timeUs === null ? undefined : buckets.find((bucket) => timeUs >= bucket.startUs && timeUs < bucket.endUs);

/** Names, colours and the values at the cursor (or the peak, while nothing is pointed at). */
const legend = (view: View, buckets: readonly TrafficBucket[], range: TimeRange | null): VNode => {
  const pointed = bucketAt(buckets, view.model.cursorUs);
  const peak = buckets.reduce<TrafficBucket | undefined>(
    (best, bucket) => (best === undefined || totalRate(bucket) > totalRate(best) ? bucket : best),
    undefined,
  );
  const shown = pointed ?? peak;
  const value = (index: number): string => {
    const rate = shown?.rates?.[index];
    return rate === undefined ? '–' : short(rate, unitOf(view));
  };
  const where =
    pointed === undefined ? `peak ${shown === undefined ? '' : clockTime(shown.startUs)}` : clockTime(pointed.startUs);
  return h(
    'div',
    { class: 'legend' },
    h(
      'ul',
      {},
      TRAFFIC_CLASSES.map((name, index) =>
        h(
          'li',
          {},
          h('span', { class: `swatch class-${name}`, 'aria-hidden': 'true' }),
          h('span', { class: 'legend-name' }, name === 'other' ? name : name.toUpperCase()),
          h('span', { class: 'legend-value' }, value(index)),
        ),
      ),
    ),
    h('p', { class: 'legend-where' }, where),
    h(
      'p',
      { class: 'legend-range' },
      range === null ? '–' : `${timeRange(range.fromUs, range.toUs)} UTC, ${duration(range.toUs - range.fromUs)}`,
    ),
  );
};

const announcement = (view: View, buckets: readonly TrafficBucket[]): VNode => {
  const pointed = bucketAt(buckets, view.model.cursorUs);
  const unit = rateUnit(view.model.state.metric);
  const text =
    pointed === undefined
      ? ''
      : pointed.rates === null
        ? `${clockTime(pointed.startUs)}: not known yet`
        : `${clockTime(pointed.startUs)}: ${short(totalRate(pointed))} ${unit}`;
  return h('p', { class: 'visually-hidden', 'aria-live': 'polite' }, text);
};

const selectedWindow = (view: View, windowUs: number): TimeRange | null => {
  const { window } = view.model.state;
  return window === null ? null : { fromUs: window, toUs: window + windowUs };
};

interface Known {
  readonly overview: Overview;
  readonly range: TimeRange;
  readonly gaps: readonly SeriesGap[];
}

const bucketTable = (buckets: readonly TrafficBucket[], metric: Metric): Table => ({
  columns: [
    { name: 'time (UTC)' },
    ...TRAFFIC_CLASSES.map((name) => ({ name: `${name} ${rateUnit(metric)}`, numeric: true })),
  ],
  rows: buckets
    .filter((bucket) => bucket.rates !== null)
    .map((bucket) => [isoTime(bucket.startUs), ...bucket.rates!.map((rate) => Math.round(rate * 100) / 100)]),
});

const plot = (view: View, { overview, range, gaps }: Known, buckets: readonly TrafficBucket[], size: Size): VNode => {
  const { model } = view;
  const geometry = {
    frame: timelineFrame(range, size),
    range,
    extent: overview.extent ?? range,
    resolutionUs: overview.series.resolutionUs,
    windowUs: overview.windowUs,
  };
  return timelinePlot(
    view,
    geometry,
    'Traffic',
    timeline(
      {
        buckets,
        gaps,
        range,
        unit: rateUnit(model.state.metric),
        alerts: overview.alerts,
        selectedAlert: model.state.alert,
        selectedWindow: selectedWindow(view, overview.windowUs),
        brush: model.brush,
        cursorUs: model.cursorUs,
        alertHref: (alert) => formatState(withPanel(model.state, { alert })),
      },
      size,
    ),
  );
};

/** As high as the time line will be, so that nothing moves when it comes. */
const emptyPlot = (overview: Overview | null, size: Size): VNode => {
  const text = overview === null ? 'Loading…' : 'No packets yet. The time line starts with the first closed window.';
  return h('p', { class: 'empty timeline-plot', style: { height: `${size.height}px` } }, text);
};

/** The section, or a quiet frame of the same height while there is nothing to draw. */
export function timelinePanel(view: View): VNode {
  const overview = view.model.overview.value;
  const range = shownRange(view, overview);
  const { width } = view.model;
  const size: Size = { width, height: (width < 480 ? 260 : width < 2200 ? 300 : 420) - scoreTakes(overview, width) };
  const known = overview === null || range === null ? null : { overview, range, gaps: gapsWithin(overview, range) };
  const { metric } = view.model.state;
  const buckets = known === null ? [] : trafficBuckets(known.overview.series, known.gaps, known.range, metric);
  return figure(view, {
    name: 'traffic',
    title: 'Traffic',
    controls: [metricSwitch(view), zoomOut(view)],
    table: () => bucketTable(buckets, metric),
    chart: () =>
      known === null
        ? [legend(view, [], null), emptyPlot(overview, size)]
        : [legend(view, buckets, known.range), plot(view, known, buckets, size), announcement(view, buckets)],
  });
}
