/**
 * Traffic over time, stacked by class in steps (a count belongs to its whole second, so nothing is smoothed), with all of
 * the time before as a line, the alerts as bars on the same axis, incomplete stretches hatched and unknown ones left empty. Draws only; the time line
 * panel adds pointer and keyboard.
 */
import { TRAFFIC_CLASSES } from '@tapline/core/kpi/kpi-row';
import type { TimeRange } from '@tapline/core/ports';
import type { SeriesGap } from '@tapline/core/report/snapshot';
import { scaleLinear } from 'd3-scale';
import { h, type VNode } from '../dom/vnode.ts';
import { counted, short } from '../format/numbers.ts';
import { dateTime, zonedTime } from '../format/times.ts';
import { alertMarks, chosenSpan, lanesAbove, leftOffText, type MarkedAlerts } from './alert-marks.ts';
import { outline, stacked, totalEdge } from './steps.ts';
import { band, cursorLine, gapBands, hatches, timeAxis, timelineFrame, valueAxis, type Size } from './time-frame.ts';
import { peakOf, type TrafficBucket } from './traffic-buckets.ts';

export interface TimelineData extends MarkedAlerts {
  readonly buckets: readonly TrafficBucket[];
  /** The time before, moved onto the range; empty when nothing is stored of it. */
  readonly before: readonly TrafficBucket[];
  readonly gaps: readonly SeriesGap[];
  readonly range: TimeRange;
  readonly unit: string;
  readonly selectedWindow: TimeRange | null;
  readonly brush: TimeRange | null;
  readonly cursorUs: number | null;
}

/** How many times as high as the traffic shown the axis may reach for the time before. */
const BEFORE_MOST = 2;

const describe = (data: TimelineData, peak: number): string =>
  `Traffic from ${dateTime(data.range.fromUs)} to ${zonedTime(data.range.toUs)}, peak ${short(peak)} ${data.unit}, ` +
  `${counted(data.alerts.length, 'alert')}. A table of the values is one button away.`;

/** The time line as one SVG. */
export function timeline(data: TimelineData, size: Size): VNode {
  const { lanes, frame } = lanesAbove(data.alerts, timelineFrame(data.range, size));
  const peak = peakOf(data.buckets);
  // What was before may not make what is now too small to read: from twice as high on it runs along the top.
  const highest = Math.max(peak, Math.min(peakOf(data.before), peak * BEFORE_MOST));
  const y = scaleLinear([0, highest === 0 ? 1 : highest], [frame.bottom, frame.top])
    .nice(4)
    .clamp(true);
  return h(
    'svg',
    {
      class: 'timeline',
      viewBox: `0 0 ${size.width} ${size.height}`,
      width: size.width,
      height: size.height,
      role: 'group',
      'aria-label': describe(data, peak),
    },
    hatches(),
    valueAxis(y, frame),
    chosenSpan(data, frame),
    band(data.selectedWindow, 'chosen-window', frame),
    h(
      'g',
      { class: 'areas' },
      TRAFFIC_CLASSES.map((name, index) =>
        h('path', { class: `area class-${name}`, d: outline(stacked(data.buckets, index), frame.x, y) }),
      ),
    ),
    data.before.length === 0
      ? null
      : h('path', { class: 'before', d: totalEdge(data.before, frame.x, y), 'aria-hidden': 'true' }),
    h('g', { class: 'gaps' }, gapBands(data.gaps, frame)),
    timeAxis(data.range, frame),
    h('g', { class: 'marks' }, alertMarks(lanes, data)),
    leftOffText(lanes, frame),
    band(data.brush, 'brush', frame),
    cursorLine(data.cursorUs, frame),
  );
}
