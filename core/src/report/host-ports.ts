/** Which ports were asked of whom, by a host and of it: flows summed into a map of hosts by ports, coarse enough to draw. */
import type { FlowSlice } from '../kpi/kpi-row.ts';
import type { TimeRange } from '../ports.ts';

const PORTS = 65_536;
/** Columns of the map. Their width grows with the port, so that the well-known ones, which are asked most, are kept apart. */
export const PORT_BINS = 96;
/** Rows of the map besides the host's own. */
const HOSTS_MOST = 23;

export interface PortRow {
  /** Of whom ports were asked; null: of hosts too small to be kept apart. */
  readonly host: string | null;
  /** 1, or how many hosts are folded together. */
  readonly hosts: number;
  /** Distinct ports; the most of any one where hosts are folded. */
  readonly ports: number;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
}

/** Flows to some ports next to each other. */
export interface PortCell {
  /** Index into rows. */
  readonly row: number;
  /** 0 to PORT_BINS - 1, see portBin. */
  readonly bin: number;
  /** Lowest and highest port that was asked. */
  readonly fromPort: number;
  readonly toPort: number;
  /** How many of them were. */
  readonly ports: number;
  readonly flows: number;
  /** Both ways. */
  readonly packets: number;
  readonly bytes: number;
}

export interface HostPorts {
  readonly version: 1;
  readonly sensor: string;
  readonly host: string;
  readonly range: TimeRange;
  /** Start of the earliest window that was read, newest first; null = none. */
  readonly readFromUs: number | null;
  /** Windows before it that have the host are left off. */
  readonly truncated: boolean;
  /** Flows of the windows that were read, left off because a window had too many. */
  readonly flowsLeftOff: number;
  /** Flows without ports, such as ICMP: not on the map. */
  readonly flowsWithoutPorts: number;
  /** The host itself first, when anybody asked it; then those it asked, most packets first. */
  readonly rows: readonly PortRow[];
  /** By row, then bin. */
  readonly cells: readonly PortCell[];
}

/** The column of a port: the cube root spreads 1 to 1023 over a quarter of the map. */
export function portBin(port: number): number {
  return Math.min(PORT_BINS - 1, Math.floor(Math.cbrt(port / PORTS) * PORT_BINS));
}

interface Sum {
  flows: number;
  packets: number;
  bytes: number;
}

interface Cell extends Sum {
  readonly ports: Set<number>;
}

interface Row extends Sum {
  readonly cells: Map<number, Cell>;
}

const nothing = (): Sum => ({ flows: 0, packets: 0, bytes: 0 });

const add = (sum: Sum, other: Sum): void => {
  sum.flows += other.flows;
  sum.packets += other.packets;
  sum.bytes += other.bytes;
};

const cellOf = (row: Row, bin: number): Cell => {
  const cell = row.cells.get(bin) ?? { ...nothing(), ports: new Set() };
  row.cells.set(bin, cell);
  return cell;
};

const portsOf = (row: Row): number => [...row.cells.values()].reduce((sum, { ports }) => sum + ports.size, 0);

/** The slices of a flow are one flow. */
function rowsByHost(slices: readonly FlowSlice[]): { rows: Map<string, Row>; flowsWithoutPorts: number } {
  const rows = new Map<string, Row>();
  const seen = new Set<string>();
  let flowsWithoutPorts = 0;
  for (const slice of slices) {
    const key = `${slice.session}/${slice.flow}`;
    const flows = seen.has(key) ? 0 : 1;
    seen.add(key);
    const { destination, destinationPort } = slice;
    if (destinationPort === 0) {
      flowsWithoutPorts += flows;
      continue;
    }
    const sum = {
      flows,
      packets: slice.packetsForward + slice.packetsReverse,
      bytes: slice.bytesForward + slice.bytesReverse,
    };
    const row = rows.get(destination) ?? { ...nothing(), cells: new Map<number, Cell>() };
    rows.set(destination, row);
    const cell = cellOf(row, portBin(destinationPort));
    cell.ports.add(destinationPort);
    add(cell, sum);
    add(row, sum);
  }
  return { rows, flowsWithoutPorts };
}

const foldRows = (folded: readonly Row[]): Row => {
  const one: Row = { ...nothing(), cells: new Map() };
  for (const row of folded) {
    add(one, row);
    for (const [bin, cell] of row.cells) {
      const sum = cellOf(one, bin);
      add(sum, cell);
      for (const port of cell.ports) sum.ports.add(port);
    }
  }
  return one;
};

/** Orders addresses of one family as numbers, near enough to be found. */
const padded = (name: string): string => name.replaceAll(/\d+/gu, (digits) => digits.padStart(4, '0'));

/** @param slices that the host is an end of */
export function portMap(
  host: string,
  slices: readonly FlowSlice[],
): Pick<HostPorts, 'rows' | 'cells' | 'flowsWithoutPorts'> {
  const { rows, flowsWithoutPorts } = rowsByHost(slices);
  const own = rows.get(host);
  const peers = [...rows]
    .filter(([name]) => name !== host)
    .sort(([a, x], [b, y]) => y.packets - x.packets || portsOf(y) - portsOf(x) || (padded(a) < padded(b) ? -1 : 1));
  const shown = peers.length <= HOSTS_MOST ? peers : peers.slice(0, HOSTS_MOST - 1);
  const folded = peers.slice(shown.length).map(([, row]) => row);
  const all: { name: string | null; hosts: number; ports: number; row: Row }[] = [
    ...(own === undefined ? [] : [[host, own] as const]),
    ...shown,
  ].map(([name, row]) => ({ name, hosts: 1, ports: portsOf(row), row }));
  if (folded.length > 0) {
    const ports = Math.max(...folded.map(portsOf));
    all.push({ name: null, hosts: folded.length, ports, row: foldRows(folded) });
  }
  return {
    rows: all.map(({ name, hosts, ports, row: { flows, packets, bytes } }) => ({
      host: name,
      hosts,
      ports,
      flows,
      packets,
      bytes,
    })),
    cells: all.flatMap(({ row }, index) =>
      [...row.cells]
        .sort(([a], [b]) => a - b)
        .map(([bin, { ports, flows, packets, bytes }]) => ({
          row: index,
          bin,
          fromPort: Math.min(...ports),
          toPort: Math.max(...ports),
          ports: ports.size,
          flows,
          packets,
          bytes,
        })),
    ),
    flowsWithoutPorts,
  };
}
