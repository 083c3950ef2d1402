/**
 * Traffic over time, stacked by class in steps (a count belongs to its whole second, so nothing is smoothed), with the
 * alerts as bars on the same axis, incomplete stretches hatched and unknown ones left empty. Draws only; the time line
 * panel adds pointer and keyboard.
 */
import type { Alert } from '@tapline/core/detect/alert';
import { TRAFFIC_CLASSES } from '@tapline/core/kpi/kpi-row';
import type { TimeRange } from '@tapline/core/ports';
import type { SeriesGap } from '@tapline/core/report/snapshot';
import { scaleLinear, scaleUtc } from 'd3-scale';
import { area, curveStepAfter } from 'd3-shape';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, short } from '../format/numbers.ts';
import { clockTime, dateTime, dayOf, exactTime, timeRange } from '../format/times.ts';
import { alertLanes, type AlertLanes } from './alert-lanes.ts';
import { totalRate, type TrafficBucket } from './traffic-buckets.ts';

export interface TimelineData {
  readonly buckets: readonly TrafficBucket[];
  readonly gaps: readonly SeriesGap[];
  readonly range: TimeRange;
  readonly unit: string;
  readonly alerts: readonly Alert[];
  readonly selectedAlert: string | null;
  readonly selectedWindow: TimeRange | null;
  readonly brush: TimeRange | null;
  readonly cursorUs: number | null;
  readonly alertHref: (id: string) => string;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const RIGHT = 12;
const BOTTOM = 24;
const LANE = 19;
const BAR = 9;
const MOST_LANES = 6;

export interface TimelineFrame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Event time in microseconds → pixels. */
  readonly x: (timeUs: number) => number;
  /** Pixels → event time in microseconds, inside the range. */
  readonly timeAt: (pixels: number) => number;
}

/** The pixels of the plot: what pointer and keyboard need to know as well. */
export function timelineFrame(range: TimeRange, size: Size): Omit<TimelineFrame, 'top'> {
  const left = size.width < 480 ? 44 : 56;
  const right = size.width - RIGHT;
  const scale = scaleLinear([range.fromUs, range.toUs], [left, right]).clamp(true);
  return { left, right, bottom: size.height - BOTTOM, x: scale, timeAt: (pixels) => scale.invert(pixels) };
}

interface Step {
  readonly timeUs: number;
  readonly low: number;
  readonly high: number;
  readonly known: boolean;
}

/** The outline of one class, empty when it had no traffic: a closing point ends each run of known buckets at the end of its last bucket. */
const steps = (buckets: readonly TrafficBucket[], index: number): Step[] => {
  const points: Step[] = [];
  if (!buckets.some((bucket) => (bucket.rates?.[index] ?? 0) > 0)) return points;
  buckets.forEach((bucket, at) => {
    if (bucket.rates === null) return;
    const low = bucket.rates.slice(0, index).reduce((sum, rate) => sum + rate, 0);
    const high = low + bucket.rates[index]!;
    points.push({ timeUs: bucket.startUs, low, high, known: true });
    const following = buckets[at + 1];
    if (following?.rates !== null && following !== undefined) return;
    points.push({ timeUs: bucket.endUs, low, high, known: true });
    points.push({ timeUs: bucket.endUs, low, high, known: false });
  });
  return points;
};

const pixel = (value: number): string => String(Math.round(value * 10) / 10);

const gapMeaning = (gap: SeriesGap): string => {
  switch (gap.kind) {
    case 'open':
      return 'not scored yet';
    case 'incomplete':
      return `incomplete, ${counted(gap.missingPackets, 'packet')} missing`;
    case 'blind':
      return 'the sensor was blind: no heartbeat, nobody was looking';
  }
};

const gapBands = (data: TimelineData, frame: TimelineFrame): Child[] =>
  data.gaps.map((gap) => {
    const left = frame.x(gap.fromUs);
    const width = Math.max(2, frame.x(gap.toUs) - left);
    return h(
      'rect',
      {
        class: `gap gap-${gap.kind}`,
        x: pixel(left),
        y: pixel(frame.top),
        width: pixel(width),
        height: pixel(frame.bottom - frame.top),
        fill: `url(#hatch-${gap.kind})`,
      },
      h('title', {}, `${timeRange(gap.fromUs, gap.toUs)}: ${gapMeaning(gap)}`),
    );
  });

