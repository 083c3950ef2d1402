import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TIME_LIMIT_US, TimeScale } from '@tapline/core/pcap/time';

/** The same in arbitrary precision: whole nanoseconds, truncated, then split. */
function exactly(resolution: number, offset: bigint, units: bigint): { timeUs: number; timeNs: number } {
  const exponent = BigInt(resolution & 0x7f);
  const nanoseconds =
    (resolution & 0x80) === 0 ? (units * 1_000_000_000n) / 10n ** exponent : (units * 1_000_000_000n) >> exponent;
  const timeUs = nanoseconds / 1000n + offset * 1_000_000n;
  const limit = BigInt(TIME_LIMIT_US);
  if (timeUs >= limit) return { timeUs: TIME_LIMIT_US, timeNs: 0 };
  if (timeUs <= -limit) return { timeUs: -TIME_LIMIT_US, timeNs: 0 };
  return { timeUs: Number(timeUs), timeNs: Number(nanoseconds % 1000n) };
}

function converted(resolution: number, offset: number, units: bigint): { timeUs: number; timeNs: number } {
  const scale = new TimeScale(resolution, offset);
  scale.convert(Number(units >> 32n), Number(units & 0xffff_ffffn));
  return { timeUs: scale.timeUs, timeNs: scale.timeNs };
}

const units = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 53n }),
  fc.bigInt({ min: 1_400_000_000_000_000n, max: 1_900_000_000_000_000n }),
  fc.bigInt({ min: 1_400_000_000_000_000_000n, max: 1_900_000_000_000_000_000n }),
);

describe('TimeScale', () => {
  it('equals arbitrary-precision arithmetic for every resolution and every count of units', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), units, (resolution, count) => {
        expect(converted(resolution, 0, count)).toEqual(exactly(resolution, 0n, count));
      }),
      { numRuns: 5000 },
    );
  });

  it('adds a signed offset in seconds exactly', () => {
    const seconds = fc.integer({ min: -4_000_000_000, max: 4_000_000_000 });
    const inRange = fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n });
    fc.assert(
      fc.property(fc.constantFrom(6, 9, 12, 0x80 | 20, 0x80 | 32), seconds, inRange, (resolution, offset, count) => {
        fc.pre(exactly(resolution, 0n, count).timeUs < TIME_LIMIT_US);
        expect(converted(resolution, offset, count)).toEqual(exactly(resolution, BigInt(offset), count));
      }),
    );
  });

  it('keeps known values: microseconds by default, 1/1024 s, picoseconds cut to nanoseconds', () => {
    expect(converted(6, 0, 1_700_000_000_123_456n)).toEqual({ timeUs: 1_700_000_000_123_456, timeNs: 0 });
    expect(converted(9, 0, 1_700_000_000_123_456_789n)).toEqual({ timeUs: 1_700_000_000_123_456, timeNs: 789 });
    expect(converted(0x80 | 10, 0, 1025n)).toEqual({ timeUs: 1_000_976, timeNs: 562 });
    expect(converted(12, 0, 1_999_999n)).toEqual({ timeUs: 1, timeNs: 999 });
  });

  it('clamps what cannot be kept exactly, in both directions', () => {
    expect(converted(0, 0, 2n ** 64n - 1n)).toEqual({ timeUs: TIME_LIMIT_US, timeNs: 0 });
    expect(converted(6, -1e15, 0n)).toEqual({ timeUs: -TIME_LIMIT_US, timeNs: 0 });
    expect(converted(9, -(2 ** 63), 5n)).toEqual({ timeUs: -TIME_LIMIT_US, timeNs: 0 });
  });
});
