/**
 * What is usual for a host, and whether an alert about it is more than that. The rules of the windows know floors and shares
 * only; what a host usually does is known to the history (core/src/history/usual-memory.ts), a minute later. Its findings are
 * kept as rows of their own and joined to the alerts when these are shown, as an allow-list is: no alert waits for them, none
 * is deleted for them, and the fold of alerts stays what the windows alone say.
 */
import { negativeBinomialTail } from '../statistics/negative-binomial.ts';
import type { DetectorName } from './alert.ts';

export const USUAL_CONFIG = {
  /**
   * An alert is more than usual from this many times the p99 of its host on. Rules that *raise* take ten; what is
   * asked here is whether to *hide* an alert that passed its floor, and hiding wrongly is the worse mistake. As for slow scans.
   */
  overP99: 3,
  /** And when so large a count is less probable than this: once in 116 days of windows of 10 s. */
  probability: 1e-6,
  /** Event time that must have been learned from before anything is called usual. */
  learningUs: 86_400e6,
  /** Days that are remembered, the present one with them. */
  days: 7,
  /**
   * Windows that an episode above the floor is not learned from; one that lasts longer is what the host is like now. The same
   * as for the KPIs of the sensor: six hours of 10 s.
   */
  quarantineWindows: 2160,
  /** Hosts per statistic: those noted of a window (the largest), and those remembered (the last noted). */
  noted: 64,
  remembered: 256,
  /** Counts below this part of the floor are noted as nothing. */
  notedShare: 0.02,
} as const;

/** Less probable than this is a number nobody can believe. */
export const LEAST_PROBABILITY = 1e-12;

/** What a host did in the windows before, where it was not above the floor. Within 2 %. */
export interface Baseline {
  readonly median: number;
  readonly p99: number;
  /** The largest. */
  readonly most: number;
  readonly mean: number;
  readonly variance: number;
  /** Windows that were learned from, those in which nothing was noted of the host among them. */
  readonly windows: number;
  readonly sinceUs: number;
}

export const USUAL_CLASSES = ['learning', 'usual', 'unusual'] as const;
export type UsualClass = (typeof USUAL_CLASSES)[number];

/** A count held against its baseline. */
export interface Comparison {
  readonly class: UsualClass;
  /** count / max(floor, p99). */
  readonly ratio: number;
  /** How probable it is that the host does so much or more, LEAST_PROBABILITY at least. */
  readonly probability: number;
}

/** What the history said of a host's evidence in one window. Not for every window: see UsualMemory. */
export interface UsualRow {
  readonly sensor: string;
  readonly windowStartUs: number;
  readonly windowEndUs: number;
  readonly detector: DetectorName;
  /** The reason of the alert that it is about. */
  readonly feature: string;
  /** The host: the `host` of the alert's filter. */
  readonly entity: string;
  readonly unit: string;
  readonly value: number;
  /** What `value` and the baseline count: the time of this many windows. */
  readonly spanWindows: number;
  readonly baseline: Baseline;
  readonly comparison: Comparison;
  /** Windows changed, and the history does not say it any more. */
  readonly isWithdrawn?: true;
}

/** @param windowUs of the windows that the baseline counts */
export function compare(value: number, baseline: Baseline, floor: number, windowUs: number): Comparison {
  const { p99, most, windows, mean, variance } = baseline;
  const { overP99, learningUs } = USUAL_CONFIG;
  // Nothing seen in n windows is a mean of at most about half a count in them all, and never no chance at all.
  const expected = Math.max(mean, 0.5 / (windows + 1));
  const tail = negativeBinomialTail(Math.round(value), expected, variance);
  const isMore = value >= overP99 * p99 && tail < USUAL_CONFIG.probability;
  // A host that is idle but for rare bursts has a tail that makes anything probable: nothing far beyond its largest is usual.
  const isFarBeyond = value >= overP99 * most;
  return {
    class: windows * windowUs < learningUs ? 'learning' : isMore || isFarBeyond ? 'unusual' : 'usual',
    ratio: Math.round((1000 * value) / Math.max(floor, p99)) / 1000,
    probability: Math.max(tail, LEAST_PROBABILITY),
  };
}
