/**
 * Numbers the bidirectional flows of a session. A flow is what shares addresses, ports and protocol in either direction; a
 * generation of it ends when the connection is over and begins anew, or after a long silence.
 *
 * One fixed table of entries and an open-addressed index over it: memory and the cost of one packet are bounded whatever
 * the traffic. What does not fit is evicted by second chance (an approximation of least recent use that favours flows with
 * more than one packet, so a flood of single packets evicts itself first) and counted.
 */
import { ADDRESS_TYPE, LAYER } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';

/** A TCP generation ends after this silence: a connection kept alive every 2 hours must not be cut (RFC 5382, REQ-5). */
export const TCP_IDLE_SECONDS = 7440;
/** Any other generation ends after this silence: the shortest a UDP mapping may last (RFC 4787, REQ-5). */
export const OTHER_IDLE_SECONDS = 120;

export const FLOW_CAPACITY = 262_144;
const DEFAULT_SEED = 0x7a91_1e5d;

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/**
 * An entry is 16 words, one cache line: the key, then what is known of the flow. The key is protocol, ports and the last
 * word of the lower and of the higher address, and for IPv6 the six words before those: IPv4 needs only the first four.
 */
const STRIDE = 16;
const PROTOCOL = 0;
const PORTS = 1;
const LOWER = 2;
const HIGHER = 3;
const REST = 4;
const IPV4_KEY_WORDS = 4;
const IPV6_KEY_WORDS = 10;
const NUMBER = 10;
const HASH = 11;
const LAST_SECOND = 12;
const STATE = 13;

/** Bits of STATE. */
const FIRST_WAS_HIGHER = 1;
const IS_CLOSED = 2;
const WAS_USED = 4;

/** Bits beside the protocol number in the key, for packets that must not share a flow with others of their protocol. */
const KIND_ARP = 0x100;
const KIND_ICMP_ERROR = 0x200;
/** Fragments without ports: the addresses and the protocol are all they have. */
const KIND_NO_PORTS = 0x400;
const KIND_IPV6 = 0x800;

/** Slots of an empty table's index. */
const MIN_SLOTS = 1024;

/** Slots looked at for one key. Only keys made to collide need more; then one of them is evicted. */
const MAX_PROBES = 128;

export class FlowTable {
  /** Flow generations forgotten before they were idle, because the table was full. */
  evicted = 0;
  readonly #capacity: number;
  readonly #seed: number;
  /** Signed, so that every value stays a small integer to the engine. */
  readonly #entries: Int32Array;
  /** Entry number + 1 by hash, 0 = free. At most half full; grows with the flows, so that few flows stay in the cache. */
  #slots = new Int32Array(MIN_SLOTS);
  #mask = MIN_SLOTS - 1;
  /** Entry of the packet before: packets come in bursts. */
  #last = 0;
  readonly #key = new Int32Array(IPV6_KEY_WORDS);
  #keyWords = IPV4_KEY_WORDS;
  #used = 0;
  #hand = 0;
  #nextNumber = 1;

