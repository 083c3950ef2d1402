/** A host's traffic over time in two directions: what it sent above the zero line, what it received below, to one scale. */
import type { TimeRange } from '@tapline/core/ports';
import type { HostSeries } from '@tapline/core/report/host-report';
import type { SeriesGap, TrafficSeries } from '@tapline/core/report/snapshot';
import { scaleLinear } from 'd3-scale';
import { h, type VNode } from '../dom/vnode.ts';
import { counted, short } from '../format/numbers.ts';
import { dateTime, zonedTime } from '../format/times.ts';
import { alertMarks, lanesAbove, leftOffText, type MarkedAlerts } from './alert-marks.ts';
import { fromZero, outline } from './steps.ts';
import {
  band,
  cursorLine,
  gapBands,
  hatches,
  pixel,
  timeAxis,
  timelineFrame,
  valueAxis,
  type Size,
} from './time-frame.ts';
import type { TrafficBucket } from './traffic-buckets.ts';

export interface HostTrafficData extends MarkedAlerts {
  /** Rates of a bucket: sent, received. */
  readonly buckets: readonly TrafficBucket[];
  readonly gaps: readonly SeriesGap[];
  readonly range: TimeRange;
  readonly unit: string;
  readonly brush: TimeRange | null;
  readonly cursorUs: number | null;
}

/** The series in the form that `trafficBuckets` makes dense: two classes, sent and received. */
export function directions(series: HostSeries): TrafficSeries {
  const { resolutionUs, startUs } = series;
  return {
    resolutionUs,
    startUs,
    packets: [series.packetsSent, series.packetsReceived],
    bytes: [series.bytesSent, series.bytesReceived],
  };
}

/** The chart as one SVG. */
export function hostTraffic(data: HostTrafficData, size: Size): VNode {
  const { lanes, frame } = lanesAbove(data.alerts, timelineFrame(data.range, size));
  const peak = (index: number): number => Math.max(0, ...data.buckets.map((bucket) => bucket.rates?.[index] ?? 0));
  const [sent, received] = [peak(0), peak(1)];
  // A direction without traffic keeps a sliver, so that the zero line is seen to be in between.
  const least = Math.max(sent, received, 1) / 12;
  const y = scaleLinear([-Math.max(received, least), Math.max(sent, least)], [frame.bottom, frame.top]).nice(4);
  const zero = pixel(y(0));
  return h(
    'svg',
    {
      class: 'timeline host-traffic',
      viewBox: `0 0 ${size.width} ${size.height}`,
      width: size.width,
      height: size.height,
      role: 'group',
      'aria-label':
        `Traffic from ${dateTime(data.range.fromUs)} to ${zonedTime(data.range.toUs)}: sent at most ${short(sent)} ${data.unit}, ` +
        `received at most ${short(received)} ${data.unit}, ${counted(data.alerts.length, 'alert')}. A table of the values is one button away.`,
    },
    hatches(),
    valueAxis(y, frame),
    h(
      'g',
      { class: 'areas' },
      h('path', { class: 'area way-sent', d: outline(fromZero(data.buckets, 0, 1), frame.x, y) }),
      h('path', { class: 'area way-received', d: outline(fromZero(data.buckets, 1, -1), frame.x, y) }),
    ),
    h('g', { class: 'gaps' }, gapBands(data.gaps, frame)),
    h('line', { class: 'zero', x1: frame.left, x2: frame.right, y1: zero, y2: zero }),
    timeAxis(data.range, frame),
    h('g', { class: 'marks' }, alertMarks(lanes, data)),
    leftOffText(lanes, frame),
    band(data.brush, 'brush', frame),
    cursorLine(data.cursorUs, frame),
  );
}
