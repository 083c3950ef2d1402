/**
 * Who talks to whom: sources as rows, destinations as columns, a cell as dark as its traffic. The shade is logarithmic,
 * so one flood does not hide everybody else: a scan shows as a filled row, a distributed flood as a filled column.
 */
import type { TopEntry } from '@tapline/core/kpi/kpi-row';
import { scaleLog } from 'd3-scale';
import { h, type VNode } from '../dom/vnode.ts';

export interface Pair {
  readonly source: string;
  readonly destination: string;
  readonly value: number;
}

export interface MatrixOptions {
  readonly width: number;
  /** The value as shown, with its unit. */
  readonly text: (value: number) => string;
  readonly href: (source: string, destination: string) => string;
}

const SHADES = 6;
const MOST_SIDE = 14;

/** Reads `source > destination` keys; others are left out. */
export function pairsOf(entries: readonly TopEntry[], measure: 'packets' | 'bytes'): Pair[] {
  return entries.flatMap((entry) => {
    const [source, destination] = entry.key.split(' > ');
    return source === undefined || destination === undefined ? [] : [{ source, destination, value: entry[measure] }];
  });
}

const largestFirst = (pairs: readonly Pair[], side: 'source' | 'destination', most: number): string[] => {
  const sums = new Map<string, number>();
  for (const pair of pairs) sums.set(pair[side], (sums.get(pair[side]) ?? 0) + pair.value);
  return [...sums]
    .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
    .slice(0, most)
    .map(([key]) => key);
};

/** Cuts the middle out of a long address, keeping both ends: `2001:db8:…:fe12`. */
export function shortAddress(address: string, characters: number): string {
  if (address.length <= characters) return address;
  const end = Math.floor((characters - 1) / 2);
  return `${address.slice(0, characters - 1 - end)}…${address.slice(address.length - end)}`;
}

const cellOf = (pair: Pair, shade: number, x: number, y: number, cell: number, options: MatrixOptions): VNode =>
  h(
    'a',
    {
      key: `${pair.source} ${pair.destination}`,
      href: options.href(pair.source, pair.destination),
      'aria-label': `${pair.source} to ${pair.destination}: ${options.text(pair.value)}`,
    },
    h('title', {}, `${pair.source} → ${pair.destination}\n${options.text(pair.value)}`),
    h('rect', { class: `cell shade-${shade}`, x: x + 1, y: y + 1, width: cell - 2, height: cell - 2, rx: 2 }),
  );

/** The matrix as one SVG, at most MOST_SIDE by MOST_SIDE, rows and columns by their sums. */
export function matrix(pairs: readonly Pair[], options: MatrixOptions): VNode {
  const narrow = options.width < 480;
  const characters = narrow ? 15 : 24;
  const margin = Math.ceil(characters * 6.6) + 8;
  const head = Math.ceil(characters * 4.9) + 10;
  const sides = Math.max(1, Math.min(MOST_SIDE, Math.floor((options.width - margin - (narrow ? 10 : 70)) / 20)));
  const rows = largestFirst(pairs, 'source', MOST_SIDE);
  const columns = largestFirst(pairs, 'destination', sides);
  const cell = Math.min(
    30,
    Math.max(18, Math.floor((options.width - margin - (narrow ? 10 : 70)) / Math.max(1, columns.length))),
  );
  const values = pairs.map((pair) => pair.value).filter((value) => value > 0);
  const low = Math.min(...values);
  const shade = scaleLog([low, Math.max(...values, low * 2)], [1, SHADES + 0.999]).clamp(true);
  const width = options.width;
  const height = head + rows.length * cell + 4;
  return h(
    'svg',
    {
      class: 'matrix',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'group',
      'aria-label': `Traffic between ${rows.length} sources and ${columns.length} destinations`,
    },
    columns.map((name, column) => {
      const x = margin + column * cell + cell / 2;
      return h(
        'text',
        { class: 'column-name', transform: `translate(${x + 4},${head - 6}) rotate(-45)` },
        h('title', {}, name),
        shortAddress(name, characters),
      );
    }),
    rows
      .map((name, row) => [
        h('line', {
          class: 'rule',
          x1: margin,
          x2: margin + columns.length * cell,
          y1: head + row * cell + cell / 2,
          y2: head + row * cell + cell / 2,
        }),
        h(
          'text',
          { class: 'row-name', x: margin - 8, y: head + row * cell + cell / 2 + 4, 'text-anchor': 'end' },
          h('title', {}, name),
          shortAddress(name, characters),
        ),
      ])
      .flat(),
    pairs.flatMap((pair) => {
      const row = rows.indexOf(pair.source);
      const column = columns.indexOf(pair.destination);
      if (row === -1 || column === -1 || pair.value <= 0) return [];
      return [cellOf(pair, Math.floor(shade(pair.value)), margin + column * cell, head + row * cell, cell, options)];
    }),
  );
}
