/** Windows and the watermark that closes them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '@tapline/core/errors';
import { checkWindowWidth, windowStart } from '@tapline/core/window/time-window';
import { Watermark } from '@tapline/core/window/watermark';

describe('windowStart', () => {
  it('puts every time, before 1970 too, into exactly one aligned window', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 300 }), (timeUs, seconds) => {
        fc.pre(Math.abs(timeUs) < 2 ** 52);
        const windowUs = seconds * 1_000_000;
        const start = windowStart(timeUs, windowUs);
        expect(Math.abs(start % windowUs)).toBe(0);
        expect(start).toBeLessThanOrEqual(timeUs);
        expect(timeUs).toBeLessThan(start + windowUs);
      }),
    );
  });

  it('allows whole seconds up to five minutes', () => {
    for (const width of [0, -1, 500_000, 1_500_000, 301_000_000, NaN, Infinity]) {
      expect(() => {
        checkWindowWidth(width);
      }).toThrow(PipelineError);
    }
    for (const width of [1_000_000, 10_000_000, 300_000_000]) checkWindowWidth(width);
  });
});

describe('Watermark', () => {
  it('is the slowest open session, never goes back, and is infinite when all have ended', () => {
    const watermark = new Watermark();
    expect(watermark.us).toBe(-Infinity);
    watermark.advance('a', 100, false);
    watermark.advance('b', null, false);
    expect(watermark.us).toBe(-Infinity);
    watermark.advance('b', 50, false);
    watermark.advance('b', 40, false);
    expect(watermark.us).toBe(50);
    expect(watermark.hasPassed(50)).toBe(true);
    expect(watermark.isFinal(50, 1)).toBe(false);
    watermark.advance('b', 60, true);
    expect(watermark.us).toBe(100);
    // A heartbeat that was overtaken by the last one does not open the session again.
    watermark.advance('b', 55, false);
    expect(watermark.us).toBe(100);
    watermark.advance('a', 100, true);
    expect(watermark.us).toBe(Infinity);
  });
});
