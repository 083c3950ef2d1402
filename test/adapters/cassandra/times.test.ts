/** Event times as CQL keeps them, before 1970 and at the far ends too. */
import { describe, expect, it } from 'vitest';
import {
  bucketStart,
  dayOf,
  DAY_US,
  finite,
  HOUR_US,
  microseconds,
  monthOf,
  timestamp,
  timestampRange,
  yearOf,
} from '@tapline/adapters/cassandra/times';

const at = (text: string): number => Date.parse(text) * 1000;

describe('times', () => {
  it('rounds down to the millisecond, day, month and year that hold a time, before 1970 too', () => {
    const late = at('1969-12-31T23:59:59.999Z') + 999;
    expect(timestamp(late).toISOString()).toBe('1969-12-31T23:59:59.999Z');
    expect([dayOf(late).toString(), monthOf(late).toString(), yearOf(late)]).toEqual([
      '1969-12-31',
      '1969-12-01',
      1969,
    ]);
    expect(bucketStart(-1, HOUR_US)).toBe(-HOUR_US);
    expect(bucketStart(-HOUR_US, HOUR_US)).toBe(-HOUR_US);
    expect(dayOf(at('2024-02-29T23:59:59.999Z')).toString()).toBe('2024-02-29');
  });

  it('does not depend on where the machine is', () => {
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Asia/Tokyo';
    try {
      expect(new Date(0).getHours()).toBe(9);
      expect(dayOf(at('2017-07-05T12:00:00Z')).toString()).toBe('2017-07-05');
      expect(monthOf(at('2017-07-31T23:00:00Z')).toString()).toBe('2017-07-01');
    } finally {
      process.env['TZ'] = zone;
    }
  });

  it('keeps every time that a number holds exactly', () => {
    for (const timeUs of [-(2 ** 53), 2 ** 53, 2 ** 52]) {
      expect(dayOf(timeUs).toString()).toBe(
        new Date(Math.floor(timeUs / DAY_US) * 86_400_000).toISOString().slice(0, 10),
      );
    }
  });

  it('turns a range over microseconds into one over whole milliseconds that holds the same of them', () => {
    const [from, to] = timestampRange({ fromUs: 1_001, toUs: 3_000 });
    expect([microseconds(from), microseconds(to)]).toEqual([2_000, 3_000]);
    const [start, after] = timestampRange({ fromUs: 2_000, toUs: 2_001 });
    expect([microseconds(start), microseconds(after)]).toEqual([2_000, 3_000]);
  });

  it('gives endless ranges ends', () => {
    const { fromUs, toUs } = finite({ fromUs: -Infinity, toUs: Infinity });
    expect([fromUs, toUs].map(Number.isFinite)).toEqual([true, true]);
    expect([fromUs <= -(2 ** 53), toUs >= 2 ** 53]).toEqual([true, true]);
  });
});
