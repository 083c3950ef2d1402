/** The time line with its controls: metric, legend with the values under the cursor, brush, and the keys. */
import { TRAFFIC_CLASSES } from '@tapline/core/kpi/kpi-row';
import type { TimeRange } from '@tapline/core/ports';
import type { Overview, SeriesGap } from '@tapline/core/report/snapshot';
import { timelineFrame, type Size } from '../charts/time-frame.ts';
import { timeline } from '../charts/timeline.ts';
import {
  bucketAt,
  bucketsBefore,
  peakOf,
  rateUnit,
  totalRate,
  trafficBuckets,
  type TrafficBucket,
} from '../charts/traffic-buckets.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { short } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { clockTime, duration, isoTime, zonedRange } from '../format/times.ts';
import { formatState, withPanel, type Metric } from '../state/url-state.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';
import { gapsWithin, shownRange } from './shown-range.ts';
import { metricSwitch, zoomOut } from './time-controls.ts';
import { timelinePlot } from './timeline-plot.ts';

const unitOf = (view: View): string => (view.model.state.metric === 'packets' ? '/s' : 'bit/s');

const pointedAt = (view: View, buckets: readonly TrafficBucket[]): TrafficBucket | undefined =>
  view.model.cursorUs === null ? undefined : bucketAt(buckets, view.model.cursorUs);

const middleOf = ({ startUs, endUs }: TrafficBucket): number => (startUs + endUs) / 2;

/** The time before as the last of the legend: its value at the cursor, or its own peak; or that there is nothing. */
const beforeItem = (view: View, { before, range }: Traffic, pointed: TrafficBucket | undefined): VNode => {
  const at = pointed === undefined ? undefined : bucketAt(before, middleOf(pointed));
  const rate = pointed === undefined ? peakOf(before) : at?.rates == null ? Number.NaN : totalRate(at);
  const span = range === null ? '' : zonedRange(2 * range.fromUs - range.toUs, range.fromUs);
  const isThere = before.length > 0;
  return h(
    'li',
    { class: 'legend-before', title: isThere ? `The same length of time before: ${span}` : null },
    h('span', { class: 'swatch-before', 'aria-hidden': 'true' }),
    h('span', { class: 'legend-name' }, 'before'),
    h('span', { class: 'legend-value' }, isThere ? short(rate, unitOf(view)) : 'none stored'),
  );
};

interface Traffic {
  readonly buckets: readonly TrafficBucket[];
  readonly before: readonly TrafficBucket[];
  readonly range: TimeRange | null;
}

/** Names, colours and the values at the cursor (or the peak, while nothing is pointed at). */
const legend = (view: View, traffic: Traffic): VNode => {
  const { buckets, range } = traffic;
  const pointed = pointedAt(view, buckets);
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
      beforeItem(view, traffic, pointed),
    ),
    h('p', { class: 'legend-where' }, where),
    h(
      'p',
      { class: 'legend-range' },
      range === null ? '–' : `${zonedRange(range.fromUs, range.toUs)}, ${duration(range.toUs - range.fromUs)}`,
    ),
  );
};

const announcement = (view: View, { buckets, before }: Traffic): VNode => {
  const pointed = pointedAt(view, buckets);
  const earlier = pointed === undefined ? undefined : bucketAt(before, middleOf(pointed));
  const unit = rateUnit(view.model.state.metric);
  const text =
    pointed === undefined
      ? ''
      : pointed.rates === null
        ? `${clockTime(pointed.startUs)}: not known yet`
        : `${clockTime(pointed.startUs)}: ${short(totalRate(pointed))} ${unit}` +
          (earlier?.rates == null ? '' : `, before ${short(totalRate(earlier))}`);
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

const rounded = (rate: number): number => Math.round(rate * 100) / 100;

const bucketTable = ({ buckets, before }: Traffic, metric: Metric): Table => ({
  columns: [
    { name: inZone('time') },
    ...TRAFFIC_CLASSES.map((name) => ({ name: `${name} ${rateUnit(metric)}`, numeric: true })),
    ...(before.length === 0 ? [] : [{ name: `before, all ${rateUnit(metric)}`, numeric: true }]),
  ],
  rows: buckets
    .filter((bucket) => bucket.rates !== null)
    .map((bucket) => {
      const earlier = bucketAt(before, middleOf(bucket));
      const was = before.length === 0 ? [] : [earlier?.rates == null ? '' : rounded(totalRate(earlier))];
      return [isoTime(bucket.startUs), ...bucket.rates!.map(rounded), ...was];
    }),
});

const plot = (view: View, { overview, range, gaps }: Known, { buckets, before }: Traffic, size: Size): VNode => {
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
        before,
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
  const size: Size = { width, height: width < 480 ? 260 : width < 2200 ? 300 : 420 };
  const known = overview === null || range === null ? null : { overview, range, gaps: gapsWithin(overview, range) };
  const { metric } = view.model.state;
  const traffic: Traffic =
    known === null
      ? { buckets: [], before: [], range: null }
      : {
          buckets: trafficBuckets(known.overview.series, known.gaps, known.range, metric),
          before: bucketsBefore(known.overview.previous, known.range, metric),
          range: known.range,
        };
  return figure(view, {
    name: 'traffic',
    title: 'Traffic',
    controls: [metricSwitch(view), zoomOut(view)],
    picture: true,
    table: () => bucketTable(traffic, metric),
    chart: () =>
      known === null
        ? [legend(view, traffic), emptyPlot(overview, size)]
        : [legend(view, traffic), plot(view, known, traffic, size), announcement(view, traffic)],
  });
}
