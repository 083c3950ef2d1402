/** The time line with its controls: metric, legend with the values under the cursor, brush, and the keys. */
import { TRAFFIC_CLASSES } from '@tapline/core/kpi/kpi-row';
import type { TimeRange } from '@tapline/core/ports';
import type { Overview } from '@tapline/core/report/snapshot';
import { timeline, timelineFrame, type Size } from '../charts/timeline.ts';
import { rateUnit, totalRate, trafficBuckets, type TrafficBucket } from '../charts/traffic-buckets.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { short } from '../format/numbers.ts';
import { clockTime, duration, isoTime, timeRange } from '../format/times.ts';
import { formatState, METRICS, withPanel } from '../state/url-state.ts';
import { figure } from './figure.ts';
import type { View } from './model.ts';
import { timelineInput } from './timeline-input.ts';

const unitOf = (view: View): string => (view.model.state.metric === 'packets' ? '/s' : 'bit/s');

const metricSwitch = (view: View): VNode =>
  h(
    'div',
    { class: 'switch', role: 'group', 'aria-label': 'Measure' },
    METRICS.map((metric) =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(view.model.state.metric === metric),
          onclick: () => {
            view.actions.go({ ...view.model.state, metric }, { replace: true });
          },
        },
        metric === 'packets' ? 'packets/s' : 'bits/s',
      ),
    ),
  );

const zoomOut = (view: View): Child =>
  h(
    'button',
    {
      type: 'button',
      class: 'zoom-out',
      title: 'Show the whole time (0)',
      'aria-label': 'All: show the whole time',
      disabled: view.model.state.range === null,
      onclick: () => {
        view.actions.go({ ...view.model.state, range: null });
      },
    },
    'All',
  );

const bucketAt = (buckets: readonly TrafficBucket[], timeUs: number | null): TrafficBucket | undefined =>
  timeUs === null ? undefined : buckets.find((bucket) => timeUs >= bucket.startUs && timeUs < bucket.endUs);

/** Names, colours and the values at the cursor (or the peak, while nothing is pointed at). */
const legend = (view: View, buckets: readonly TrafficBucket[], range: TimeRange): VNode => {
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
      `${timeRange(range.fromUs, range.toUs)} UTC, ${duration(range.toUs - range.fromUs)}`,
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

const plot = (
  view: View,
  overview: Overview,
  buckets: readonly TrafficBucket[],
  range: TimeRange,
  size: Size,
): VNode => {
  const { model } = view;
  const input = timelineInput(view, {
    frame: timelineFrame(range, size),
    range,
    extent: overview.extent ?? range,
    resolutionUs: overview.series.resolutionUs,
    windowUs: overview.windowUs,
  });
  return h(
    'div',
    {
      class: 'timeline-plot',
      tabindex: 0,
      role: 'group',
      'aria-roledescription': 'time line',
      'aria-label':
        'Traffic over time. Arrow keys move the cursor, plus and minus zoom, Enter opens the window under the cursor.',
      ...input,
    },
    timeline(
      {
        buckets,
        gaps: overview.gaps,
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

/** The section, or a quiet frame of the same height while there is nothing to draw. */
export function timelinePanel(view: View): VNode {
  const overview = view.model.overview.value;
  const range = overview?.range ?? null;
  const { width } = view.model;
  const size: Size = { width, height: width < 480 ? 260 : width < 2200 ? 300 : 420 };
  const buckets =
    overview === null || range === null
      ? []
      : trafficBuckets(overview.series, overview.gaps, range, view.model.state.metric);
  return figure(view, {
    name: 'traffic',
    title: 'Traffic',
    controls: [metricSwitch(view), zoomOut(view)],
    empty: range === null ? 'No packets yet. The time line starts with the first closed window.' : null,
    table: () => ({
      columns: [
        { name: 'time (UTC)' },
        ...TRAFFIC_CLASSES.map((name) => ({ name: `${name} ${rateUnit(view.model.state.metric)}`, numeric: true })),
      ],
      rows: buckets
        .filter((bucket) => bucket.rates !== null)
        .map((bucket) => [isoTime(bucket.startUs), ...bucket.rates!.map((rate) => Math.round(rate * 100) / 100)]),
    }),
    chart: () =>
      overview === null || range === null
        ? []
        : [legend(view, buckets, range), plot(view, overview, buckets, range, size), announcement(view, buckets)],
  });
}
