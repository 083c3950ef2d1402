/** What each host did in a window, out of the window's flows: rows of table `hosts_by_day`. */
import type { FlowSlice, TopEntry } from '@tapline/core/kpi/kpi-row';
import { topEntries } from '@tapline/core/kpi/top-talkers';
import type { Statement } from './session.ts';
import { dayOf, timestamp } from './times.ts';

/** Hosts kept of one window, of each kind: a flood has as many sources as it likes. */
const HOSTS_MOST = 100;
const LIST_MOST = 10;

const COLUMNS = [
  'sensor',
  'host',
  'day',
  'window_start',
  'flows',
  'flows_started',
  'packets_sent',
  'packets_received',
  'bytes_sent',
  'bytes_received',
  'peers',
  'ports_contacted',
  'top_peers',
  'top_services',
];
const INSERT = `INSERT INTO hosts_by_day (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;
const DELETE = `DELETE FROM hosts_by_day WHERE sensor = ? AND host = ? AND day = ? AND window_start = ?`;

interface Sum {
  packets: number;
  bytes: number;
}

interface Activity {
  readonly host: string;
  flows: number;
  flowsStarted: number;
  readonly sent: Sum;
  readonly received: Sum;
  readonly peers: Map<string, Sum>;
  readonly services: Map<string, Sum>;
  readonly portsContacted: Set<number>;
}

/** The hosts of a window that have a row, and the rows. */
export function hostRows(sensor: string, windowStartUs: number, flows: readonly FlowSlice[]): Map<string, Statement> {
  const kept = keptHosts(flows);
  const activities = new Map<string, Activity>();
  for (const slice of flows) {
    const { source, destination } = slice;
    const forward = { packets: slice.packetsForward, bytes: slice.bytesForward };
    const reverse = { packets: slice.packetsReverse, bytes: slice.bytesReverse };
    if (kept.has(source)) {
      const activity = activityOf(activities, source);
      activity.flowsStarted++;
      activity.portsContacted.add(slice.destinationPort);
      addFlow(activity, slice, destination, forward, reverse);
      if (source === destination) continue;
    }
    if (kept.has(destination)) addFlow(activityOf(activities, destination), slice, source, reverse, forward);
  }
  const rows = new Map<string, Statement>();
  for (const [host, activity] of activities) rows.set(host, hostRow(sensor, windowStartUs, activity));
  return rows;
}

/** Takes the row of a host back that the window does not have any more. */
export function hostRemoval(sensor: string, windowStartUs: number, host: string): Statement {
  return { cql: DELETE, values: [sensor, host, dayOf(windowStartUs), timestamp(windowStartUs)] };
}

/** The hosts with the most bytes, and those with the most flows, such as scanners; ties by name, the same every time. */
function keptHosts(flows: readonly FlowSlice[]): Set<string> {
  const bytes = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const { source, destination, bytesForward, bytesReverse } of flows) {
    for (const host of source === destination ? [source] : [source, destination]) {
      if (host === '') continue;
      bytes.set(host, (bytes.get(host) ?? 0) + bytesForward + bytesReverse);
      counts.set(host, (counts.get(host) ?? 0) + 1);
    }
  }
  return new Set([...largest(bytes), ...largest(counts)]);
}

function largest(sizes: ReadonlyMap<string, number>): string[] {
  const hosts = [...sizes].sort(([a, aSize], [b, bSize]) => bSize - aSize || (a < b ? -1 : 1));
  return hosts.slice(0, HOSTS_MOST).map(([host]) => host);
}

function activityOf(activities: Map<string, Activity>, host: string): Activity {
  let activity = activities.get(host);
  if (activity === undefined) {
    activity = {
      host,
      flows: 0,
      flowsStarted: 0,
      sent: { packets: 0, bytes: 0 },
      received: { packets: 0, bytes: 0 },
      peers: new Map(),
      services: new Map(),
      portsContacted: new Set(),
    };
    activities.set(host, activity);
  }
  return activity;
}

function addFlow(activity: Activity, slice: FlowSlice, peer: string, sent: Sum, received: Sum): void {
  activity.flows++;
  addSum(activity.sent, sent);
  addSum(activity.received, received);
  const { protocol, destinationPort } = slice;
  for (const [sums, key] of [
    [activity.peers, peer],
    [activity.services, destinationPort === 0 ? protocol : `${protocol}/${destinationPort}`],
  ] as const) {
    const sum = sums.get(key) ?? { packets: 0, bytes: 0 };
    addSum(sum, sent);
    addSum(sum, received);
    sums.set(key, sum);
  }
}

function addSum(sum: Sum, { packets, bytes }: Sum): void {
  sum.packets += packets;
  sum.bytes += bytes;
}

function hostRow(sensor: string, windowStartUs: number, activity: Activity): Statement {
  const { host, flows, flowsStarted, sent, received, peers, services, portsContacted } = activity;
  const key = [sensor, host, dayOf(windowStartUs), timestamp(windowStartUs)];
  const sums = [sent.packets, received.packets, sent.bytes, received.bytes];
  const lists = [topOf(peers), topOf(services)];
  return { cql: INSERT, values: [...key, flows, flowsStarted, ...sums, peers.size, portsContacted.size, ...lists] };
}

function topOf(sums: ReadonlyMap<string, Sum>): TopEntry[] {
  return topEntries([...sums].map(([key, { packets, bytes }]) => ({ key, packets, bytes }))).slice(0, LIST_MOST);
}
