/** The line through measurements of memory, against values of R (`confint(lm(y ~ x))`). */
import { describe, expect, it } from 'vitest';
import { minima, trendOf } from './trend.ts';

describe('trendOf', () => {
  it('gives the slope and the half width of its 95 % confidence interval, as R does', () => {
    // lm(c(1, 3, 2, 5, 4) ~ 0:4): slope 0.8, standard error 0.34641, t(0.975, 3) = 3.18245
    const { slope, halfWidth } = trendOf([1, 3, 2, 5, 4], 1);
    expect(slope).toBeCloseTo(0.8, 10);
    expect(halfWidth).toBeCloseTo(3.18245 * 0.34641, 2);
  });

  it('is near the quantiles of the table for more points', () => {
    // Half width over the standard error is t: 2.776 for 4, 2.306 for 8 and 2.101 for 18 degrees of freedom.
    for (const [freedom, t] of [
      [4, 2.776],
      [8, 2.306],
      [18, 2.101],
    ] as const) {
      const values = Array.from({ length: freedom + 2 }, (_, index) => index % 2);
      const mean = (values.length - 1) / 2;
      const { slope, halfWidth } = trendOf(values, 1);
      const centre = values.reduce((sum, value) => sum + value, 0) / values.length;
      const residual = values.reduce((sum, value, x) => sum + (value - centre - slope * (x - mean)) ** 2, 0);
      const squares = values.reduce((sum, _value, x) => sum + (x - mean) ** 2, 0);
      expect(halfWidth / Math.sqrt(residual / freedom / squares)).toBeCloseTo(t, 1);
    }
  });

  it('is sure of nothing with two points', () => {
    expect(trendOf([1, 2], 0.5)).toEqual({ slope: 2, halfWidth: Infinity });
  });
});

describe('minima', () => {
  it('takes the least of each whole stretch', () => {
    expect(minima([3, 1, 2, 5, 4, 6, 0], 3)).toEqual([1, 4]);
  });
});
