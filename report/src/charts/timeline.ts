/**
 * Traffic over time, stacked by class in steps (a count belongs to its whole second, so nothing is smoothed), with the
 * alerts as bars on the same axis, incomplete stretches hatched and unknown ones left empty. Draws only; the time line
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
import { outline, stacked } from './steps.ts';
import { band, cursorLine, gapBands, hatches, timeAxis, timelineFrame, valueAxis, type Size } from './time-frame.ts';
import { totalRate, type TrafficBucket } from './traffic-buckets.ts';

export interface TimelineData extends MarkedAlerts {
  readonly buckets: readonly TrafficBucket[];
  readonly gaps: readonly SeriesGap[];
  readonly range: TimeRange;
  readonly unit: string;
  readonly selectedWindow: TimeRange | null;
  readonly brush: TimeRange | null;
  readonly cursorUs: number | null;
}

const describe = (data: TimelineData, peak: number): string =>
  `Traffic from ${dateTime(data.range.fromUs)} to ${zonedTime(data.range.toUs)}, peak ${short(peak)} ${data.unit}, ` +
  `${counted(data.alerts.length, 'alert')}. A table of the values is one button away.`;

/** The time line as one SVG. */
export function timeline(data: TimelineData, size: Size): VNode {
  const { lanes, frame } = lanesAbove(data.alerts, timelineFrame(data.range, size));
  const peak = Math.max(0, ...data.buckets.map(totalRate));
  const y = scaleLinear([0, peak === 0 ? 1 : peak], [frame.bottom, frame.top]).nice(4);
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
    h('g', { class: 'gaps' }, gapBands(data.gaps, frame)),
    timeAxis(data.range, frame),
    h('g', { class: 'marks' }, alertMarks(lanes, data)),
    leftOffText(lanes, frame),
    band(data.brush, 'brush', frame),
    cursorLine(data.cursorUs, frame),
  );
}
