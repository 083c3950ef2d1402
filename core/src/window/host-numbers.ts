/** Small numbers for the hosts of a pane, so that grouping by host needs no text; the text is made when it is shown. */
import { formatAddress } from '../packet/address.ts';
import { hashAddress } from '../sketch/hash.ts';
import { isUnicast } from './flow-traits.ts';

const INITIAL = 256;

export class HostNumbers {
  count = 0;
  #words = new Uint32Array(4 * INITIAL);
  #types = new Uint8Array(INITIAL);
  #hashes = new Uint32Array(INITIAL);
  /** Host number by hash, -1 = free; at most half full. */
  #slots = new Int32Array(2 * INITIAL).fill(-1);

  /** Number of the address at row `row` of an address column. */
  of(words: Uint32Array, row: number, type: number): number {
    const hash = hashAddress(words, 4 * row);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const host = this.#slots[slot]!;
      if (host < 0) return this.#add(words, row, type, hash, slot);
      if (this.#hashes[host] === hash && this.#is(host, words, 4 * row)) return host;
    }
  }

  text(host: number): string {
    return formatAddress(this.#words, host, this.#types[host]!);
  }

  /** The hash under which the host appears in contact sets. */
  hash(host: number): number {
    return this.#hashes[host]!;
  }

  /** See ADDRESS_TYPE. */
  type(host: number): number {
    return this.#types[host]!;
  }

  /** Whether it is one host's address, not multicast or broadcast. */
  isUnicast(host: number): boolean {
    return isUnicast(this.#words, 4 * host);
  }

  #is(host: number, words: Uint32Array, at: number): boolean {
    const mine = this.#words;
    const place = 4 * host;
    return (
      mine[place + 3] === words[at + 3] &&
      mine[place + 2] === words[at + 2] &&
      mine[place + 1] === words[at + 1] &&
      mine[place] === words[at]
    );
  }

  #add(words: Uint32Array, row: number, type: number, hash: number, slot: number): number {
    const host = this.count++;
    if (host === this.#types.length) this.#grow();
    for (let word = 0; word < 4; word++) this.#words[4 * host + word] = words[4 * row + word]!;
    this.#types[host] = type;
    this.#hashes[host] = hash;
    this.#slots[slot] = host;
    if (2 * this.count > this.#slots.length) this.#rehash();
    return host;
  }

  #grow(): void {
    const { length } = this.#types;
    const [words, types, hashes] = [
      new Uint32Array(8 * length),
      new Uint8Array(2 * length),
      new Uint32Array(2 * length),
    ];
    words.set(this.#words);
    types.set(this.#types);
    hashes.set(this.#hashes);
    [this.#words, this.#types, this.#hashes] = [words, types, hashes];
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length).fill(-1);
    const mask = this.#slots.length - 1;
    for (let host = 0; host < this.count; host++) {
      let slot = this.#hashes[host]! & mask;
      while (this.#slots[slot]! >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = host;
    }
  }
}
