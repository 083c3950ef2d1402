/** What each host did in a window, out of the window's flows: how much it sent and received, with whom, on which services. */
import type { FlowSlice, TopEntry } from './kpi-row.ts';
import { topEntries } from './top-talkers.ts';

/** Hosts kept of one window, of each kind: a flood has as many sources as it likes. */
const HOSTS_MOST = 100;
const LIST_MOST = 10;

/** One host in one window. */
export interface HostActivity {
  readonly host: string;
  readonly windowStartUs: number;
  readonly flows: number;
  /** Flows whose first packet it sent. */
  readonly flowsStarted: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Other hosts it had flows with. */
  readonly peers: number;
  /** Distinct destination ports of the flows it started. */
  readonly portsContacted: number;
  /** By bytes, at most 10. */
  readonly topPeers: readonly TopEntry[];
  /** `protocol/destination port`, by bytes, at most 10. */
  readonly topServices: readonly TopEntry[];
}

interface Sum {
  packets: number;
  bytes: number;
}

interface Tally {
  flows: number;
  flowsStarted: number;
  readonly sent: Sum;
  readonly received: Sum;
  readonly peers: Map<string, Sum>;
  readonly services: Map<string, Sum>;
  readonly portsContacted: Set<number>;
}

/** The hosts of a window with the most bytes and those with the most flows, such as scanners, and what they did. */
export function hostActivities(windowStartUs: number, flows: readonly FlowSlice[]): Map<string, HostActivity> {
  const kept = keptHosts(flows);
  const tallies = new Map<string, Tally>();
  for (const slice of flows) {
    const { source, destination } = slice;
    const forward = { packets: slice.packetsForward, bytes: slice.bytesForward };
    const reverse = { packets: slice.packetsReverse, bytes: slice.bytesReverse };
    if (kept.has(source)) {
      const tally = tallyOf(tallies, source);
      tally.flowsStarted++;
      tally.portsContacted.add(slice.destinationPort);
      addFlow(tally, slice, destination, forward, reverse);
      if (source === destination) continue;
    }
    if (kept.has(destination)) addFlow(tallyOf(tallies, destination), slice, source, reverse, forward);
  }
  return new Map([...tallies].map(([host, tally]) => [host, activityOf(host, windowStartUs, tally)]));
}

/** Ties by name, the same every time. */
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

function tallyOf(tallies: Map<string, Tally>, host: string): Tally {
  let tally = tallies.get(host);
  if (tally === undefined) {
    tally = {
      flows: 0,
      flowsStarted: 0,
      sent: { packets: 0, bytes: 0 },
      received: { packets: 0, bytes: 0 },
      peers: new Map(),
      services: new Map(),
      portsContacted: new Set(),
    };
    tallies.set(host, tally);
  }
  return tally;
}

function addFlow(tally: Tally, slice: FlowSlice, peer: string, sent: Sum, received: Sum): void {
  tally.flows++;
  addSum(tally.sent, sent);
  addSum(tally.received, received);
  const { protocol, destinationPort } = slice;
  for (const [sums, key] of [
    [tally.peers, peer],
    [tally.services, destinationPort === 0 ? protocol : `${protocol}/${destinationPort}`],
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

function activityOf(host: string, windowStartUs: number, tally: Tally): HostActivity {
  const { sent, received } = tally;
  return {
    host,
    windowStartUs,
    flows: tally.flows,
    flowsStarted: tally.flowsStarted,
    packetsSent: sent.packets,
    packetsReceived: received.packets,
    bytesSent: sent.bytes,
    bytesReceived: received.bytes,
    peers: tally.peers.size,
    portsContacted: tally.portsContacted.size,
    topPeers: topOf(tally.peers),
    topServices: topOf(tally.services),
  };
}

function topOf(sums: ReadonlyMap<string, Sum>): TopEntry[] {
  return topEntries([...sums].map(([key, { packets, bytes }]) => ({ key, packets, bytes }))).slice(0, LIST_MOST);
}