const hatch = (kind: string, size: number): VNode =>
  h(
    'pattern',
    { id: `hatch-${kind}`, width: size, height: size, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    h('line', { class: `hatch-${kind}`, x1: 0, y1: 0, x2: 0, y2: size }),
  );

const timeAxis = (data: TimelineData, frame: TimelineFrame): VNode => {
  const scale = scaleUtc(
    [new Date(data.range.fromUs / 1000), new Date(data.range.toUs / 1000)],
    [frame.left, frame.right],
  );
  const ticks = scale.ticks(Math.max(3, Math.floor((frame.right - frame.left) / 110)));
  const fine = ticks.some((tick) => tick.getTime() % 1000 !== 0);
  const seconds = ticks.some((tick) => tick.getTime() % 60_000 !== 0);
  const daily = ticks.every((tick) => tick.getTime() % 86_400_000 === 0);
  const name = (tick: Date): string => {
    const timeUs = tick.getTime() * 1000;
    if (daily || (tick.getTime() % 86_400_000 === 0 && ticks.length > 1)) return dayOf(timeUs);
    if (fine) return exactTime(timeUs, 0).slice(0, 12);
    return clockTime(timeUs).slice(0, seconds ? 8 : 5);
  };
  // Middle unless the label would leave the picture; 3.2 is half a digit of the axis font.
  const anchor = (at: number, text: string): string => {
    const half = text.length * 3.2;
    return at + half > frame.right + RIGHT ? 'end' : at - half < 0 ? 'start' : 'middle';
  };
  return h(
    'g',
    { class: 'axis axis-x' },
    h('line', { x1: frame.left, x2: frame.right, y1: frame.bottom, y2: frame.bottom }),
    ticks
      .map((tick) => {
        const at = pixel(scale(tick));
        return [
          h('line', { x1: at, x2: at, y1: frame.bottom, y2: frame.bottom + 5 }),
          h('text', { x: at, y: frame.bottom + 18, 'text-anchor': anchor(scale(tick), name(tick)) }, name(tick)),
        ];
      })
      .flat(),
  );
};

const alertMarks = (lanes: AlertLanes, data: TimelineData): Child[] =>
  lanes.marks.map((mark) => {
    const { alert } = mark;
    const chosen = alert.id === data.selectedAlert;
    const y = 4 + mark.lane * LANE;
    return h(
      'a',
      {
        key: alert.id,
        class: `mark severity-${alert.severity}${chosen ? ' chosen' : ''}${alert.state === 'withdrawn' ? ' withdrawn' : ''}`,
        href: data.alertHref(alert.id),
        tabindex: -1,
        'aria-label': `${alert.severity} ${alert.detector} ${alert.entity}`,
      },
      h('title', {}, `${alert.severity}: ${alert.summary}`),
      h('rect', {
        class: 'mark-hit',
        x: pixel(mark.left - 3),
        y: y - 4,
        width: pixel(mark.right - mark.left + 6),
        height: LANE,
      }),
      h('rect', {
        class: 'mark-bar',
        x: pixel(mark.left),
        y,
        width: pixel(mark.right - mark.left),
        height: BAR,
        rx: 2,
      }),
      h(
        'text',
        {
          class: mark.labelAt === 'across' ? 'across' : null,
          x: pixel(mark.labelX),
          y: y + BAR - 0.5,
          'text-anchor': mark.labelAt === 'before' ? 'end' : 'start',
        },
        mark.label,
      ),
    );
  });

/** The chosen alert's time, behind the traffic. */
const chosenSpan = (data: TimelineData, frame: TimelineFrame): Child => {
  const alert = data.alerts.find(({ id }) => id === data.selectedAlert);
  if (alert === undefined) return null;
  return band({ fromUs: alert.windowStartUs, toUs: alert.windowEndUs }, `mark-span severity-${alert.severity}`, frame);
};

const band = (range: TimeRange | null, name: string, frame: TimelineFrame): Child => {
  if (range === null) return null;
  const left = frame.x(range.fromUs);
  return h('rect', {
    class: name,
    x: pixel(left),
    y: frame.top,
    width: pixel(Math.max(1, frame.x(range.toUs) - left)),
    height: pixel(frame.bottom - frame.top),
  });
};

const describe = (data: TimelineData, peak: number): string =>
  `Traffic from ${dateTime(data.range.fromUs)} to ${dateTime(data.range.toUs)} UTC, peak ${short(peak)} ${data.unit}, ` +
  `${counted(data.alerts.length, 'alert')}. A table of the values is one button away.`;

/** The time line as one SVG. */
export function timeline(data: TimelineData, size: Size): VNode {
  const plain = timelineFrame(data.range, size);
  const lanes = alertLanes(data.alerts, plain.x, { ...plain, lanes: MOST_LANES, minimum: 7 });
  const frame: TimelineFrame = { ...plain, top: 10 + Math.max(2, lanes.lanes) * LANE };
  const peak = Math.max(0, ...data.buckets.map(totalRate));
  const y = scaleLinear([0, peak === 0 ? 1 : peak], [frame.bottom, frame.top]).nice(4);
  const outline = area<Step>()
    .x((step) => frame.x(step.timeUs))
    .y0((step) => y(step.low))
    .y1((step) => y(step.high))
    .defined((step) => step.known)
    .curve(curveStepAfter)
    .digits(1);
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
    h('defs', {}, hatch('incomplete', 7), hatch('open', 10), hatch('blind', 5)),
    h(
      'g',
      { class: 'axis axis-y' },
      y
        .ticks(4)
        .map((tick) => [
          h('line', { x1: frame.left, x2: frame.right, y1: pixel(y(tick)), y2: pixel(y(tick)) }),
          h('text', { x: frame.left - 8, y: pixel(y(tick) + 4), 'text-anchor': 'end' }, short(tick)),
        ])
        .flat(),
    ),
    chosenSpan(data, frame),
    band(data.selectedWindow, 'chosen-window', frame),
    h(
      'g',
      { class: 'areas' },
      TRAFFIC_CLASSES.map((name, index) =>
        h('path', { class: `area class-${name}`, d: outline(steps(data.buckets, index)) ?? '' }),
      ),
    ),
    h('g', { class: 'gaps' }, gapBands(data, frame)),
    timeAxis(data, frame),
    h('g', { class: 'marks' }, alertMarks(lanes, data)),
    lanes.leftOff > 0 &&
      h(
        'text',
        { class: 'left-off', x: frame.right, y: 12, 'text-anchor': 'end' },
        `+${lanes.leftOff} more in the list`,
      ),
    band(data.brush, 'brush', frame),
    data.cursorUs !== null &&
      h('line', {
        class: 'cursor',
        x1: pixel(frame.x(data.cursorUs)),
        x2: pixel(frame.x(data.cursorUs)),
        y1: frame.top,
        y2: frame.bottom,
      }),
  );
}
