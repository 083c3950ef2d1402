/** Shannon entropy of a distribution over arbitrarily many keys, from 1,024 counters. */
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

export const BIN_COUNT = 1024;
/** Filled bins up to which a map is smaller than all the counters (a batch may touch thousands of windows). */
const FEW = 48;

/**
 * Keys fall into 1,024 bins by hash; the entropy of the bins is the estimate. Counts are exact (below 2^32) and merge by
 * addition, so order never matters. Binning only merges keys, so the estimate is never above the true entropy (data
 * processing inequality, Cover & Thomas, "Elements of Information Theory", 2.8) and at most log2(1024) = 10 bits; for n
 * evenly used keys the expected loss is about n / 1,024 bits (n < 1,024), below 0.1 bit up to some 100 keys. As a signal
 * of change: Lakhina, Crovella, Diot, "Mining anomalies using traffic feature distributions" (SIGCOMM 2005).
 */
export class HashedBins {
  #few: Map<number, number> | undefined = new Map();
  #counts: Uint32Array | undefined;

  add(hash: number, weight: number): void {
    const bin = hash & (BIN_COUNT - 1);
    if (this.#few !== undefined) {
      this.#few.set(bin, (this.#few.get(bin) ?? 0) + weight);
      if (this.#few.size > FEW) this.#spread();
    } else this.#counts![bin]! += weight;
  }

  merge(other: HashedBins): void {
    if (other.#few !== undefined) {
      for (const [bin, count] of other.#few) this.add(bin, count);
      return;
    }
    const mine = this.#spread();
    const theirs = other.#counts!;
    for (let bin = 0; bin < BIN_COUNT; bin++) mine[bin]! += theirs[bin]!;
  }

  /** Entropy in bits, 0 to 10; 0 when empty. */
  entropy(): number {
    let total = 0;
    let sum = 0;
    const filled = this.#filled();
    for (let at = 1; at < filled.length; at += 2) {
      const count = filled[at]!;
      total += count;
      sum += count * Math.log2(count);
    }
    return total === 0 ? 0 : Math.max(0, Math.log2(total) - sum / total);
  }

  encode(writer: ByteWriter): void {
    const filled = this.#filled();
    const count = filled.length / 2;
    writer.varint(count);
    // Half full or more: the bare counts are shorter than (distance, count).
    if (count >= BIN_COUNT / 2) for (const value of this.#spread()) writer.varint(value);
    else {
      for (let at = 0; at < filled.length; at += 2) {
        writer.varint(filled[at]! - (at === 0 ? 0 : filled[at - 2]!));
        writer.varint(filled[at + 1]!);
      }
    }
  }

  static decode(reader: ByteReader): HashedBins {
    const bins = new HashedBins();
    const filled = reader.bounded(BIN_COUNT, 'bins');
    if (filled >= BIN_COUNT / 2) {
      const counts = bins.#spread();
      for (let bin = 0; bin < BIN_COUNT; bin++) counts[bin] = reader.bounded(0xffff_ffff, 'in a bin');
      return bins;
    }
    let bin = 0;
    for (let index = 0; index < filled; index++) {
      bin += reader.varint();
      if (bin >= BIN_COUNT) throw reader.damage('has a bin that does not exist');
      bins.add(bin, reader.bounded(0xffff_ffff, 'in a bin'));
    }
    return bins;
  }

  /** Bin and count of the bins that are not empty, in turn, ascending by bin: sums must not depend on the form. */
  #filled(): Uint32Array {
    if (this.#few !== undefined) {
      const bins = Uint32Array.from(this.#few.keys()).sort();
      return Uint32Array.from({ length: 2 * bins.length }, (_, at) => {
        const bin = bins[at >>> 1]!;
        return (at & 1) === 0 ? bin : this.#few!.get(bin)!;
      });
    }
    const filled = new Uint32Array(2 * BIN_COUNT);
    let length = 0;
    for (let bin = 0; bin < BIN_COUNT; bin++) {
      if (this.#counts![bin] === 0) continue;
      filled[length++] = bin;
      filled[length++] = this.#counts![bin]!;
    }
    return filled.subarray(0, length);
  }

  /** All counters, changing over to them if need be. */
  #spread(): Uint32Array {
    if (this.#counts !== undefined) return this.#counts;
    const counts = new Uint32Array(BIN_COUNT);
    for (const [bin, count] of this.#few!) counts[bin] = count;
    this.#few = undefined;
    this.#counts = counts;
    return counts;
  }
}
