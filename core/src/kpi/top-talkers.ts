/** The largest hosts, pairs and services of a pane, by bytes. */
import type { PaneView } from '../window/pane-view.ts';
import type { TopEntry } from './kpi-row.ts';
import { protocolText } from './protocol-text.ts';

/** Entries of each list. */
export const TOP_LIMIT = 20;
const PORTS = 65_536;

/** Packets and bytes by a numeric key; texts are made for the few keys that are shown. */
class Tally {
  readonly #places = new Map<number, number>();
  readonly #packets: number[] = [];
  readonly #bytes: number[] = [];

  add(key: number, packets: number, bytes: number): void {
    if (packets === 0) return;
    const place = this.#places.get(key);
    if (place === undefined) {
      this.#places.set(key, this.#packets.length);
      this.#packets.push(packets);
      this.#bytes.push(bytes);
    } else {
      this.#packets[place]! += packets;
      this.#bytes[place]! += bytes;
    }
  }

  /** The largest by bytes. Everything that ties with the last of them is named too, so that the text can decide. */
  top(text: (key: number) => string): TopEntry[] {
    const least = Float64Array.from(this.#bytes).sort().at(-TOP_LIMIT) ?? 0;
    const candidates: TopEntry[] = [];
    for (const [key, place] of this.#places) {
      const bytes = this.#bytes[place]!;
      if (bytes >= least) candidates.push({ key: text(key), packets: this.#packets[place]!, bytes });
    }
    return topEntries(candidates);
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
  /** Key `tcp/443`: protocol and the responder's port; `icmp` where there are no ports. */
  readonly topServices: TopEntry[];
}

/** Exact over flow records; folded flows count as far as buckets were kept for them. */
export function topTalkers(view: PaneView): TopTalkers {
  const { hosts } = view;
  const tallies = { source: new Tally(), destination: new Tally(), pair: new Tally(), service: new Tally() };
  addFlowRecords(view, tallies);
  addBuckets(view, tallies);
  return {
    topSources: tallies.source.top((host) => hosts.text(host)),
    topDestinations: tallies.destination.top((host) => hosts.text(host)),
    topPairs: tallies.pair.top(
      (key) => `${hosts.text(Math.floor(key / hosts.count))} > ${hosts.text(key % hosts.count)}`,
    ),
    topServices: tallies.service.top(serviceText),
  };
}

/** `tcp/443`; without the port for protocols that have none. */
function serviceText(key: number): string {
  const protocol = protocolText(Math.floor(key / PORTS)).toLowerCase();
  return key % PORTS === 0 ? protocol : `${protocol}/${key % PORTS}`;
}

type Tallies = Readonly<Record<'source' | 'destination' | 'pair' | 'service', Tally>>;

function addFlowRecords(view: PaneView, tallies: Tallies): void {
  const { flows, hosts } = view;
  for (let row = 0; row < flows.rows; row++) {
    const asked = 2 * row + view.initiatorSide[row]!;
    const answered = asked ^ 1;
    const [initiator, responder] = [view.initiator[row]!, view.responder[row]!];
    const packets = flows.packets[asked]! + flows.packets[answered]!;
    const bytes = flows.bytes[asked]! + flows.bytes[answered]!;
    tallies.source.add(initiator, flows.packets[asked]!, flows.bytes[asked]!);
    tallies.source.add(responder, flows.packets[answered]!, flows.bytes[answered]!);
    tallies.destination.add(responder, flows.packets[asked]!, flows.bytes[asked]!);
    tallies.destination.add(initiator, flows.packets[answered]!, flows.bytes[answered]!);
    tallies.pair.add(initiator * hosts.count + responder, packets, bytes);
    tallies.service.add(flows.protocol[row]! * PORTS + view.port[row]!, packets, bytes);
  }
}

function addBuckets({ folded, hosts }: PaneView, tallies: Tallies): void {
  for (const { bucket, host, peer } of folded) {
    const [asked, answered] = bucket.packets;
    const [askedBytes, answeredBytes] = bucket.bytes;
    if (bucket.kind === 'source') {
      tallies.source.add(host, asked, askedBytes);
      tallies.destination.add(host, answered, answeredBytes);
    } else if (bucket.kind === 'victim') {
      tallies.destination.add(host, asked, askedBytes);
      tallies.source.add(host, answered, answeredBytes);
    } else if (bucket.kind === 'probe') {
      tallies.pair.add(host * hosts.count + peer, asked + answered, askedBytes + answeredBytes);
    } else if (bucket.kind === 'service') {
      tallies.service.add(bucket.protocol * PORTS + bucket.port, asked + answered, askedBytes + answeredBytes);
    }
  }
}
