/** Shares with their intervals: a dot where the share is, a line as far as it may be. Rows in the order given. */
import { scaleLinear } from 'd3-scale';
import { h, type VNode } from '../dom/vnode.ts';
import { pixel } from './time-frame.ts';

export interface IntervalRow {
  readonly key: string;
  /** 0 to 1; null = there was nothing to take a share of. */
  readonly share: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** In words, for the row's end. */
  readonly text: string;
}

const ROW = 26;
const FOOT = 24;
const CHARACTER = 7;
const TEXT_WIDTH = 58;

/** @param width of the whole picture in pixels */
export function intervalDots(rows: readonly IntervalRow[], width: number, label: string): VNode {
  const left = Math.min(width * 0.4, Math.max(...rows.map(({ key }) => key.length)) * CHARACTER + 12);
  const right = width - TEXT_WIDTH - 12;
  const bottom = rows.length * ROW + 6;
  const x = scaleLinear([0, 1], [left, right]);
  const ticks = width < 480 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
  return h(
    'svg',
    {
      class: 'interval-dots',
      viewBox: `0 0 ${width} ${bottom + FOOT}`,
      width,
      height: bottom + FOOT,
      role: 'img',
      'aria-label': label,
    },
    ticks.flatMap((tick) => [
      h('line', { class: 'rule', x1: pixel(x(tick)), x2: pixel(x(tick)), y1: 0, y2: bottom }),
      h('text', { class: 'tick', x: pixel(x(tick)), y: bottom + 16, 'text-anchor': 'middle' }, `${tick * 100}\u202f%`),
    ]),
    rows.map(({ key, share, low, high, text }, index) => {
      const y = index * ROW + ROW / 2 + 2;
      return h(
        'g',
        { key },
        h('text', { x: pixel(left - 10), y: y + 4, 'text-anchor': 'end' }, key),
        low === null || high === null
          ? null
          : h('line', { class: 'span', x1: pixel(x(low)), x2: pixel(x(high)), y1: y, y2: y }),
        share === null ? null : h('circle', { class: 'dot', cx: pixel(x(share)), cy: y, r: 4.5 }),
        h('text', { class: 'end', x: pixel(right + 12), y: y + 4 }, text),
      );
    }),
  );
}
