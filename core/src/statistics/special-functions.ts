/**
 * The distribution functions behind exact intervals: incomplete gamma and beta functions and their inverses.
 * Series and continued fractions as in Abramowitz & Stegun (1964) 6.5 and 26.5, evaluated by Lentz's method; the log of the
 * gamma function by Lanczos' approximation (g = 7, 9 terms). Relative error below 1e-10 where the tests look.
 */

const EPSILON = 1e-16;
const TINY = 1e-300;
const ITERATIONS_AT_MOST = 100_000;

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let sum: number = LANCZOS[0];
  for (let term = 1; term < LANCZOS.length; term++) sum += LANCZOS[term]! / (x - 1 + term);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** P(shape, x) = γ(shape, x) / Γ(shape): the probability that a gamma variate of that shape and scale 1 is at most x. */
export function gammaCdf(shape: number, x: number): number {
  if (x <= 0) return 0;
  if (x === Infinity) return 1;
  const front = Math.exp(shape * Math.log(x) - x - logGamma(shape));
  if (x < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let n = 1; n < ITERATIONS_AT_MOST && term > sum * EPSILON; n++) sum += term *= x / (shape + n);
    return front * sum;
  }
  return 1 - front * upperGammaFraction(shape, x);
}

function upperGammaFraction(shape: number, x: number): number {
  let b = x + 1 - shape;
  let c = 1 / TINY;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < ITERATIONS_AT_MOST; n++) {
    const a = -n * (n - shape);
    b += 2;
    d = 1 / awayFromZero(a * d + b);
    c = awayFromZero(b + a / c);
    value *= c * d;
    if (Math.abs(c * d - 1) < EPSILON * 4) break;
  }
  return value;
}

/** I_x(a, b): the probability that a beta variate is at most x. */
export function betaCdf(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(a, b, x)) / a : 1 - (front * betaFraction(b, a, 1 - x)) / b;
}

function betaFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let n = 1; n < ITERATIONS_AT_MOST; n++) {
    const even = (n * (b - n) * x) / ((a + 2 * n - 1) * (a + 2 * n));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    value *= c * d;
    const odd = (-(a + n) * (a + b + n) * x) / ((a + 2 * n) * (a + 2 * n + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    value *= c * d;
    if (Math.abs(c * d - 1) < EPSILON * 4) break;
  }
  return value;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** The x with P(shape, x) = probability; 0 for probability 0, Infinity for 1. */
export function gammaQuantile(probability: number, shape: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return Infinity;
  let high = shape + 1;
  while (gammaCdf(shape, high) < probability) high *= 2;
  return bisect((x) => gammaCdf(shape, x) < probability, 0, high);
}

/** The x with I_x(a, b) = probability. */
export function betaQuantile(probability: number, a: number, b: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return 1;
  return bisect((x) => betaCdf(a, b, x) < probability, 0, 1);
}

/** The z that a standard normal variate stays within, to both sides, with this probability: 1.96 for 0.95. */
export function normalTwoSided(probability: number): number {
  // The square of a standard normal variate is twice a gamma variate of shape 1/2.
  return Math.sqrt(2 * gammaQuantile(probability, 0.5));
}

/** Where `isBelow` turns false between `low` and `high`, to the last bit. */
function bisect(isBelow: (x: number) => boolean, low: number, high: number): number {
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
}
