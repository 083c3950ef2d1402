/** Whether a series of measurements rises: a line through its minima, and how sure one can be of its slope. */

export interface Trend {
  /** Per unit of x. */
  readonly slope: number;
  /** Half of the 95 % confidence interval of the slope; Infinity when two points or fewer say nothing of it. */
  readonly halfWidth: number;
}

/**
 * The smallest of every `length` values in a row. What garbage collection has not taken yet only ever adds to memory, so
 * the minima are nearest to what is really held. A last stretch that is shorter is left out.
 */
export function minima(values: readonly number[], length: number): number[] {
  return Array.from({ length: Math.floor(values.length / length) }, (_, index) =>
    Math.min(...values.slice(index * length, (index + 1) * length)),
  );
}

/** Least squares through values that are `step` apart, with Student's t for the confidence. */
export function trendOf(values: readonly number[], step: number): Trend {
  const count = values.length;
  const meanX = ((count - 1) * step) / 2;
  const meanY = values.reduce((sum, value) => sum + value, 0) / count;
  let [squares, products] = [0, 0];
  for (const [index, value] of values.entries()) {
    squares += (index * step - meanX) ** 2;
    products += (index * step - meanX) * (value - meanY);
  }
  const slope = count < 2 ? NaN : products / squares;
  if (count < 3) return { slope, halfWidth: Infinity };
  const residual = values.reduce((sum, value, index) => sum + (value - meanY - slope * (index * step - meanX)) ** 2, 0);
  return { slope, halfWidth: studentT95(count - 2) * Math.sqrt(residual / (count - 2) / squares) };
}

/** Two-sided 95 % quantile of Student's t, by the expansion of Cornish and Fisher; the first three are exact to 3 digits. */
function studentT95(freedom: number): number {
  const exact = [12.706, 4.303, 3.182][freedom - 1];
  if (exact !== undefined) return exact;
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / freedom + second / freedom ** 2 + third / freedom ** 3;
}
