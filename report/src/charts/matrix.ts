/**
 * Who talks to whom: who began as rows, who was spoken to as columns, a cell as dark as their traffic both ways. The shade is logarithmic,
 * so one flood does not hide everybody else: a scan shows as a filled row, a distributed flood as a filled column.
 */
import type { TopEntry } from '@tapline/core/kpi/kpi-row';
import { scaleLog } from 'd3-scale';
import { h, type Child, type VNode } from '../dom/vnode.ts';

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
  /** Where the name of a row or column leads; undefined: nowhere. */
  readonly nameHref?: (name: string) => string | undefined;
}

const SHADES = 6;
const MOST_SIDE = 16;
const CELL_LEAST = 20;
const CELL_MOST = 28;

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

/** Pixels of the widest of some names, and of the same turned by 45 degrees. */
const CHARACTER = 6.7;
const TURNED = CHARACTER * Math.SQRT1_2;

interface Layout {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly characters: number;
  readonly margin: number;
  readonly head: number;
  readonly cell: number;
}

const layoutOf = (pairs: readonly Pair[], width: number): Layout => {
  const characters = width < 480 ? 15 : 26;
  const longest = (names: readonly string[]): number =>
    Math.max(...names.map((name) => shortAddress(name, characters).length));
  const rows = largestFirst(pairs, 'source', MOST_SIDE);
  const margin = Math.ceil(longest(rows) * CHARACTER) + 12;
  const candidates = largestFirst(pairs, 'destination', MOST_SIDE);
  // The last turned name reaches out to the right of its column.
  const room = width - margin - Math.ceil(longest(candidates) * TURNED);
  const columns = candidates.slice(0, Math.max(1, Math.floor(room / CELL_LEAST)));
  const cell = Math.min(CELL_MOST, Math.floor(room / columns.length));
  return { rows, columns, characters, margin, cell, head: Math.ceil(longest(columns) * TURNED) + 14 };
};

const linked = (name: string, label: VNode, { nameHref }: MatrixOptions): VNode => {
  const href = nameHref?.(name);
  return href === undefined ? label : h('a', { class: 'matrix-name', href, 'aria-label': name }, label);
};

const rowOf = (name: string, index: number, layout: Layout, options: MatrixOptions): Child[] => {
  const { margin, head, cell, columns, characters } = layout;
  const y = head + index * cell + cell / 2;
  return [
    h('line', { class: 'rule', x1: margin, x2: margin + columns.length * cell, y1: y, y2: y }),
    linked(
      name,
      h(
        'text',
        { x: margin - 8, y: y + 4, 'text-anchor': 'end' },
        h('title', {}, name),
        shortAddress(name, characters),
      ),
      options,
    ),
  ];
};

const columnOf = (name: string, index: number, layout: Layout, options: MatrixOptions): VNode => {
  const x = layout.margin + (index + 0.5) * layout.cell + 3;
  const label = h(
    'text',
    { transform: `translate(${x},${layout.head - 6}) rotate(-45)` },
    h('title', {}, name),
    shortAddress(name, layout.characters),
  );
  return linked(name, label, options);
};

/** The matrix as one SVG, at most MOST_SIDE by MOST_SIDE, rows and columns by their sums, fewer columns where it is narrow. */
export function matrix(pairs: readonly Pair[], options: MatrixOptions): VNode {
  const layout = layoutOf(pairs, options.width);
  const { rows, columns, margin, head, cell } = layout;
  const values = pairs.map((pair) => pair.value).filter((value) => value > 0);
  const low = Math.min(...values);
  const shade = scaleLog([low, Math.max(...values, low * 2)], [1, SHADES + 0.999]).clamp(true);
  const height = head + rows.length * cell + 4;
  const summary = `Traffic between ${rows.length} sources and ${columns.length} destinations`;
  return h(
    'svg',
    {
      class: 'matrix',
      viewBox: `0 0 ${options.width} ${height}`,
      width: options.width,
      height,
      role: 'group',
      'aria-label': summary,
    },
    columns.map((name, index) => columnOf(name, index, layout, options)),
    rows.flatMap((name, index) => rowOf(name, index, layout, options)),
    pairs.flatMap((pair) => {
      const row = rows.indexOf(pair.source);
      const column = columns.indexOf(pair.destination);
      if (row === -1 || column === -1 || pair.value <= 0) return [];
      return [cellOf(pair, Math.floor(shade(pair.value)), margin + column * cell, head + row * cell, cell, options)];
    }),
  );
}
