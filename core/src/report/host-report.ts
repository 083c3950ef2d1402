/** The JSON of the host pages, version 1, and how it is summed from what the store keeps of a host window by window. */
import type { Alert } from '../detect/alert.ts';
import type { HostActivity } from '../kpi/host-activity.ts';
import type { KpiRow, TopEntry } from '../kpi/kpi-row.ts';
import type { TimeRange } from '../ports.ts';
import { resolutionFor } from './series.ts';
import type { FlowLine } from './snapshot.ts';

/** One host of the list. Packets and bytes are sums of the windows' top lists, so lower bounds. */
export interface HostLine {
  readonly host: string;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Windows in which it was on a list. */
  readonly windows: number;
  /** Start of the first and end of the last of them; null of a host that only alerts name. */
  readonly firstUs: number | null;
  readonly lastUs: number | null;
  /** Alerts about it. */
  readonly alerts: number;
}

export interface HostList {
  readonly version: 1;
  readonly sensor: string;
  readonly range: TimeRange;
  /** Hosts with alerts first, then by bytes. */
  readonly hosts: readonly HostLine[];
  readonly total: number;
  /** Where to go on, or null at the end. */
  readonly next: string | null;
}

/** Traffic of one host as columns: element i of every array belongs to the bucket that starts at startUs[i]. */
export interface HostSeries {
  /** Never finer than a window. */
  readonly resolutionUs: number;
  /** Buckets with traffic only, ascending. */
  readonly startUs: readonly number[];
  readonly packetsSent: readonly number[];
  readonly packetsReceived: readonly number[];
  readonly bytesSent: readonly number[];
  readonly bytesReceived: readonly number[];
}

export interface HostTotals {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly windows: number;
  /** Most of any window: what is distinct in two windows may be the same in both. */
  readonly peersMost: number;
  readonly portsContactedMost: number;
  readonly flowsMost: number;
}

export interface HostReport {
  readonly version: 1;
  readonly sensor: string;
  readonly host: string;
  readonly range: TimeRange;
  /** What was read: begins later than the range where the host was in more windows than one answer reads. */
  readonly read: TimeRange;
  readonly windowUs: number;
  /** Starts of the first and of the last window of all the sensor has in which the host was kept; null = in none. */
  readonly firstSeenUs: number | null;
  readonly lastSeenUs: number | null;
  readonly series: HostSeries;
  readonly totals: HostTotals;
  /** Sums of the windows' own lists of ten, so lower bounds; most bytes first. */
  readonly peers: readonly TopEntry[];
  readonly services: readonly TopEntry[];
  /** That name the host as their entity, among the contributors or in the filter of their packets; newest first. */
  readonly alerts: readonly Alert[];
}

export interface HostFlows {
  readonly version: 1;
  /** Of the windows that were read, most bytes first. */
  readonly flows: readonly FlowLine[];
  /** Flows of these windows that are left off. */
  readonly leftOff: number;
  /** Start of the earliest window that was read, newest first; null = none. */
  readonly readFromUs: number | null;
  /** Where to go on with earlier windows, or null when there are none. */
  readonly next: string | null;
}

const LIST_MOST = 20;

/** Sums by key, most bytes first. */
function sumEntries(lists: Iterable<readonly TopEntry[]>): TopEntry[] {
  const sums = new Map<string, { key: string; packets: number; bytes: number }>();
  for (const list of lists) {
    for (const { key, packets, bytes } of list) {
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { key, packets, bytes });
      else {
        sum.packets += packets;
        sum.bytes += bytes;
      }
    }
  }
  return [...sums.values()].sort((a, b) => b.bytes - a.bytes || (a.key < b.key ? -1 : 1)).slice(0, LIST_MOST);
}

const COUNTS = ['packetsSent', 'packetsReceived', 'bytesSent', 'bytesReceived'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;
const noCounts = (): Counts => ({ packetsSent: 0, packetsReceived: 0, bytesSent: 0, bytesReceived: 0 });

/** @param windows ascending */
export function hostSeries(windows: readonly HostActivity[], range: TimeRange, windowUs: number): HostSeries {
  const widths = resolutionFor(range.toUs - range.fromUs) / windowUs;
  const resolutionUs = Math.max(1, Math.ceil(widths)) * windowUs;
  const buckets = new Map<number, Counts>();
  for (const activity of windows) {
    const startUs = Math.floor(activity.windowStartUs / resolutionUs) * resolutionUs;
    const bucket = buckets.get(startUs) ?? noCounts();
    for (const name of COUNTS) bucket[name] += activity[name];
    buckets.set(startUs, bucket);
  }
  const startUs = [...buckets.keys()].sort((a, b) => a - b);
  const column = (name: keyof Counts): number[] => startUs.map((start) => buckets.get(start)![name]);
  return {
    resolutionUs,
    startUs,
    packetsSent: column('packetsSent'),
    packetsReceived: column('packetsReceived'),
    bytesSent: column('bytesSent'),
    bytesReceived: column('bytesReceived'),
  };
}

export function hostTotals(windows: readonly HostActivity[]): HostTotals {
  const totals = { ...noCounts(), windows: windows.length, peersMost: 0, portsContactedMost: 0, flowsMost: 0 };
  for (const activity of windows) {
    for (const name of COUNTS) totals[name] += activity[name];
    totals.peersMost = Math.max(totals.peersMost, activity.peers);
    totals.portsContactedMost = Math.max(totals.portsContactedMost, activity.portsContacted);
    totals.flowsMost = Math.max(totals.flowsMost, activity.flows);
  }
  return totals;
}

export function hostTops(windows: readonly HostActivity[]): { peers: TopEntry[]; services: TopEntry[] } {
  return {
    peers: sumEntries(windows.map(({ topPeers }) => topPeers)),
    services: sumEntries(windows.map(({ topServices }) => topServices)),
  };
}

/** The hosts that the windows' top lists name, and those that alerts are about; with alerts first, then by bytes. */
export function hostLines(rows: readonly KpiRow[], alertsOf: ReadonlyMap<string, number>): HostLine[] {
  type Line = { -readonly [Name in keyof HostLine]: HostLine[Name] };
  const lines = new Map<string, Line>();
  const lineOf = (host: string): Line => {
    let line = lines.get(host);
    if (line === undefined) {
      const alerts = alertsOf.get(host) ?? 0;
      line = { host, ...noCounts(), windows: 0, firstUs: null, lastUs: null, alerts };
      lines.set(host, line);
    }
    return line;
  };
  const note = (row: KpiRow, entries: readonly TopEntry[], packets: keyof Counts, bytes: keyof Counts): void => {
    for (const entry of entries) {
      if (entry.key === 'other' || entry.key === '') continue;
      const line = lineOf(entry.key);
      line[packets] += entry.packets;
      line[bytes] += entry.bytes;
      line.firstUs ??= row.windowStartUs;
      if (line.lastUs !== row.windowEndUs) line.windows++;
      line.lastUs = row.windowEndUs;
    }
  };
  for (const row of rows) {
    note(row, row.topSources, 'packetsSent', 'bytesSent');
    note(row, row.topDestinations, 'packetsReceived', 'bytesReceived');
  }
  for (const host of alertsOf.keys()) lineOf(host);
  const size = (line: HostLine): number => line.bytesSent + line.bytesReceived;
  return [...lines.values()].sort(
    (a, b) => Number(b.alerts > 0) - Number(a.alerts > 0) || size(b) - size(a) || (a.host < b.host ? -1 : 1),
  );
}