  /** `capacity`: flows kept at most, a power of two. `seed`: any number; the same packets get the same flows for every seed. */
  constructor(options: { readonly capacity?: number; readonly seed?: number } = {}) {
    this.#capacity = options.capacity ?? FLOW_CAPACITY;
    this.#seed = options.seed ?? DEFAULT_SEED;
    if (!Number.isInteger(Math.log2(this.#capacity))) throw new RangeError('flow capacity must be a power of two');
    this.#entries = new Int32Array(this.#capacity * STRIDE);
  }

  /** Flow generations numbered so far. */
  get flows(): number {
    return this.#nextNumber - 1;
  }

  /**
   * Sets `flow` and `direction` of a decoded row. Rows must come in capture order; the numbers depend on nothing else.
   * Rows without network addresses keep flow 0.
   */
  assign(columns: PacketColumns, row: number): void {
    if (columns.addressType[row]! <= ADDRESS_TYPE.mac) return;
    const isHigher = this.#makeKey(columns, row);
    const second = Math.floor(columns.timeUs[row]! / 1_000_000) | 0;
    const tcpFlags = columns.tcpFlags[row]!;
    const found = this.#find();
    const at = found >= 0 ? found : this.#insert();
    this.#last = at;
    const entries = this.#entries;
    if (found < 0 || this.#isNewGeneration(at, second, tcpFlags)) {
      entries[at + NUMBER] = this.#nextNumber;
      this.#nextNumber += 1;
      entries[at + LAST_SECOND] = second;
      entries[at + STATE] = isHigher ? FIRST_WAS_HIGHER : 0;
    } else {
      // Packets may be out of order: silence counts from the latest event time seen.
      if (((second - entries[at + LAST_SECOND]!) | 0) > 0) entries[at + LAST_SECOND] = second;
      entries[at + STATE]! |= WAS_USED;
    }
    if ((tcpFlags & (FIN | RST)) !== 0) entries[at + STATE]! |= IS_CLOSED;
    columns.flow[row] = entries[at + NUMBER]!;
    columns.direction[row] = ((entries[at + STATE]! & FIRST_WAS_HIGHER) !== 0) === isHigher ? 0 : 1;
  }

  /** Writes the row's key with the lower endpoint first; true when the packet's source is the higher endpoint. */
  #makeKey(columns: PacketColumns, row: number): boolean {
    const { source, destination } = columns;
    const key = this.#key;
    const at = row * 4;
    const sourcePort = columns.sourcePort[row]!;
    const destinationPort = columns.destinationPort[row]!;
    const isIpv6 = columns.addressType[row] === ADDRESS_TYPE.ipv6;
    this.#keyWords = isIpv6 ? IPV6_KEY_WORDS : IPV4_KEY_WORDS;
    let difference = 0;
    for (let word = isIpv6 ? 0 : 3; difference === 0 && word < 4; word += 1) {
      difference = source[at + word]! - destination[at + word]!;
    }
    if (difference === 0) difference = sourcePort - destinationPort;
    const isHigher = difference > 0;
    const low = isHigher ? destination : source;
    const high = isHigher ? source : destination;
    key[PROTOCOL] = protocolKey(columns, row) | (isIpv6 ? KIND_IPV6 : 0);
    key[PORTS] = isHigher ? (destinationPort << 16) | sourcePort : (sourcePort << 16) | destinationPort;
    key[LOWER] = low[at + 3]!;
    key[HIGHER] = high[at + 3]!;
    for (let word = 0; isIpv6 && word < 3; word += 1) {
      key[REST + word] = low[at + word]!;
      key[REST + 3 + word] = high[at + word]!;
    }
    return isHigher;
  }

  /** Offset of the key's entry, or -1. */
  #find(): number {
    const entries = this.#entries;
    const key = this.#key;
    const words = this.#keyWords;
    if (this.#used > 0 && isSameKey(entries, this.#last, key, words)) return this.#last;
    const hash = this.#hash();
    let slot = hash & this.#mask;
    for (let probes = 0; probes < MAX_PROBES; probes += 1) {
      const entry = this.#slots[slot]!;
      if (entry === 0) return -1;
      const at = (entry - 1) * STRIDE;
      if (entries[at + HASH] === hash && isSameKey(entries, at, key, words)) return at;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  /** Seeded mix of the key's words (the finisher is MurmurHash3's). */
  #hash(): number {
    const key = this.#key;
    let hash = this.#seed;
    for (let word = 0; word < this.#keyWords; word += 1) {
      hash = Math.imul(hash ^ key[word]!, 0x9e37_79b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    return hash ^ (hash >>> 13);
  }

  /** Gives the key an entry: a fresh one, or that of an evicted flow. */
  #insert(): number {
    const hash = this.#hash();
    if (this.#used * 2 >= this.#slots.length && this.#used < this.#capacity) this.#grow();
    const slot = this.#endOfRun(hash);
    let entry = this.#slots[slot]! - 1;
    if (entry >= 0) {
      // Too many keys with this hash: the last one looked at makes room.
      this.evicted += 1;
    } else if (this.#used < this.#capacity) {
      entry = this.#used;
      this.#used += 1;
      this.#slots[slot] = entry + 1;
    } else {
      entry = this.#evict();
      this.#slots[this.#endOfRun(hash)] = entry + 1;
    }
    const at = entry * STRIDE;
    for (let word = 0; word < this.#keyWords; word += 1) this.#entries[at + word] = this.#key[word]!;
    this.#entries[at + HASH] = hash;
    return at;
  }

  /** Doubles the index and enters every flow again. */
  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(before.length * 2);
    this.#mask = this.#slots.length - 1;
    for (const occupant of before) {
      if (occupant !== 0) this.#slots[this.#endOfRun(this.#entries[(occupant - 1) * STRIDE + HASH]!)] = occupant;
    }
  }

  /** The first free slot for a hash, or the last one that may be looked at. */
  #endOfRun(hash: number): number {
    let slot = hash & this.#mask;
    for (let probes = 1; this.#slots[slot] !== 0 && probes < MAX_PROBES; probes += 1) slot = (slot + 1) & this.#mask;
    return slot;
  }

  /** Takes the next entry that had no packet since the hand last passed out of the index. */
  #evict(): number {
    const entries = this.#entries;
    for (;;) {
      const at = this.#hand * STRIDE;
      if ((entries[at + STATE]! & WAS_USED) === 0) break;
      entries[at + STATE]! &= ~WAS_USED;
      this.#hand = (this.#hand + 1) & (this.#capacity - 1);
    }
    const entry = this.#hand;
    this.#hand = (this.#hand + 1) & (this.#capacity - 1);
    this.#removeFromIndex(entry);
    this.evicted += 1;
    return entry;
  }

  /** Frees the entry's slot and moves later ones of the same run back, so that no search stops short. */
  #removeFromIndex(entry: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = this.#entries[entry * STRIDE + HASH]! & mask;
    while (slots[hole] !== entry + 1) {
      // Colliding keys may have pushed it out of the index already.
      if (slots[hole] === 0) return;
      hole = (hole + 1) & mask;
    }
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#entries[(slots[slot]! - 1) * STRIDE + HASH]! & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot]!;
      hole = slot;
    }
    slots[hole] = 0;
  }

  /** A silent flow speaks again, or a closed connection's ports are used for a new one. */
  #isNewGeneration(at: number, second: number, tcpFlags: number): boolean {
    const entries = this.#entries;
    const isTcp = (entries[at + PROTOCOL]! & ~KIND_IPV6) === 6;
    const silence = (second - entries[at + LAST_SECOND]!) | 0;
    if (silence > (isTcp ? TCP_IDLE_SECONDS : OTHER_IDLE_SECONDS)) return true;
    return (entries[at + STATE]! & IS_CLOSED) !== 0 && (tcpFlags & (SYN | ACK)) === SYN;
  }
}

/** Protocol and ports first: the protocol says whether more than the first four words count. */
function isSameKey(entries: Int32Array, at: number, key: Int32Array, words: number): boolean {
  for (let word = 0; word < words; word += 1) if (entries[at + word] !== key[word]) return false;
  return true;
}

/** What a packet must share with others of its flow besides addresses and ports: the protocol, and its kind of message. */
export function protocolKey(columns: PacketColumns, row: number): number {
  const layers = columns.layers[row]!;
  if ((layers & LAYER.arp) !== 0) return KIND_ARP;
  const protocol = columns.ipProtocol[row]!;
  if ((layers & LAYER.ports) !== 0) return protocol;
  if ((layers & LAYER.anyIcmp) !== 0 && isIcmpError(layers, columns.icmpType[row]!)) return protocol | KIND_ICMP_ERROR;
  return (layers & LAYER.fragment) !== 0 ? protocol | KIND_NO_PORTS : protocol;
}

/** Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 792); ICMPv6 types below 128. */
function isIcmpError(layers: number, type: number): boolean {
  if ((layers & LAYER.icmpv6) !== 0) return type < 128;
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}
