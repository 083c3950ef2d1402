/** The largest hosts, pairs and services of a pane, by bytes. */
import { formatAddress } from '../packet/address.ts';
import { initiatorSide } from '../window/flow-traits.ts';
import type { WindowPartial } from '../window/window-partial.ts';
import type { TopEntry } from './kpi-row.ts';
import { protocolText } from './protocol-text.ts';

/** Entries of each list. */
export const TOP_LIMIT = 20;

class Tally {
  readonly #sums = new Map<string, { packets: number; bytes: number }>();

  add(key: string, packets: number, bytes: number): void {
    if (packets === 0) return;
    const known = this.#sums.get(key);
    if (known === undefined) this.#sums.set(key, { packets, bytes });
    else {
      known.packets += packets;
      known.bytes += bytes;
    }
  }

  top(): TopEntry[] {
    return topEntries([...this.#sums].map(([key, { packets, bytes }]) => ({ key, packets, bytes })));
  }
}

/** The first TOP_LIMIT entries by bytes, then packets, then key: the same data give the same list everywhere. */
export function topEntries(entries: readonly TopEntry[]): TopEntry[] {
  return entries
    .toSorted((a, b) => b.bytes - a.bytes || b.packets - a.packets || (a.key < b.key ? -1 : 1))
    .slice(0, TOP_LIMIT);
}

export interface TopTalkers {
  readonly topSources: TopEntry[];
  readonly topDestinations: TopEntry[];
  /** Key `a > b`, where a began the conversation; packets and bytes of both directions. */
  readonly topPairs: TopEntry[];
  /** Key `tcp/443`: protocol and the responder's port. */
  readonly topServices: TopEntry[];
}

/** Exact over flow records; folded flows count as far as buckets were kept for them. */
export function topTalkers(pane: WindowPartial): TopTalkers {
  const tallies = { source: new Tally(), destination: new Tally(), pair: new Tally(), service: new Tally() };
  addFlowRecords(pane, tallies);
  addBuckets(pane, tallies);
  return {
    topSources: tallies.source.top(),
    topDestinations: tallies.destination.top(),
    topPairs: tallies.pair.top(),
    topServices: tallies.service.top(),
  };
}

type Tallies = Readonly<Record<'source' | 'destination' | 'pair' | 'service', Tally>>;

function addFlowRecords({ flows }: WindowPartial, tallies: Tallies): void {
  for (let row = 0; row < flows.rows; row++) {
    const source = formatAddress(flows.source, row, flows.addressType[row]!);
    const destination = formatAddress(flows.destination, row, flows.addressType[row]!);
    const [forward, reverse] = [flows.packets[2 * row]!, flows.packets[2 * row + 1]!];
    const [forwardBytes, reverseBytes] = [flows.bytes[2 * row]!, flows.bytes[2 * row + 1]!];
    tallies.source.add(source, forward, forwardBytes);
    tallies.source.add(destination, reverse, reverseBytes);
    tallies.destination.add(destination, forward, forwardBytes);
    tallies.destination.add(source, reverse, reverseBytes);
    const initiator = initiatorSide(flows, row);
    const pair = initiator === 0 ? `${source} > ${destination}` : `${destination} > ${source}`;
    tallies.pair.add(pair, forward + reverse, forwardBytes + reverseBytes);
    const port = (initiator === 0 ? flows.destinationPort : flows.sourcePort)[row]!;
    tallies.service.add(serviceKey(flows.protocol[row]!, port), forward + reverse, forwardBytes + reverseBytes);
  }
}

function addBuckets(pane: WindowPartial, tallies: Tallies): void {
  for (const [, bucket] of pane.buckets.entries()) {
    const host = formatAddress(bucket.host, 0, bucket.addressType);
    const [asked, answered] = bucket.packets;
    const [askedBytes, answeredBytes] = bucket.bytes;
    if (bucket.kind === 'source') {
      tallies.source.add(host, asked, askedBytes);
      tallies.destination.add(host, answered, answeredBytes);
    } else if (bucket.kind === 'victim') {
      tallies.destination.add(host, asked, askedBytes);
      tallies.source.add(host, answered, answeredBytes);
    } else if (bucket.kind === 'probe') {
      const peer = formatAddress(bucket.peer, 0, bucket.addressType);
      tallies.pair.add(`${host} > ${peer}`, asked + answered, askedBytes + answeredBytes);
    } else if (bucket.kind === 'service') {
      tallies.service.add(serviceKey(bucket.protocol, bucket.port), asked + answered, askedBytes + answeredBytes);
    }
  }
}

function serviceKey(protocol: number, port: number): string {
  return `${protocolText(protocol).toLowerCase()}/${port}`;
}
