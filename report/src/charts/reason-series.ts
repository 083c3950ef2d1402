/**
 * One reason of an alert over time: a bar per window as high as its value, from zero, against the floor it had to reach and
 * what is usual, with the window in which it crossed. A window that stayed below the bar has no bar: no number is kept of it.
 * One that nobody scored is hatched.
 */
import type { AlertEvidence, ReasonWindow } from '@tapline/core/report/snapshot';
import { scaleLinear } from 'd3-scale';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { measured } from '../format/numbers.ts';
import { zoneAt } from '../format/time-zone.ts';
import { clockTime } from '../format/times.ts';
import { featureName } from './ratio-bars.ts';

export interface ReasonChart {
  readonly reason: AlertEvidence['reasons'][number];
  /** Its place among the values of a window. */
  readonly index: number;
  readonly windows: readonly ReasonWindow[];
  readonly width: number;
}

const HEIGHT = 116;
const LEFT = 58;
const RIGHT = 10;
const TOP = 18;
const BOTTOM = 22;

/** Shares are told as such; other units stand above the chart. */
const unitOnAxis = (unit: string): string => (['share', 'bytes', 'B', 'us', 'µs'].includes(unit) ? unit : '');

const pixel = (value: number): number => Math.round(value * 10) / 10;

/** The first window in which the value reached its bar: the detector may have spoken for the sake of another reason. */
export function crossing({ reason, windows, index }: Omit<ReasonChart, 'width'>): ReasonWindow | undefined {
  const bar = Math.max(reason.floor, reason.baseline ?? 0);
  return windows.find(({ values }) => (values[index] ?? -Infinity) >= bar);
}

interface Frame {
  readonly x: (timeUs: number) => number;
  readonly y: (value: number) => number;
  readonly right: number;
  readonly bottom: number;
}

const frameOf = ({ reason, index, windows, width }: ReasonChart): Frame & { readonly top: number } => {
  const values = windows.flatMap(({ values: all }) => all[index] ?? []);
  const top = Math.max(reason.floor, reason.baseline ?? 0, ...values, Number.MIN_VALUE);
  const right = width - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const x = scaleLinear([windows[0]!.startUs, windows.at(-1)!.endUs], [LEFT, right]);
  return { x: (timeUs) => x(timeUs), y: scaleLinear([0, top], [bottom, TOP]), right, bottom, top };
};

const bar = (window: ReasonWindow, index: number, frame: Frame): Child => {
  const left = frame.x(window.startUs);
  const right = frame.x(window.endUs);
  const value = window.values[index];
  if (!window.scored) {
    return h('rect', {
      class: 'unknown',
      x: pixel(left),
      y: TOP,
      width: pixel(right - left),
      height: frame.bottom - TOP,
    });
  }
  if (value == null) return null;
  const y = Math.min(frame.y(value), frame.bottom - 1);
  // A pixel apart while there is room.
  const gap = right - left > 4 ? 1 : 0;
  return h('rect', {
    class: window.complete ? 'value' : 'value incomplete',
    x: pixel(left + gap / 2),
    y: pixel(y),
    width: pixel(Math.max(1, right - left - gap)),
    height: pixel(frame.bottom - y),
  });
};

const level = (name: string, value: number, frame: Frame): VNode =>
  h('line', {
    class: `bound bound-${name}`,
    x1: LEFT,
    x2: frame.right,
    y1: pixel(frame.y(value)),
    y2: pixel(frame.y(value)),
  });

const crossed = (chart: ReasonChart, frame: Frame): Child => {
  const first = crossing(chart);
  if (first === undefined) return null;
  const x = frame.x(first.startUs);
  const isRight = x > (LEFT + frame.right) * 0.7;
  return h(
    'g',
    { class: 'crossing' },
    h('line', { x1: pixel(x), x2: pixel(x), y1: 4, y2: frame.bottom }),
    h(
      'text',
      { x: pixel(x + (isRight ? -5 : 5)), y: 12, 'text-anchor': isRight ? 'end' : 'start' },
      `crossed ${clockTime(first.startUs)}`,
    ),
  );
};

const describe = ({ reason, index, windows }: ReasonChart, top: number): string => {
  const first = crossing({ reason, windows, index });
  const when =
    first === undefined ? 'never crossed' : `crossed at ${clockTime(first.startUs)} ${zoneAt(first.startUs / 1000)}`;
  return `${featureName(reason.feature)}: at most ${measured(top, reason.unit)}, floor ${measured(reason.floor, reason.unit)}, ${when}`;
};

/** As one SVG; `windows` is not empty. */
export function reasonSeries(chart: ReasonChart): VNode {
  const { reason, index, windows, width } = chart;
  const { top, ...frame } = frameOf(chart);
  const [first, last] = [windows[0]!, windows.at(-1)!];
  return h(
    'svg',
    {
      class: 'reason-series',
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: 'img',
      'aria-label': describe(chart, top),
    },
    h(
      'defs',
      {},
      h(
        'pattern',
        { id: 'hatch-unscored', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
        h('line', { class: 'hatch', x1: 0, x2: 0, y1: 0, y2: 6 }),
      ),
    ),
    windows.map((window) => bar(window, index, frame)),
    h('line', { class: 'rule', x1: LEFT, x2: frame.right, y1: frame.bottom, y2: frame.bottom }),
    level('floor', reason.floor, frame),
    reason.baseline === null ? null : level('baseline', reason.baseline, frame),
    crossed(chart, frame),
    h('text', { class: 'tick', x: LEFT - 6, y: TOP + 4, 'text-anchor': 'end' }, measured(top, unitOnAxis(reason.unit))),
    h('text', { class: 'tick', x: LEFT - 6, y: frame.bottom + 4, 'text-anchor': 'end' }, '0'),
    h('text', { class: 'tick', x: LEFT, y: HEIGHT - 6 }, clockTime(first.startUs)),
    h('text', { class: 'tick', x: frame.right, y: HEIGHT - 6, 'text-anchor': 'end' }, clockTime(last.endUs)),
  );
}
