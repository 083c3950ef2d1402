/**
 * Hosts by ports: a cell as strong as its traffic. A scan of one host is a line along its row, a sweep of many hosts for one
 * port a line down its column, a flood one strong cell. Ports stand by their cube root, so that the well-known ones have room;
 * the shade is logarithmic, so that a flood does not hide a scan.
 */
import { PORT_BINS, type HostPorts, type PortCell, type PortRow } from '@tapline/core/report/host-ports';
import { scaleLog } from 'd3-scale';
import { h, type VNode } from '../dom/vnode.ts';
import { counted } from '../format/numbers.ts';
import { shortAddress } from './matrix.ts';
import { pixel } from './time-frame.ts';

export interface PortMapOptions {
  readonly width: number;
  readonly measure: 'packets' | 'bytes';
  /** The value as shown, with its unit. */
  readonly text: (value: number) => string;
  readonly rowHref: (row: PortRow) => string | undefined;
  readonly cellHref: (row: PortRow, cell: PortCell) => string | undefined;
}

const PORTS = 65_536;
/** From the second of the shades on: a line of single probes has to be seen on dark, too. */
const WEAKEST = 2;
const SHADES = 6;
const CHARACTER = 6.9;
const NARROW = 620;
const FOOT = 24;
/** What a single packet amounts to. */
const LEAST = { packets: 1, bytes: 60 } as const;
/** A host or two make a map that is still seen: fewer rows are higher. */
const ROW = { least: 15, most: 26, many: 8 } as const;
/** Cells narrower than this are nothing to point at: neighbours are drawn as one. */
const CELL_LEAST = 5;
/** Named on the axis, as far as there is room; the first ones first. */
const TICKS = [1, 65_535, 443, 1024, 8080, 80, 22, 3389, 32_768, 16_384, 5000, 200];
const TICK_GAP = 10;

const where = (port: number): number => Math.cbrt(port / PORTS);

/** `22`, `80–98 (12 ports)` */
export function portsText({ fromPort, toPort, ports }: PortCell): string {
  return fromPort === toPort ? `port ${fromPort}` : `${counted(ports, 'port')} from ${fromPort} to ${toPort}`;
}

export function rowName({ host, hosts }: PortRow): string {
  return host ?? counted(hosts, 'other host');
}

/** Neighbouring columns as one, `by` of them each. */
export function coarser(cells: readonly PortCell[], by: number): PortCell[] {
  const merged = new Map<string, { -readonly [Name in keyof PortCell]: PortCell[Name] }>();
  for (const cell of cells) {
    const bin = Math.floor(cell.bin / by);
    const key = `${cell.row} ${bin}`;
    const sum = merged.get(key);
    if (sum === undefined) {
      merged.set(key, { ...cell, bin });
      continue;
    }
    sum.fromPort = Math.min(sum.fromPort, cell.fromPort);
    sum.toPort = Math.max(sum.toPort, cell.toPort);
    for (const name of ['ports', 'flows', 'packets', 'bytes'] as const) sum[name] += cell[name];
  }
  return [...merged.values()];
}

const ticksWithin = (left: number, right: number): { port: number; x: number }[] => {
  const taken: { from: number; to: number }[] = [];
  return TICKS.flatMap((port) => {
    const x = left + where(port) * (right - left);
    const half = (String(port).length * CHARACTER) / 2;
    const span = { from: x - half - TICK_GAP, to: x + half + TICK_GAP };
    if (taken.some(({ from, to }) => span.from < to - TICK_GAP && span.to > from + TICK_GAP)) return [];
    taken.push(span);
    return [{ port, x }];
  }).sort((a, b) => a.port - b.port);
};

/** @param map with at least one cell */
export function portMapChart(map: Pick<HostPorts, 'rows' | 'cells'>, options: PortMapOptions): VNode {
  const { width, measure, text } = options;
  const characters = width < NARROW ? 15 : 30;
  const names = map.rows.map((row) => shortAddress(rowName(row), characters));
  const left = Math.ceil(Math.max(...names.map(({ length }) => length)) * CHARACTER) + 14;
  const right = width - 22;
  const by = [1, 2, 3, 4, 6].find((count) => ((right - left) * count) / PORT_BINS >= CELL_LEAST) ?? 6;
  const columns = PORT_BINS / by;
  const cells = coarser(map.cells, by);
  const row = map.rows.length <= ROW.many ? ROW.most : ROW.least;
  const bottom = 6 + map.rows.length * row;
  const height = bottom + FOOT;
  const step = (right - left) / columns;
  const low = LEAST[measure];
  // From a single packet on, so that one flood alone is strong and a scan alone is weak.
  const shade = scaleLog(
    [low, Math.max(low * 100, ...cells.map((cell) => cell[measure]))],
    [WEAKEST, SHADES + 0.999],
  ).clamp(true);
  return h(
    'svg',
    {
      class: 'port-map',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'group',
      'aria-label': `Ports asked of ${counted(map.rows.length, 'row')} of hosts. A table of the values is one button away.`,
    },
    names.flatMap((name, index) => {
      const y = 6 + index * row;
      const href = options.rowHref(map.rows[index]!);
      const label = h(
        'text',
        { x: left - 8, y: y + row / 2 + 4, 'text-anchor': 'end' },
        h('title', {}, rowName(map.rows[index]!)),
        name,
      );
      return [
        h('line', { class: 'rule', x1: left, x2: right, y1: y + row / 2, y2: y + row / 2 }),
        href === undefined ? label : h('a', { class: 'matrix-name', href }, label),
      ];
    }),
    h(
      'g',
      { class: 'axis axis-x' },
      h('line', { x1: left, x2: right, y1: bottom, y2: bottom }),
      ticksWithin(left, right).flatMap(({ port, x }) => [
        h('line', { x1: pixel(x), x2: pixel(x), y1: bottom, y2: bottom + 5 }),
        h('text', { x: pixel(x), y: bottom + 18, 'text-anchor': 'middle' }, String(port)),
      ]),
    ),
    cells.map((cell) => {
      const of = map.rows[cell.row]!;
      const says = `${rowName(of)}, ${portsText(cell)}: ${text(cell[measure])}, ${counted(cell.flows, 'flow')}`;
      const href = options.cellHref(of, cell);
      const properties = { key: `${cell.row} ${cell.bin}`, class: 'port', 'data-says': says, 'aria-label': says };
      const rect = h('rect', {
        class: `cell shade-${Math.floor(shade(Math.max(low, cell[measure])))}`,
        x: pixel(left + cell.bin * step + 0.5),
        y: 6 + cell.row * row + 1,
        width: pixel(step - 1),
        height: row - 2,
      });
      const title = h('title', {}, says);
      return href === undefined
        ? h('g', { ...properties, role: 'img' }, title, rect)
        : h('a', { ...properties, href }, title, rect);
    }),
  );
}
