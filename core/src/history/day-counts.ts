/**
 * The counts of one host over the last days, as a histogram per day: what is older than the days that are kept is forgotten.
 * Windows in which nothing was noted are not in it: how many they are, whoever counts the windows of all hosts knows.
 */
import type { Baseline } from '../detect/usual.ts';
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { bucketOf, BUCKETS, valueOf } from '../sketch/log-histogram.ts';

const WINDOWS_A_DAY_MOST = 86_400;

interface Day {
  readonly day: number;
  /** Windows by the bucket of their count. */
  readonly counts: Map<number, number>;
  /** Windows that were not learned from. */
  left: number;
}

/** By day, newest first. */
export class DayCounts {
  readonly #daysMost: number;
  #days: Day[] = [];

  constructor(daysMost: number) {
    this.#daysMost = daysMost;
  }

  learn(day: number, value: number): void {
    const { counts } = this.#at(day);
    const bucket = bucketOf(value);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }

  /** Counts a window that is not learned from. */
  leave(day: number): void {
    this.#at(day).left++;
  }

  #at(day: number): Day {
    if (this.#days[0]?.day !== day) {
      this.#days = this.#days.filter((one) => one.day > day - this.#daysMost);
      this.#days.unshift({ day, counts: new Map(), left: 0 });
    }
    return this.#days[0]!;
  }

  /**
   * @param known windows of all hosts on the days from `fromDay` on, in which this one may have been
   */
  baseline(known: number, fromDay: number): Omit<Baseline, 'sinceUs'> {
    const days = this.#days.filter(({ day }) => day >= fromDay);
    const windows = Math.max(0, known - days.reduce((sum, { left }) => sum + left, 0));
    const counts = new Map<number, number>();
    for (const one of days) for (const [bucket, n] of one.counts) counts.set(bucket, (counts.get(bucket) ?? 0) + n);
    const ascending = [...counts].sort(([a], [b]) => a - b);
    const noted = ascending.reduce((sum, [, n]) => sum + n, 0);
    let [sum, squares] = [0, 0];
    for (const [bucket, n] of ascending) {
      sum += n * valueOf(bucket);
      squares += n * valueOf(bucket) ** 2;
    }
    const mean = windows === 0 ? 0 : sum / windows;
    const quantile = (q: number): number => {
      let left = Math.ceil(q * windows) - (windows - noted);
      for (const [bucket, n] of ascending) {
        if (left <= 0) return 0;
        left -= n;
        if (left <= 0) return whole(valueOf(bucket));
      }
      return 0;
    };
    return {
      median: quantile(0.5),
      p99: quantile(0.99),
      most: whole(valueOf(ascending.at(-1)?.[0] ?? 0)),
      mean,
      variance: windows === 0 ? 0 : Math.max(0, squares / windows - mean * mean),
      windows,
    };
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#days.length);
    for (const { day, counts, left } of this.#days) {
      writer.signed(day);
      writer.varint(left);
      writer.varint(counts.size);
      let before = 0;
      for (const [bucket, n] of [...counts].sort(([a], [b]) => a - b)) {
        writer.varint(bucket - before);
        writer.varint(n);
        before = bucket;
      }
    }
  }

  static decode(reader: ByteReader, daysMost: number): DayCounts {
    const decoded = new DayCounts(daysMost);
    for (let days = reader.bounded(daysMost, 'days'); days > 0; days--) {
      const [day, left] = [reader.signed(), reader.bounded(WINDOWS_A_DAY_MOST, 'windows')];
      const counts = new Map<number, number>();
      let bucket = 0;
      for (let filled = reader.bounded(BUCKETS, 'buckets'); filled > 0; filled--) {
        bucket += reader.bounded(BUCKETS - 1 - bucket, 'as a bucket');
        counts.set(bucket, reader.varint());
      }
      decoded.#days.push({ day, counts, left });
    }
    return decoded;
  }
}

/** The bucket of 1 holds 1, whatever the middle of its borders. */
const whole = (value: number): number => Math.round(value);
