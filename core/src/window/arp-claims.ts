/**
 * Who claimed which IPv4 address by ARP in a window, and how often an address was asked for (RFC 826, RFC 5227).
 *
 * A commutative monoid, exact also beyond its bound: what is kept are the entries whose addresses hash lowest (a bottom-k
 * sample of addresses, so that all claims to a kept address stay together), and the lowest of a union are among the lowest
 * of its parts, in whatever order they are merged. Only the number of entries let go depends on the order.
 */
import { LAYER, ADDRESS_TYPE, type PacketColumns } from '../packet/columns.ts';
import { hashWord } from '../sketch/hash.ts';

/** Entries that the partial of one batch keeps, 25 bytes each at most, and that a merged window keeps. */
export const BATCH_ARP_ENTRIES = 256;
export const PANE_ARP_ENTRIES = 4096;

/** What was asked for stands beside the claims under this MAC, which nobody has. */
export const NOBODY = 0;
const REQUEST = 1;
const REPLY = 2;
const LOW_BITS = 0x1_0000_0000;
/** Lowest bit of the first byte: a group address, which is no sender. */
const GROUP_BIT = 0x100;

export interface ArpEntry {
  /** 32 bits, unsigned. */
  readonly ipv4: number;
  /** 48 bits; NOBODY = how often the address was asked for is in `requests`. */
  readonly mac: number;
  /** Requests for other addresses in whose sender this address stood. */
  requests: number;
  /** Replies to somebody, asked for or not. */
  replies: number;
  /** Messages about itself: sender and target address are the same, in a request or a reply. */
  announcements: number;
  firstUs: number;
  lastUs: number;
}

export class ArpClaims {
  /** By address, then by MAC. */
  readonly #entries = new Map<number, Map<number, ArpEntry>>();
  #size = 0;
  /** Hash of the lowest address of which an entry was let go: what is above it would be let go, too. */
  #bar = Infinity;
  /** Entries that were not even taken since `keep` was asked last. */
  #refused = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * Counts the ARP message in row `row`; whatever is not about IPv4 or neither request nor reply says nothing.
   * A probe (sender 0.0.0.0) asks and claims nothing.
   */
  addRow(columns: PacketColumns, row: number): void {
    const op = columns.arpOp[row]!;
    if (columns.addressType[row] !== ADDRESS_TYPE.ipv4 || (op !== REQUEST && op !== REPLY)) return;
    const sender = columns.source[4 * row + 3]!;
    const target = columns.destination[4 * row + 3]!;
    const timeUs = columns.timeUs[row]!;
    if (op === REQUEST && target !== sender) touch(this.#entry(target, NOBODY), timeUs).requests++;
    const high = columns.sourceMacHigh[row]!;
    const mac = high * LOW_BITS + columns.sourceMacLow[row]!;
    if (sender === 0 || mac === NOBODY || (columns.layers[row]! & LAYER.mac) === 0 || (high & GROUP_BIT) !== 0) return;
    const claim = touch(this.#entry(sender, mac), timeUs);
    if (target === sender) claim.announcements++;
    else if (op === REPLY) claim.replies++;
    else claim.requests++;
  }

  /** Adds the counts of an entry to those of its address and MAC. */
  add({ ipv4, mac, requests, replies, announcements, firstUs, lastUs }: ArpEntry): void {
    if (this.#bar < Infinity && hashWord(ipv4) > this.#bar) {
      this.#refused++;
      return;
    }
    const mine = this.#entry(ipv4, mac);
    mine.requests += requests;
    mine.replies += replies;
    mine.announcements += announcements;
    touch(touch(mine, firstUs), lastUs);
  }

  merge(other: ArpClaims): void {
    for (const macs of other.#entries.values()) for (const entry of macs.values()) this.add(entry);
  }

  /**
   * Lets go of all but `limit` entries, from then on too: a later limit must not be higher.
   * @returns how many went, those that were not taken since the last time among them
   */
  keep(limit: number): number {
    const dropped = Math.max(0, this.#size - limit);
    const gone = dropped + this.#refused;
    this.#refused = 0;
    if (dropped === 0) return gone;
    const over = this.entries().slice(limit);
    this.#bar = hashWord(over[0]!.ipv4);
    for (const { ipv4, mac } of over) {
      const macs = this.#entries.get(ipv4)!;
      macs.delete(mac);
      if (macs.size === 0) this.#entries.delete(ipv4);
    }
    this.#size = limit;
    return gone;
  }

  /** All entries, those of one address together, lowest hash first. */
  entries(): ArpEntry[] {
    return [...this.#entries]
      .map(([ipv4, macs]) => ({ ipv4, hash: hashWord(ipv4), macs }))
      .sort((a, b) => a.hash - b.hash || a.ipv4 - b.ipv4)
      .flatMap(({ macs }) => [...macs.values()].sort((a, b) => a.mac - b.mac));
  }

  #entry(ipv4: number, mac: number): ArpEntry {
    let macs = this.#entries.get(ipv4);
    if (macs === undefined) this.#entries.set(ipv4, (macs = new Map<number, ArpEntry>()));
    let entry = macs.get(mac);
    if (entry === undefined) {
      entry = { ipv4, mac, requests: 0, replies: 0, announcements: 0, firstUs: Infinity, lastUs: -Infinity };
      macs.set(mac, entry);
      this.#size++;
    }
    return entry;
  }
}

function touch(entry: ArpEntry, timeUs: number): ArpEntry {
  if (timeUs < entry.firstUs) entry.firstUs = timeUs;
  if (timeUs > entry.lastUs) entry.lastUs = timeUs;
  return entry;
}
