/** Count, mean, sum of squared deviations, minimum and maximum of values, five words in a row of an array. */

export const MOMENT_WORDS = 5;
const MEAN = 1;
const M2 = 2;
const MIN = 3;
const MAX = 4;

/** Welford's update. Squares of microseconds would leave the whole numbers a double holds; deviations do not. */
export function addValue(data: Float64Array, at: number, value: number): void {
  const count = (data[at]! += 1);
  const delta = value - data[at + MEAN]!;
  data[at + MEAN]! += delta / count;
  data[at + M2]! += delta * (value - data[at + MEAN]!);
  if (count === 1 || value < data[at + MIN]!) data[at + MIN] = value;
  if (count === 1 || value > data[at + MAX]!) data[at + MAX] = value;
}

/** Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979). */
export function mergeMoments(into: Float64Array, at: number, from: Float64Array, fromAt: number): void {
  const theirs = from[fromAt]!;
  if (theirs === 0) return;
  const ours = into[at]!;
  if (ours === 0) {
    for (let word = 0; word < MOMENT_WORDS; word++) into[at + word] = from[fromAt + word]!;
    return;
  }
  const count = ours + theirs;
  const delta = from[fromAt + MEAN]! - into[at + MEAN]!;
  into[at] = count;
  into[at + MEAN]! += (delta * theirs) / count;
  into[at + M2]! += from[fromAt + M2]! + (delta * delta * ours * theirs) / count;
  into[at + MIN] = Math.min(into[at + MIN]!, from[fromAt + MIN]!);
  into[at + MAX] = Math.max(into[at + MAX]!, from[fromAt + MAX]!);
}

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Of a sample (divided by count - 1); 0 below two values. */
  readonly variance: number;
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
}

/** All zero when there is no value. */
export function readMoments(data: Float64Array, at: number): Moments {
  const count = data[at]!;
  const variance = count > 1 ? data[at + M2]! / (count - 1) : 0;
  return {
    count,
    mean: data[at + MEAN]!,
    variance,
    deviation: Math.sqrt(variance),
    min: data[at + MIN]!,
    max: data[at + MAX]!,
  };
}
