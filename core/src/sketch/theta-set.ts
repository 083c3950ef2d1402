/**
 * A bounded set of hashes that stays exact while small and can still be united and counted when it is not. Windows
 * of a scan are united with it: counts alone could not tell ten new hosts from the same ten again.
 */
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

const FULL = 2 ** 32;

/**
 * Theta sketch: Dasgupta, Lang, Rhodes, Thaler, "A framework for estimating stream expression cardinalities" (ICDT 2016).
 * Keeps all hashes below `theta`; while nothing was cut the count is exact, then the relative standard error is
 * 1 / sqrt(k - 2): 18 % at k = 32, 6 % at 256, 3 % at 1,024. Sets of equal k merge to the same state in any order.
 */
export class ThetaSet {
  readonly k: number;
  readonly #hashes = new Set<number>();
  #theta = FULL;

  constructor(k: number) {
    this.k = k;
  }

  /** A set from its parts, e.g. the `contacts` of evidence. */
  static of(k: number, hashes: Iterable<number>, theta = FULL): ThetaSet {
    const set = new ThetaSet(k);
    set.#theta = theta;
    for (const hash of hashes) set.add(hash);
    return set;
  }

  get theta(): number {
    return this.#theta;
  }

  add(hash: number): void {
    if (hash >= this.#theta) return;
    this.#hashes.add(hash);
    // Cutting at twice k makes the sort rare; reading always cuts to k first, so the state does not show the slack.
    if (this.#hashes.size >= 2 * this.k) this.#cut();
  }

  merge(other: ThetaSet): void {
    if (other.#theta < this.#theta) {
      this.#theta = other.#theta;
      for (const hash of this.#hashes) if (hash >= this.#theta) this.#hashes.delete(hash);
    }
    for (const hash of other.#hashes) this.add(hash);
  }

  /** Estimated number of distinct hashes; exact while theta is 2^32. */
  estimate(): number {
    this.#cut();
    return this.#theta === FULL ? this.#hashes.size : this.#hashes.size / (this.#theta / FULL);
  }

  /** The kept hashes, ascending. */
  hashes(): number[] {
    this.#cut();
    return [...this.#hashes].sort((a, b) => a - b);
  }

  encode(writer: ByteWriter): void {
    const hashes = this.hashes();
    writer.varint(hashes.length);
    if (this.#theta === FULL) writer.u8(0);
    else {
      writer.u8(1);
      writer.u32(this.#theta);
    }
    for (const hash of hashes) writer.u32(hash);
  }

  static decode(reader: ByteReader, k: number): ThetaSet {
    const count = reader.bounded(k, 'hashes');
    const theta = reader.u8() === 0 ? FULL : reader.u32();
    const hashes = Array.from({ length: count }, () => reader.u32());
    const set = ThetaSet.of(k, hashes, theta);
    if (set.#hashes.size !== count) throw reader.damage('has a hash above its own bound');
    return set;
  }

  #cut(): void {
    if (this.#hashes.size <= this.k) return;
    const sorted = [...this.#hashes].sort((a, b) => a - b);
    this.#theta = sorted[this.k]!;
    for (let index = this.k; index < sorted.length; index++) this.#hashes.delete(sorted[index]!);
  }
}
