/**
 * How improbable a count is: the upper tail of the negative binomial distribution, a Poisson whose mean itself varies. With
 * mean m and variance v > m its size is r = m² / (v - m), and P(X >= k) is the regularised incomplete beta function
 * I_{1 - m/v}(k, r) (NIST DLMF 8.17.24). With v <= m it is the Poisson distribution, and P(X >= k) = P(k, m), the regularised
 * lower incomplete gamma function (DLMF 8.4.10).
 */
import { betaCdf, gammaCdf } from './special-functions.ts';

/**
 * P(X >= count). Relative error below 1e-6 for tails above 1e-300 and counts to 1e9 (held against SciPy in the tests); smaller
 * tails are 0.
 * @param count a whole number, 0 or more
 * @param mean above 0
 */
export function negativeBinomialTail(count: number, mean: number, variance: number): number {
  if (count <= 0) return 1;
  // So near to Poisson the size is beyond what the beta function can tell from infinity.
  if (variance <= mean * (1 + 1e-9)) return gammaCdf(count, mean);
  const size = (mean * mean) / (variance - mean);
  return betaCdf(count, size, 1 - mean / variance);
}
