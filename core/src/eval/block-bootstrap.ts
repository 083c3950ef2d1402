/** Confidence intervals of a statistic over windows that follow each other, and so are not independent. */
import { DEFAULT_CONFIDENCE, type Interval } from './intervals.ts';
import { Prng } from './prng.ts';

export interface BootstrapOptions {
  /** Neighbours that are drawn together: as long as one thing that happens. */
  readonly blockLength: number;
  readonly seed: number;
  readonly repeats?: number;
  readonly confidence?: number;
}

/**
 * Percentile interval of `statistic` by the circular block bootstrap: blocks of neighbours are drawn with replacement, the
 * series joined at its ends, until there are as many as before.
 * Source: Politis & Romano, "A circular block-resampling procedure for stationary data" (1992).
 * @param series in time order
 * @param statistic null where a draw says nothing (no positives): such draws are left out
 * @returns null when the series is empty or no draw said anything
 */
export function blockBootstrap<T>(
  series: readonly T[],
  statistic: (draw: readonly T[]) => number | null,
  { blockLength, seed, repeats = 1000, confidence = DEFAULT_CONFIDENCE }: BootstrapOptions,
): Interval | null {
  const { length } = series;
  if (length === 0) return null;
  const random = new Prng(seed);
  const draw = new Array<T>(length);
  const values: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (let at = 0; at < length; at += blockLength) {
      const from = random.below(length);
      for (let step = 0; step < blockLength && at + step < length; step++) {
        draw[at + step] = series[(from + step) % length]!;
      }
    }
    const value = statistic(draw);
    if (value !== null) values.push(value);
  }
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const tail = (1 - confidence) / 2;
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

/** Quantile of ascending values, linear between neighbours (Hyndman & Fan's definition 7). */
export function quantile(ascending: readonly number[], share: number): number {
  const at = (ascending.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.min(low + 1, ascending.length - 1);
  return ascending[low]! + (at - low) * (ascending[high]! - ascending[low]!);
}
