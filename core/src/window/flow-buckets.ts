/** The buckets of one partial or pane: found by the hash of kind and key, bounded, with a count of what did not fit. */
import {
  BATCH_CONTACTS,
  BUCKET_KINDS,
  BUCKET_KIND_COUNT,
  bucketFor,
  bucketHash,
  emptyBucket,
  foldRow,
  mergeBucket,
  PANE_CONTACTS,
  type FlowBucket,
} from './flow-bucket.ts';
import type { FlowRecords } from './flow-records.ts';
import { initiatorSide } from './flow-traits.ts';

/** Buckets of each kind that a batch's partial keeps: the ones with the most flows. */
export const BATCH_BUCKETS_PER_KIND = 12;
/** Below this many flows in a batch, a key says nothing a detector would listen to. */
const MIN_FLOWS = 8;
/** Hashes all contact sets of a batch may have together: few buckets get exact ones. */
const BATCH_CONTACTS_TOTAL = BATCH_BUCKETS_PER_KIND * BUCKET_KIND_COUNT * BATCH_CONTACTS;
/** Buckets a pane keeps, all kinds together. */
export const PANE_BUCKETS = 4096;
/** Slots of the counting table of a fold: keys of five kinds for the flows of one batch, at most half full. */
const SLOTS = 65_536;

export class FlowBuckets {
  readonly #byHash = new Map<number, FlowBucket>();

  get size(): number {
    return this.#byHash.size;
  }

  /** [key hash, bucket], ascending by hash: the same buckets are always in the same order. */
  entries(): (readonly [number, FlowBucket])[] {
    return [...this.#byHash].sort((a, b) => a[0] - b[0]);
  }

  /**
   * Adds one bucket under its key hash.
   * @returns false when the bound does not allow a new key
   */
  add(hash: number, bucket: FlowBucket, limit = PANE_BUCKETS): boolean {
    let mine = this.#byHash.get(hash);
    if (mine === undefined) {
      if (this.#byHash.size >= limit) return false;
      mine = emptyBucket({ ...bucket, contactLimit: PANE_CONTACTS });
      this.#byHash.set(hash, mine);
    }
    mergeBucket(mine, bucket);
    return true;
  }

  /**
   * Adds one flow to the buckets of all its kinds.
   * @returns keys for which the bound allowed no bucket
   */
  fold(table: FlowRecords, row: number, limit = PANE_BUCKETS): number {
    const initiator = initiatorSide(table, row);
    let dropped = 0;
    for (let kind = 0; kind < BUCKET_KIND_COUNT; kind++) {
      const hash = bucketHash(table, row, kind, initiator);
      let bucket = this.#byHash.get(hash);
      if (bucket === undefined && this.#byHash.size < limit) {
        bucket = bucketFor(table, row, kind, initiator, PANE_CONTACTS);
        this.#byHash.set(hash, bucket);
      }
      if (bucket === undefined) dropped++;
      else foldRow(bucket, table, row, initiator);
    }
    return dropped;
  }

  /**
   * Adds many flows, but keeps only the keys with the most of them: counts first, so that no object is made for the
   * thousands of keys a flood has once.
   * @param rows which rows of `table`
   * @returns keys for which no bucket was kept
   */
  foldHeavy(table: FlowRecords, rows: readonly number[]): number {
    const counting = new KeyCounts();
    const hashes = new Uint32Array(rows.length * BUCKET_KIND_COUNT);
    rows.forEach((row, index) => {
      const initiator = initiatorSide(table, row);
      for (let kind = 0; kind < BUCKET_KIND_COUNT; kind++) {
        const hash = bucketHash(table, row, kind, initiator);
        hashes[index * BUCKET_KIND_COUNT + kind] = hash;
        counting.add(hash, kind);
      }
    });
    const kept = counting.heaviest();
    const contactLimit = Math.min(PANE_CONTACTS, Math.floor(BATCH_CONTACTS_TOTAL / Math.max(1, kept.size)));
    rows.forEach((row, index) => {
      const initiator = initiatorSide(table, row);
      for (let kind = 0; kind < BUCKET_KIND_COUNT; kind++) {
        const hash = hashes[index * BUCKET_KIND_COUNT + kind]!;
        if (!kept.has(hash)) continue;
        let bucket = this.#byHash.get(hash);
        if (bucket === undefined) {
          bucket = bucketFor(table, row, kind, initiator, contactLimit);
          this.#byHash.set(hash, bucket);
        }
        foldRow(bucket, table, row, initiator);
      }
    });
    return counting.distinct - kept.size;
  }
}

/** Flows per key hash of one fold, by open addressing. */
class KeyCounts {
  distinct = 0;
  readonly #hashes = new Uint32Array(SLOTS);
  readonly #kinds = new Uint8Array(SLOTS);
  readonly #flows = new Uint32Array(SLOTS);

  add(hash: number, kind: number): void {
    let slot = hash & (SLOTS - 1);
    while (this.#flows[slot]! > 0 && this.#hashes[slot] !== hash) slot = (slot + 1) & (SLOTS - 1);
    if (this.#flows[slot] === 0) {
      this.#hashes[slot] = hash;
      this.#kinds[slot] = kind;
      this.distinct++;
    }
    this.#flows[slot]!++;
  }

  /** The hashes of the keys with the most flows, at most BATCH_BUCKETS_PER_KIND of each kind; ties by hash. */
  heaviest(): Set<number> {
    const kept = new Set<number>();
    for (let kind = 0; kind < BUCKET_KINDS.length; kind++) {
      const slots: number[] = [];
      for (let slot = 0; slot < SLOTS; slot++) {
        if (this.#flows[slot]! >= MIN_FLOWS && this.#kinds[slot] === kind) slots.push(slot);
      }
      slots.sort((a, b) => this.#flows[b]! - this.#flows[a]! || this.#hashes[a]! - this.#hashes[b]!);
      for (const slot of slots.slice(0, BATCH_BUCKETS_PER_KIND)) kept.add(this.#hashes[slot]!);
    }
    return kept;
  }
}
