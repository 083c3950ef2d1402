/** The spans of time that partitions hold, and how a range of time is walked through them. All in UTC. */
import { PipelineError } from '@tapline/core/errors';
import { parseTime } from '@tapline/core/packet/time';

/** Milliseconds since 1970. */
export interface TimeSpan {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
const WIDTH_MS: Readonly<Record<string, number>> = {
  minute: MINUTE_MS,
  ten_minutes: 10 * MINUTE_MS,
  hour: 60 * MINUTE_MS,
  clock_hour: 60 * MINUTE_MS,
  day: 24 * 60 * MINUTE_MS,
};

/** Names of parameters that are such a span; `window` is as long as the deployment's windows. */
export const BUCKETS = [...Object.keys(WIDTH_MS), 'window', 'month', 'year'] as const;

/** The span of a kind that holds a time. */
export function bucketAt(kind: string, timeMs: number, windowMs: number): TimeSpan {
  if (kind === 'month' || kind === 'year') {
    const time = new Date(timeMs);
    const month = kind === 'month' ? time.getUTCMonth() : 0;
    const months = kind === 'month' ? 1 : 12;
    return { fromMs: monthMs(time.getUTCFullYear(), month), toMs: monthMs(time.getUTCFullYear(), month + months) };
  }
  const width = kind === 'window' ? windowMs : WIDTH_MS[kind]!;
  const fromMs = Math.floor(timeMs / width) * width;
  return { fromMs, toMs: fromMs + width };
}

/** Date.UTC takes the years 0 to 99 for 1900 to 1999. */
function monthMs(year: number, month: number): number {
  return new Date(0).setUTCFullYear(year, month, 1);
}

/** The spans of a kind that overlap a range, in time order. */
export function* bucketsIn(kind: string, range: TimeSpan, windowMs: number): Generator<TimeSpan> {
  let bucket = bucketAt(kind, range.fromMs, windowMs);
  while (bucket.fromMs < range.toMs) {
    yield bucket;
    bucket = bucketAt(kind, bucket.toMs, windowMs);
  }
}

/** A span as the value of its partition key. */
export function bucketText(kind: string, { fromMs }: TimeSpan): string {
  const text = timeText(fromMs);
  if (kind === 'year') return String(new Date(fromMs).getUTCFullYear());
  return kind === 'day' || kind === 'month' ? text.slice(0, text.indexOf('T')) : text;
}

/** A time as CQL reads it: ISO 8601 with milliseconds. */
export function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** The span that a person wrote: `2026`, `2026-11`, `2026-11-24` or a time within it. Throws PipelineError USAGE. */
export function parseBucket(kind: string, text: string, windowMs: number): TimeSpan {
  const isDate = /^\d{4}(?:-\d\d){0,2}$/.test(text);
  const timeMs = isDate ? Date.parse(text) : (parseTime(text)?.timeUs ?? NaN) / 1000;
  if (Number.isNaN(timeMs)) {
    throw new PipelineError(
      'USAGE',
      `parameter ${kind} is ${JSON.stringify(text)}: use for example 2026-11-24 or 2026-11-24T04:00:00Z`,
    );
  }
  return bucketAt(kind, timeMs, windowMs);
}
