/** Event times as CQL keeps them, and the buckets of time that partitions are cut by. All in UTC, right before 1970 too. */
import { types } from 'cassandra-driver';
import type { TimeRange } from '@tapline/core/ports';

export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;
export const TEN_MINUTES_US = 10 * MINUTE_US;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;

/** Beyond every time that a number holds exactly in microseconds, and a date to CQL and JavaScript alike. */
const FAR_US = 2 ** 53;

/** The millisecond that holds a time. */
export function timestamp(timeUs: number): Date {
  return new Date(Math.floor(timeUs / 1000));
}

/** The inverse of `timestamp` for whole milliseconds. */
export function microseconds(time: Date): number {
  return time.getTime() * 1000;
}

/** Start of the bucket of `widthUs` that holds a time. */
export function bucketStart(timeUs: number, widthUs: number): number {
  return Math.floor(timeUs / widthUs) * widthUs;
}

/** The same as CQL keeps it. */
export function bucket(timeUs: number, widthUs: number): Date {
  return timestamp(bucketStart(timeUs, widthUs));
}

export function dayOf(timeUs: number): types.LocalDate {
  const time = timestamp(timeUs);
  return new types.LocalDate(time.getUTCFullYear(), time.getUTCMonth() + 1, time.getUTCDate());
}

/** First day of the month that holds a time. */
export function monthOf(timeUs: number): types.LocalDate {
  const time = timestamp(timeUs);
  return new types.LocalDate(time.getUTCFullYear(), time.getUTCMonth() + 1, 1);
}

export function yearOf(timeUs: number): number {
  return timestamp(timeUs).getUTCFullYear();
}

/** The range with finite ends. */
export function finite({ fromUs, toUs }: TimeRange): TimeRange {
  return { fromUs: Math.max(fromUs, -FAR_US), toUs: Math.min(toUs, FAR_US) };
}

/** A range over times that are whole milliseconds: the same times, its ends as CQL compares them. */
export function timestampRange(range: TimeRange): readonly [from: Date, to: Date] {
  const { fromUs, toUs } = finite(range);
  return [new Date(Math.ceil(fromUs / 1000)), new Date(Math.ceil(toUs / 1000))];
}

/** A bigint column as a number. */
export function whole(value: unknown): number {
  return value instanceof types.Long ? value.toNumber() : Number(value);
}
