/** Quantiles of sizes and durations with bounded relative error: logarithmic buckets, exact counts, exact merge. */
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Relative error of every quantile. */
const ALPHA = 0.02;
const GAMMA = (1 + ALPHA) / (1 - ALPHA);
const LOG_GAMMA = Math.log(GAMMA);
/** Bucket 0 holds the value 0; the last bucket holds everything from about 2^32 up. */
/** Buckets there are. */
export const BUCKETS = 1 + Math.ceil(Math.log(2 ** 32) / LOG_GAMMA) + 1;
/** Values below this find their bucket by table: a logarithm per packet would cost more than the rest of the packet. */
const TABLE_SIZE = 65_536;

const bucketBySearch = (value: number): number =>
  value < 1 ? 0 : Math.min(BUCKETS - 1, 1 + Math.ceil(Math.log(value) / LOG_GAMMA - 1e-9));

/** The bucket of a whole number that is 0 or more. */
export const bucketOf = (value: number): number => (value < TABLE_SIZE ? TABLE[value]! : bucketBySearch(value));

/** The number that is within 2 % of all in a bucket. */
export const valueOf = (bucket: number): number => (bucket === 0 ? 0 : (2 * GAMMA ** (bucket - 1)) / (GAMMA + 1));

const TABLE = Uint16Array.from({ length: TABLE_SIZE }, (_, value) => bucketBySearch(value));

/**
 * DDSketch: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees"
 * (VLDB 2019). Every quantile is within 2 % of a true value of that rank, in any merge order, for whole numbers
 * below 2^32; larger ones count as the last bucket.
 */
export class LogHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  /** Adds `count` occurrences of a value that is 0 or more. */
  add(value: number, count = 1): void {
    this.#counts[bucketOf(value)]! += count;
    this.#total += count;
  }

  get total(): number {
    return this.#total;
  }

  merge(other: LogHistogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += other.#counts[bucket]!;
    this.#total += other.#total;
  }

  /** The value below which a share `q` (0 to 1) of the values lies, within 2 %; 0 when empty. */
  quantile(q: number): number {
    const rank = q * (this.#total - 1);
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen > rank) return valueOf(bucket);
    }
    return 0;
  }

  /** Buckets that are not empty, as (distance to the previous one, count). */
  encode(writer: ByteWriter): void {
    let filled = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) if (this.#counts[bucket]! > 0) filled++;
    writer.varint(filled);
    let previous = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if (this.#counts[bucket] === 0) continue;
      writer.varint(bucket - previous);
      writer.varint(this.#counts[bucket]!);
      previous = bucket;
    }
  }

  static decode(reader: ByteReader): LogHistogram {
    const histogram = new LogHistogram();
    const filled = reader.bounded(BUCKETS, 'buckets');
    let bucket = 0;
    for (let index = 0; index < filled; index++) {
      bucket += reader.varint();
      if (bucket >= BUCKETS) throw reader.damage('has a bucket that does not exist');
      const count = reader.varint();
      histogram.#counts[bucket]! += count;
      histogram.#total += count;
    }
    return histogram;
  }
}
