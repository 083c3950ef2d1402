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
    const counting = new KeyCounts(rows.length * BUCKET_KIND_COUNT);
    for (const row of rows) {
      const initiator = initiatorSide(table, row);
      for (let kind = 0; kind < BUCKET_KIND_COUNT; kind++) counting.add(bucketHash(table, row, kind, initiator), kind);
    }
    const kept = counting.heaviest();
    const contactLimit = Math.min(PANE_CONTACTS, Math.floor(BATCH_CONTACTS_TOTAL / Math.max(1, kept.size)));
    let key = 0;
    for (const row of rows) {
      const initiator = initiatorSide(table, row);
      for (let kind = 0; kind < BUCKET_KIND_COUNT; kind++) {
        const hash = counting.hashAt(key++);
        if (!kept.has(hash)) continue;
        let bucket = this.#byHash.get(hash);
        if (bucket === undefined) {
          bucket = bucketFor(table, row, kind, initiator, contactLimit);
          this.#byHash.set(hash, bucket);
        }
        foldRow(bucket, table, row, initiator);
      }
    }
    return counting.distinct - kept.size;
  }
}

/** Flows per key hash of one fold, by open addressing. */
class KeyCounts {
  /** Different keys so far: places 0 to distinct - 1 of the next three. */
  distinct = 0;
  readonly #hashes: Uint32Array;
  readonly #kinds: Uint8Array;
  readonly #flows: Uint32Array;
  /** Place of a key by its hash, -1 = free; and the hashes in the order they were added. */
  readonly #slots: Int32Array;
  readonly #added: Uint32Array;
  #additions = 0;

  /** @param capacity how many keys are going to be added at most */
  constructor(capacity: number) {
    this.#hashes = new Uint32Array(capacity);
    this.#kinds = new Uint8Array(capacity);
    this.#flows = new Uint32Array(capacity);
    this.#added = new Uint32Array(capacity);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * capacity + 2))).fill(-1);
  }

  add(hash: number, kind: number): void {
    this.#added[this.#additions++] = hash;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    let place = this.#slots[slot]!;
    while (place >= 0 && this.#hashes[place] !== hash) {
      slot = (slot + 1) & mask;
      place = this.#slots[slot]!;
    }
    if (place < 0) {
      place = this.distinct++;
      this.#slots[slot] = place;
      this.#hashes[place] = hash;
      this.#kinds[place] = kind;
    }
    this.#flows[place]!++;
  }

  /** The hash of the `index`th addition. */
  hashAt(index: number): number {
    return this.#added[index]!;
  }

  /** The hashes of the keys with the most flows, at most BATCH_BUCKETS_PER_KIND of each kind; ties by hash. */
  heaviest(): Set<number> {
    const byKind: number[][] = BUCKET_KINDS.map(() => []);
    for (let place = 0; place < this.distinct; place++) {
      if (this.#flows[place]! >= MIN_FLOWS) byKind[this.#kinds[place]!]!.push(place);
    }
    const kept = byKind.flatMap((places) =>
      places
        .sort((a, b) => this.#flows[b]! - this.#flows[a]! || this.#hashes[a]! - this.#hashes[b]!)
        .slice(0, BATCH_BUCKETS_PER_KIND),
    );
    return new Set(kept.map((place) => this.#hashes[place]!));
  }
}
