/** The frame that every chart over time shares: its pixels, its axis, and the stretches that are hatched. */
import type { TimeRange } from '@tapline/core/ports';
import type { SeriesGap } from '@tapline/core/report/snapshot';
import { scaleLinear, scaleUtc, type ScaleLinear } from 'd3-scale';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, short } from '../format/numbers.ts';
import { offsetMs } from '../format/time-zone.ts';
import { clockTime, dayOf, exactTime, timeRange } from '../format/times.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

const RIGHT = 12;
const BOTTOM = 24;

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

/** A length as SVG has it, to a tenth of a pixel. */
export function pixel(value: number): string {
  return String(Math.round(value * 10) / 10);
}

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

/** Stretches in which the series does not tell the whole truth, hatched by kind; needs `hatches` in the same SVG. */
export function gapBands(gaps: readonly SeriesGap[], frame: TimelineFrame): Child[] {
  return gaps.map((gap) => {
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
}

const hatch = (kind: string, size: number): VNode =>
  h(
    'pattern',
    { id: `hatch-${kind}`, width: size, height: size, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    h('line', { class: `hatch-${kind}`, x1: 0, y1: 0, x2: 0, y2: size }),
  );

/** Patterns of the hatched stretches. */
export function hatches(): VNode {
  return h('defs', {}, hatch('incomplete', 7), hatch('open', 10), hatch('blind', 5));
}

interface Tick {
  /** Microseconds since 1970. */
  readonly timeUs: number;
  /** Milliseconds that clocks of the page's zone show then, as if they were UTC. */
  readonly shownMs: number;
}

/** Ticks at round times of the page's zone, about one in 110 pixels. */
function ticksOf(range: TimeRange, frame: TimelineFrame): Tick[] {
  const [fromMs, toMs] = [range.fromUs / 1000, range.toUs / 1000];
  const shown = scaleUtc([new Date(fromMs + offsetMs(fromMs)), new Date(toMs + offsetMs(toMs))], [0, 1]);
  return shown
    .ticks(Math.max(3, Math.floor((frame.right - frame.left) / 110)))
    .map((tick) => {
      const shownMs = tick.getTime();
      // The offset of a moment close by is right except in the hour in which clocks change; of that, the second look.
      const near = shownMs - offsetMs(shownMs - offsetMs(fromMs));
      return { timeUs: near * 1000, shownMs: near + offsetMs(near) };
    })
    .filter(({ timeUs }) => timeUs >= range.fromUs && timeUs <= range.toUs);
}

/** The time axis at the foot of a plot, in the zone of the page. */
export function timeAxis(range: TimeRange, frame: TimelineFrame): VNode {
  const ticks = ticksOf(range, frame);
  const fine = ticks.some(({ shownMs }) => shownMs % 1000 !== 0);
  const seconds = ticks.some(({ shownMs }) => shownMs % 60_000 !== 0);
  const daily = ticks.every(({ shownMs }) => shownMs % 86_400_000 === 0);
  const name = ({ timeUs, shownMs }: Tick): string => {
    if (daily || (shownMs % 86_400_000 === 0 && ticks.length > 1)) return dayOf(timeUs);
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
        const place = frame.x(tick.timeUs);
        const at = pixel(place);
        return [
          h('line', { x1: at, x2: at, y1: frame.bottom, y2: frame.bottom + 5 }),
          h('text', { x: at, y: frame.bottom + 18, 'text-anchor': anchor(place, name(tick)) }, name(tick)),
        ];
      })
      .flat(),
  );
}

/** A stretch of time as a rectangle of the class `name`. */
export function band(range: TimeRange | null, name: string, frame: TimelineFrame): Child {
  if (range === null) return null;
  const left = frame.x(range.fromUs);
  return h('rect', {
    class: name,
    x: pixel(left),
    y: frame.top,
    width: pixel(Math.max(1, frame.x(range.toUs) - left)),
    height: pixel(frame.bottom - frame.top),
  });
}

/** Horizontal rules with their values; values below zero are shown without their sign, for charts in two directions. */
export function valueAxis(y: ScaleLinear<number, number>, frame: TimelineFrame): VNode {
  return h(
    'g',
    { class: 'axis axis-y' },
    y
      .ticks(4)
      .map((tick) => [
        h('line', { x1: frame.left, x2: frame.right, y1: pixel(y(tick)), y2: pixel(y(tick)) }),
        h('text', { x: frame.left - 8, y: pixel(y(tick) + 4), 'text-anchor': 'end' }, short(Math.abs(tick))),
      ])
      .flat(),
  );
}

export function cursorLine(cursorUs: number | null, frame: TimelineFrame): Child {
  if (cursorUs === null) return null;
  const x = pixel(frame.x(cursorUs));
  return h('line', { class: 'cursor', x1: x, x2: x, y1: frame.top, y2: frame.bottom });
}
