/** Confidence intervals of rates and shares that stay true for the small counts that an evaluation has. */
import { betaQuantile, gammaQuantile, normalTwoSided } from '../statistics/special-functions.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export const DEFAULT_CONFIDENCE = 0.95;

/**
 * Exact interval of a Poisson rate: `count` events in `exposure` units, events per unit.
 * Source: Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936).
 * @returns null when nothing was exposed, because then nothing is known
 */
export function garwood(count: number, exposure: number, confidence = DEFAULT_CONFIDENCE): Interval | null {
  if (exposure <= 0) return null;
  const tail = (1 - confidence) / 2;
  const low = count === 0 ? 0 : gammaQuantile(tail, count);
  return { low: low / exposure, high: gammaQuantile(1 - tail, count + 1) / exposure };
}

/**
 * Exact interval of a share: `successes` of `trials`. Never covers less than it says, often more.
 * Source: Clopper & Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934).
 * @returns null without trials
 */
export function clopperPearson(successes: number, trials: number, confidence = DEFAULT_CONFIDENCE): Interval | null {
  if (trials <= 0) return null;
  const tail = (1 - confidence) / 2;
  const failures = trials - successes;
  return {
    low: successes === 0 ? 0 : betaQuantile(tail, successes, failures + 1),
    high: failures === 0 ? 1 : betaQuantile(1 - tail, successes + 1, failures),
  };
}

/**
 * Score interval of a share: about the right coverage on average, for large numbers of trials.
 * Source: Wilson, "Probable inference, the law of succession", J. Am. Stat. Assoc. 22 (1927).
 * @returns null without trials
 */
export function wilson(successes: number, trials: number, confidence = DEFAULT_CONFIDENCE): Interval | null {
  if (trials <= 0) return null;
  const z = normalTwoSided(confidence);
  const share = successes / trials;
  const scale = 1 + (z * z) / trials;
  const centre = (share + (z * z) / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  return {
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === trials ? 1 : Math.min(1, centre + half),
  };
}
