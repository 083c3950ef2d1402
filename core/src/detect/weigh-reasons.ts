/** How much each reason of an alert has to do with it. */
import type { Reason, WeighedReason } from './alert.ts';
import { rounded } from './detector.ts';

/**
 * Gives each reason its part of the doublings beyond the bars, log2(ratio): 4 times one bar weighs twice as much as 2 times
 * another. Reasons at or below their bar contribute nothing; when all are, they share alike.
 */
export function weighReasons(reasons: readonly Reason[]): WeighedReason[] {
  const doublings = reasons.map(({ ratio }) => Math.log2(Math.max(1, ratio)));
  const total = doublings.reduce((sum, one) => sum + one, 0);
  return reasons.map((reason, place) => ({
    ...reason,
    contribution: rounded(total === 0 ? 1 / reasons.length : doublings[place]! / total),
  }));
}
