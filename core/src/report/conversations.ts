/**
 * Who talks to whom, by network: the windows' own lists of conversations, summed between the networks of whoever began
 * and whoever was spoken to. A window lists its largest conversations only, and a flood from everywhere has no large ones;
 * of what is on no list the lists of receivers and senders often know one end, at least.
 */
import { internalNetworks, PRIVATE_NETWORKS } from '../history/host-place.ts';
import type { KpiRow, TopEntry } from '../kpi/kpi-row.ts';
import { TOP_LIMIT } from '../kpi/top-talkers.ts';
import { formatAddress, parseAddress } from '../packet/address.ts';
import { ADDRESS_TYPE } from '../packet/columns.ts';

interface Place {
  readonly name: string;
  readonly kind: PlaceKind;
}

/** Networks kept of each side, of each measure. */
const NETWORKS_MOST = 20;
const OTHERS: Place = { name: 'others', kind: 'others' };
const UNLISTED: Place = { name: 'not listed', kind: 'unlisted' };

/**
 * `inside`: of a private range, by /24 or /64; `outside`: of the internet, by /16 or /32; `group`: multicast and
 * broadcast; `link`: addresses of the link layer; `others`: networks too small to be kept apart; `unlisted`: hosts that no
 * list names.
 */
export type PlaceKind = 'inside' | 'outside' | 'group' | 'link' | 'others' | 'unlisted';

export interface TalkingNetwork {
  /** `192.168.10.0/24`, `2001:db8::/32`, `multicast`, `link layer`, `others` or `not listed`. */
  readonly name: string;
  readonly kind: PlaceKind;
  /** Hosts of it on any of the lists, on this side; 0 of those that are on none. */
  readonly hosts: number;
  /** The host, where there is only one. */
  readonly host: string | null;
}

/**
 * Traffic both ways between two networks: indices into sources and destinations. To and from hosts that are not listed, what
 * was sent and received, in one direction, as far as it is certain not to be in a conversation that is: a lower bound.
 */
export interface NetworkLink {
  readonly source: number;
  readonly destination: number;
  readonly packets: number;
  readonly bytes: number;
  /** Pairs of hosts; 0 = unknown, where an end is not listed. */
  readonly pairs: number;
}

export interface Conversations {
  /** How many of its conversations a window lists, the largest by bytes. */
  readonly perWindow: number;
  /** Who began; most bytes first. */
  readonly sources: readonly TalkingNetwork[];
  /** Who was spoken to; most bytes first. */
  readonly destinations: readonly TalkingNetwork[];
  /** Most bytes first; together all of the range's traffic. */
  readonly links: readonly NetworkLink[];
  /** What the lists of conversations hold in sum. */
  readonly listed: { readonly packets: number; readonly bytes: number };
}

const isPrivate = internalNetworks(PRIVATE_NETWORKS);

/** The address with all but its first bits zero, as `address/bits`. */
function networkText(words: Uint32Array, type: number, bits: number): string {
  const offset = type === ADDRESS_TYPE.ipv4 ? 96 : 0;
  const cut = words.map((word, index) => {
    const kept = Math.min(32, Math.max(0, offset + bits - 32 * index));
    return kept === 0 ? 0 : (word & (0xffff_ffff << (32 - kept))) >>> 0;
  });
  return `${formatAddress(cut, 0, type)}/${bits}`;
}

/** Where an address belongs. */
export function placeOf(host: string): Place {
  const address = parseAddress(host);
  if (address === undefined || address.type === ADDRESS_TYPE.mac) return { name: 'link layer', kind: 'link' };
  const words = Uint32Array.from(address.words);
  const isV4 = address.type === ADDRESS_TYPE.ipv4;
  const first = isV4 ? words[3]! >>> 24 : words[0]! >>> 24;
  if (isV4 ? (first >= 224 && first < 240) || words[3] === 0xffff_ffff : first === 0xff) {
    return { name: 'multicast', kind: 'group' };
  }
  const isInside = isPrivate(words, 0) || (isV4 && first === 127);
  const bits = isV4 ? (isInside ? 24 : 16) : isInside ? 64 : 32;
  return { name: networkText(words, address.type, bits), kind: isInside ? 'inside' : 'outside' };
}

interface Sum {
  packets: number;
  bytes: number;
}

const add = (sum: Sum, { packets, bytes }: Sum): void => {
  sum.packets += packets;
  sum.bytes += bytes;
};

/** One side of the conversations: its networks, with their hosts. */
class Side {
  readonly #networks = new Map<string, Sum & { readonly kind: PlaceKind; readonly hosts: Set<string> }>();

  /** @param host null = nobody knows which */
  add(place: Place, host: string | null, sum: Sum): void {
    let network = this.#networks.get(place.name);
    if (network === undefined) {
      network = { packets: 0, bytes: 0, kind: place.kind, hosts: new Set() };
      this.#networks.set(place.name, network);
    }
    if (host !== null) network.hosts.add(host);
    add(network, sum);
  }

