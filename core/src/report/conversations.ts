/**
 * Who talks to whom, by network: the windows' own lists of conversations, summed between the networks of whoever began
 * and whoever was spoken to. Says how much of the traffic those lists hold, since a window keeps only its largest.
 */
import { internalNetworks, PRIVATE_NETWORKS } from '../history/host-place.ts';
import type { KpiRow } from '../kpi/kpi-row.ts';
import { TOP_LIMIT } from '../kpi/top-talkers.ts';
import { formatAddress, parseAddress } from '../packet/address.ts';
import { ADDRESS_TYPE } from '../packet/columns.ts';

/** Networks kept of each side, of each measure. */
const NETWORKS_MOST = 20;
/** What is left of each side, by this name. */
export const OTHERS = 'others';

/**
 * `inside`: of a private range, by /24 or /64; `outside`: of the internet, by /16 or /32; `group`: multicast and
 * broadcast; `link`: addresses of the link layer; `others`: networks too small to be kept apart.
 */
export type PlaceKind = 'inside' | 'outside' | 'group' | 'link' | 'others';

export interface TalkingNetwork {
  /** `192.168.10.0/24`, `2001:db8::/32`, `multicast`, `link layer` or `others`. */
  readonly name: string;
  readonly kind: PlaceKind;
  /** Hosts of it on any of the lists, on this side. */
  readonly hosts: number;
  /** The host, where there is only one. */
  readonly host: string | null;
}

/** Traffic both ways between two networks: indices into sources and destinations. */
export interface NetworkLink {
  readonly source: number;
  readonly destination: number;
  readonly packets: number;
  readonly bytes: number;
  /** Pairs of hosts. */
  readonly pairs: number;
}

export interface Conversations {
  /** How many of its conversations a window lists, the largest by bytes. */
  readonly perWindow: number;
  /** Who began; most bytes first. */
  readonly sources: readonly TalkingNetwork[];
  /** Who was spoken to; most bytes first. */
  readonly destinations: readonly TalkingNetwork[];
  /** Most bytes first. */
  readonly links: readonly NetworkLink[];
  /** What the lists hold in sum; the rest of the range's totals is on none of them. */
  readonly listed: { readonly packets: number; readonly bytes: number };
}

interface Place {
  readonly name: string;
  readonly kind: PlaceKind;
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

  add(place: Place, host: string, sum: Sum): void {
    let network = this.#networks.get(place.name);
    if (network === undefined) {
      network = { packets: 0, bytes: 0, kind: place.kind, hosts: new Set() };
      this.#networks.set(place.name, network);
    }
    network.hosts.add(host);
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
      if (!kept.has(name)) others += hosts.size;
      else {
        places.set(name, networks.length);
        const [host = null] = hosts.size === 1 ? hosts : [];
        networks.push({ name, kind, hosts: hosts.size, host });
      }
    }
    const rest = networks.length;
    if (others > 0) networks.push({ name: OTHERS, kind: 'others', hosts: others, host: null });
    return { networks, indexOf: (name) => places.get(name) ?? rest };
  }
}

/** @param rows windows that do not overlap */
export function conversations(rows: readonly KpiRow[]): Conversations {
  const listed = { packets: 0, bytes: 0 };
  const pairs = new Map<string, Sum>();
  for (const { topPairs } of rows) {
    for (const entry of topPairs) {
      add(listed, entry);
      const sum = pairs.get(entry.key);
      if (sum === undefined) pairs.set(entry.key, { packets: entry.packets, bytes: entry.bytes });
      else add(sum, entry);
    }
  }
  const [from, to] = [new Side(), new Side()];
  const placed: { source: string; destination: string; sum: Sum }[] = [];
  for (const [key, sum] of pairs) {
    const [source = '', destination = ''] = key.split(' > ');
    const [begun, asked] = [placeOf(source), placeOf(destination)];
    from.add(begun, source, sum);
    to.add(asked, destination, sum);
    placed.push({ source: begun.name, destination: asked.name, sum });
  }
  const [sources, destinations] = [from.fold(), to.fold()];
  const links = new Map<string, { -readonly [Name in keyof NetworkLink]: NetworkLink[Name] }>();
  for (const { source, destination, sum } of placed) {
    const ends = { source: sources.indexOf(source), destination: destinations.indexOf(destination) };
    const key = `${ends.source} ${ends.destination}`;
    const link = links.get(key) ?? { ...ends, packets: 0, bytes: 0, pairs: 0 };
    links.set(key, link);
    add(link, sum);
    link.pairs++;
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
