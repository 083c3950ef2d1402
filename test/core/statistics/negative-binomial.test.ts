/** The tail of the negative binomial distribution, against SciPy 1.17.1 (`nbinom.sf(k - 1, m²/(v-m), m/v)`, `poisson.sf(k - 1, m)`). */
import { negativeBinomialTail } from '@tapline/core/statistics/negative-binomial';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Count, mean, variance, SciPy's tail. */
const SCIPY = [
  [1, 0.00005, 0.00005, 4.999875002083312e-5],
  [1, 0.5, 0.5, 0.3934693402873665],
  [10, 0.5, 0.5, 1.709670029348906e-10],
  [5, 2, 8, 0.14119122774376705],
  [30, 2, 8, 6.518609727777065e-5],
  [100, 20, 20, 3.488878669689553e-37],
  [200, 20, 400, 4.089149928400776e-5],
  [812, 700, 1200, 0.0009133235601769904],
  [1200, 812, 9000, 0.0001438382905735462],
  [5000, 4000, 10_000, 2.5952775459202587e-21],
  [6600, 6000, 90_000, 0.02538720195606286],
  [12_000, 6000, 90_000, 2.1324786808355687e-56],
  [60_000, 6000, 4e6, 9.260076033849465e-29],
  [12_000, 23, 92_000, 7.584382315801294e-5],
  [1_000_000, 300_000, 1e10, 2.0459277860217878e-6],
  [200, 0.01, 4, 1.4048608095124898e-5],
  [25, 3, 60, 0.026978067520972975],
  [7, 0.2, 0.21, 5.864556235613524e-8],
  [100_000_000, 1e7, 1e14, 4.539992055249251e-5],
  [9000, 6000, 3.6e7, 0.22315548454089423],
] as const;

describe('the tail of the negative binomial distribution', () => {
  it.each(SCIPY)('of %d with mean %d and variance %d is what SciPy says', (count, mean, variance, expected) => {
    expect(Math.abs(negativeBinomialTail(count, mean, variance) / expected - 1)).toBeLessThan(1e-6);
  });

  it('is what adding up the probabilities says', () => {
    const terms = fc.record({
      count: fc.integer({ min: 0, max: 200 }),
      mean: fc.double({ min: 0.01, max: 60, noNaN: true }),
      spread: fc.double({ min: 1.001, max: 30, noNaN: true }),
    });
    fc.assert(
      fc.property(terms, ({ count, mean, spread }) => {
        const size = mean / (spread - 1);
        // P(0) = (m/v)^r, P(x + 1) = P(x) (x + r) (1 - m/v) / (x + 1).
        let probability = spread ** -size;
        let below = 0;
        for (let x = 0; x < count; x++) {
          below += probability;
          probability *= ((x + size) * (1 - 1 / spread)) / (x + 1);
        }
        expect(negativeBinomialTail(count, mean, spread * mean)).toBeCloseTo(1 - below, 8);
      }),
    );
  });

  it('never rises with the count, is 1 for none, and 0 where no number is small enough', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000 }), fc.nat({ max: 1000 }), (count, more) => {
        expect(negativeBinomialTail(count + more, 40, 900)).toBeLessThanOrEqual(
          negativeBinomialTail(count, 40, 900) + 1e-15,
        );
      }),
    );
    expect(negativeBinomialTail(0, 40, 900)).toBe(1);
    expect(negativeBinomialTail(60_000, 6000, 90_000)).toBe(0);
  });
});
