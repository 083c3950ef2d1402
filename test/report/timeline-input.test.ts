import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { panned, snapped, zoomed } from '../../report/src/views/timeline-input.ts';

const SECOND = 1e6;
const EXTENT = { fromUs: 0, toUs: 3600 * SECOND };

const inside = fc
  .tuple(fc.integer({ min: 0, max: 3500 }), fc.integer({ min: 6, max: 100 }))
  .map(([from, span]) => ({ fromUs: from * SECOND, toUs: Math.min(3600, from + span) * SECOND }));

describe('zoom and pan', () => {
  test('zooming in halves the span, keeps the moment under the cursor and stays in the extent', () => {
    fc.assert(
      fc.property(inside, fc.double({ min: 0, max: 1, noNaN: true }), (range, share) => {
        const around = range.fromUs + share * (range.toUs - range.fromUs);
        const closer = zoomed(range, EXTENT, around, 0.5)!;
        const span = closer.toUs - closer.fromUs;
        expect(span).toBeCloseTo(Math.max(5 * SECOND, (range.toUs - range.fromUs) / 2), -1);
        expect(closer.fromUs).toBeLessThanOrEqual(around + 1);
        expect(closer.toUs).toBeGreaterThanOrEqual(around - 1);
        expect(closer.fromUs).toBeGreaterThanOrEqual(EXTENT.fromUs);
        expect(closer.toUs).toBeLessThanOrEqual(EXTENT.toUs);
      }),
    );
  });

  test('zooming out far enough shows everything and follows again', () => {
    expect(zoomed({ fromUs: 0, toUs: 3000 * SECOND }, EXTENT, SECOND, 2)).toBeNull();
  });

  test('panning moves by a share of the span and stops at the ends', () => {
    const range = { fromUs: 100 * SECOND, toUs: 140 * SECOND };
    expect(panned(range, EXTENT, 0.25)).toEqual({ fromUs: 110 * SECOND, toUs: 150 * SECOND });
    expect(panned(range, EXTENT, -5)).toEqual({ fromUs: 0, toUs: 40 * SECOND });
    expect(panned(range, EXTENT, 500)).toEqual({ fromUs: 3560 * SECOND, toUs: 3600 * SECOND });
  });

  test('a brushed range grows to whole seconds', () => {
    expect(snapped({ fromUs: 1_200_000, toUs: 3_000_001 }, SECOND)).toEqual({ fromUs: 1e6, toUs: 4e6 });
  });
});
