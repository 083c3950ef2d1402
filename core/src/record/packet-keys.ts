/**
 * What a stretch of packets has in it, small: a Bloom filter of the addresses, ports and protocols of its rows, so that a
 * search passes over what cannot hold a match. It may say "perhaps" wrongly, never "no".
 */
import type { PacketFilter } from '../detect/alert.ts';
import { parseAddress } from '../packet/address.ts';
import { LAYER, type PacketColumns } from '../packet/columns.ts';
import { ipProtocolNumber, isArp } from '../packet/protocol-keyword.ts';
import { hashAddress, hashPair, mix32 } from '../sketch/hash.ts';

/** Rows are gathered in this many bits, and folded to fewer when they fill few. */
const GATHER_BYTES = 8192;
const LEAST_BYTES = 64;
const PROBES = 4;
/** Flows whose keys were just added; a power of two. */
const RECENT_FLOWS = 1024;

const PORT = 1;
const PROTOCOL = 2;
/** Beside the 256 protocols of IP. */
const ARP = 256;

/** The filter of a stretch of which nothing is known: it may hold anything. */
export const ANY_KEYS: Uint8Array = new Uint8Array(LEAST_BYTES).fill(255);

export class PacketKeys {
  readonly #bits = new Uint8Array(GATHER_BYTES);
  /** A flow's packets share their keys, so a stretch costs by its flows. Flow numbers begin at 1. */
  readonly #recent = new Float64Array(RECENT_FLOWS);

  /** Adds the rows of a batch, whose flows are numbered. */
  add(columns: PacketColumns): void {
    const { flow, layers, source, destination, sourcePort, destinationPort, ipProtocol, count } = columns;
    for (let row = 0; row < count; row++) {
      const number = flow[row]!;
      const slot = number & (RECENT_FLOWS - 1);
      if (number !== 0 && this.#recent[slot] === number) continue;
      this.#recent[slot] = number;
      const has = layers[row]!;
      if ((has & LAYER.addresses) !== 0) {
        this.#set(hashAddress(source, row * 4));
        this.#set(hashAddress(destination, row * 4));
      }
      if ((has & LAYER.ports) !== 0) {
        this.#set(hashPair(PORT, sourcePort[row]!));
        this.#set(hashPair(PORT, destinationPort[row]!));
      }
      if ((has & LAYER.ip) !== 0) this.#set(hashPair(PROTOCOL, ipProtocol[row]!));
      if ((has & LAYER.arp) !== 0) this.#set(hashPair(PROTOCOL, ARP));
    }
  }

  /** The filter of what was added since the last call. */
  take(): Uint8Array {
    let bits = Uint8Array.from(this.#bits);
    while (bits.length > LEAST_BYTES && ones(bits) <= bits.length) {
      const half = bits.length / 2;
      for (let at = 0; at < half; at++) bits[at]! |= bits[half + at]!;
      bits = bits.slice(0, half);
    }
    this.clear();
    return bits;
  }

  /** Forgets what was added. */
  clear(): void {
    this.#bits.fill(0);
    this.#recent.fill(0);
  }

  #set(hash: number): void {
    const step = stepOf(hash);
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = (hash + probe * step) & (GATHER_BYTES * 8 - 1);
      this.#bits[bit >>> 3]! |= 1 << (bit & 7);
    }
  }
}

/** Hashes of everything that each packet of a filter has; an address that is none gives no hash. */
export function keysOfFilter({ host, peer, port, protocol }: PacketFilter): number[] {
  const keys: number[] = [];
  for (const text of [host, peer]) {
    const address = text === undefined ? undefined : parseAddress(text);
    if (address !== undefined) keys.push(hashAddress(Uint32Array.from(address.words), 0));
  }
  if (port !== undefined) keys.push(hashPair(PORT, port));
  const number = protocol === undefined ? undefined : isArp(protocol) ? ARP : ipProtocolNumber(protocol);
  if (number !== undefined) keys.push(hashPair(PROTOCOL, number));
  return keys;
}

/** Whether a stretch with the filter `bits` may have packets that have all `keys`. */
export function mayHold(bits: Uint8Array, keys: readonly number[]): boolean {
  const mask = bits.length * 8 - 1;
  return keys.every((hash) => {
    const step = stepOf(hash);
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = (hash + probe * step) & mask;
      if ((bits[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  });
}

function stepOf(hash: number): number {
  return mix32(hash) & 0xffff;
}

function ones(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
}