  /** The largest by bytes and by packets, the rest as one; and each network's place among them. */
  fold(): { networks: TalkingNetwork[]; indexOf: (name: string) => number } {
    const all = [...this.#networks].sort(([a, x], [b, y]) => y.bytes - x.bytes || (a < b ? -1 : 1));
    const byPackets = all.toSorted(([a, x], [b, y]) => y.packets - x.packets || (a < b ? -1 : 1));
    const kept = new Set([...all.slice(0, NETWORKS_MOST), ...byPackets.slice(0, NETWORKS_MOST)].map(([name]) => name));
    const networks: TalkingNetwork[] = [];
    const places = new Map<string, number>();
    let others = 0;
    for (const [name, { kind, hosts }] of all) {
      if (!kept.has(name) && kind !== 'unlisted') others += hosts.size;
      else {
        places.set(name, networks.length);
        const [host = null] = hosts.size === 1 ? hosts : [];
        networks.push({ name, kind, hosts: hosts.size, host });
      }
    }
    const rest = networks.length;
    if (others > 0) networks.push({ ...OTHERS, hosts: others, host: null });
    return { networks, indexOf: (name) => places.get(name) ?? rest };
  }
}

const less = (sum: Sum, by: Sum): Sum => ({
  packets: Math.max(0, sum.packets - by.packets),
  bytes: Math.max(0, sum.bytes - by.bytes),
});

/** Sums by the two hosts of a conversation; null = not listed. */
class Pairs {
  readonly #sums = new Map<string, { readonly source: string | null; readonly destination: string | null } & Sum>();

  add(source: string | null, destination: string | null, sum: Sum): void {
    if (sum.packets === 0 && sum.bytes === 0) return;
    const key = JSON.stringify([source, destination]);
    const known = this.#sums.get(key);
    if (known === undefined) this.#sums.set(key, { source, destination, packets: sum.packets, bytes: sum.bytes });
    else add(known, sum);
  }

  values(): Iterable<{ readonly source: string | null; readonly destination: string | null } & Sum> {
    return this.#sums.values();
  }
}

/**
 * Adds a window: its conversations; what its largest receivers got and its largest senders sent beyond those; and the rest.
 * Each packet is in one of them at most. Of a receiver, whatever its conversations hold may all have been received, so
 * only what is more is certain; of a sender, whatever receivers got beyond theirs may all have been its.
 * @returns what the conversations hold
 */
function addWindow({ topPairs, topSources, topDestinations, arrived }: KpiRow, pairs: Pairs): Sum {
  const listed = { packets: 0, bytes: 0 };
  const ofHost = new Map<string, Sum>();
  for (const entry of topPairs) {
    const [source = '', destination = ''] = entry.key.split(' > ');
    pairs.add(source, destination, entry);
    add(listed, entry);
    for (const host of source === destination ? [source] : [source, destination]) {
      const sum = ofHost.get(host) ?? { packets: 0, bytes: 0 };
      ofHost.set(host, sum);
      add(sum, entry);
    }
  }
  const beyond = (entry: TopEntry): Sum => less(entry, ofHost.get(entry.key) ?? { packets: 0, bytes: 0 });
  const received = { packets: 0, bytes: 0 };
  for (const entry of topDestinations) {
    const sum = beyond(entry);
    pairs.add(null, entry.key, sum);
    add(received, sum);
  }
  const known = { ...received };
  add(known, listed);
  for (const entry of topSources) {
    const sum = less(beyond(entry), received);
    pairs.add(entry.key, null, sum);
    add(known, sum);
  }
  pairs.add(null, null, less(arrived, known));
  return listed;
}

/** @param rows windows that do not overlap */
export function conversations(rows: readonly KpiRow[]): Conversations {
  const listed = { packets: 0, bytes: 0 };
  const pairs = new Pairs();
  for (const row of rows) add(listed, addWindow(row, pairs));
  const [from, to] = [new Side(), new Side()];
  const placed: { source: string; destination: string; sum: Sum; isPair: boolean }[] = [];
  for (const sum of pairs.values()) {
    const { source, destination } = sum;
    const begun = source === null ? UNLISTED : placeOf(source);
    const asked = destination === null ? UNLISTED : placeOf(destination);
    from.add(begun, source, sum);
    to.add(asked, destination, sum);
    placed.push({
      source: begun.name,
      destination: asked.name,
      sum,
      isPair: source !== null && destination !== null,
    });
  }
  const [sources, destinations] = [from.fold(), to.fold()];
  const links = new Map<string, { -readonly [Name in keyof NetworkLink]: NetworkLink[Name] }>();
  for (const { source, destination, sum, isPair } of placed) {
    const ends = { source: sources.indexOf(source), destination: destinations.indexOf(destination) };
    const key = `${ends.source} ${ends.destination}`;
    const link = links.get(key) ?? { ...ends, packets: 0, bytes: 0, pairs: 0 };
    links.set(key, link);
    add(link, sum);
    if (isPair) link.pairs++;
  }
  return {
    perWindow: TOP_LIMIT,
    sources: sources.networks,
    destinations: destinations.networks,
    links: [...links.values()].sort(
      (a, b) => b.bytes - a.bytes || a.source - b.source || a.destination - b.destination,
    ),
    listed,
  };
}
