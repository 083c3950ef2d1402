/**
 * What the history said of each window that it took: how unlike the windows before it was, and the score from which on it
 * would have been an alarm. One small row per window and sensor; alarms become alerts, all of them make the line that a
 * reader sees beside the traffic.
 */
import type { KpiRow } from '../kpi/kpi-row.ts';
import { FEATURES } from './features.ts';
import type { Reading } from './kpi-model.ts';

/** From the calmest to the gravest. `incident`: alarms went on for so long that nothing is learned from the windows. */
export const SCORE_STATES = ['incomplete', 'learning', 'judged', 'alarm', 'incident'] as const;
export type ScoreState = (typeof SCORE_STATES)[number];

/** Rarer than this is a number nobody can believe: the largest score is 12. */
const LEAST_PROBABILITY = 1e-12;

/** The KPI that was least probable. */
export interface ScoreFeature {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** What is usual at this hour of the day. */
  readonly usual: number;
}

export interface ScoreRow {
  readonly sensor: string;
  readonly windowStartUs: number;
  readonly windowEndUs: number;
  /** `incomplete`: packets were missing, so it was neither judged nor learned from. */
  readonly state: ScoreState;
  /** Windows that were learned from, this one with them. */
  readonly learnedWindows: number;
  /** -log10 of how often a window is so unlike the history, to a thousandth; null where the state says that nobody judged. */
  readonly score: number | null;
  /** The score that false alarms per day allow; null as `score`. */
  readonly threshold: number | null;
  readonly feature: ScoreFeature | null;
  /** There is no such window any more. */
  readonly isWithdrawn?: true;
}

/** @param reading undefined for a window that is not judged because packets of it are missing */
export function scoreRow(row: KpiRow, reading: Reading | undefined, learnedWindows: number): ScoreRow {
  const { sensor, windowStartUs, windowEndUs } = row;
  const place = { sensor, windowStartUs, windowEndUs, learnedWindows };
  const nothing = { score: null, threshold: null, feature: null };
  if (reading === undefined) return { ...place, state: 'incomplete', ...nothing };
  if (reading.isLearning) return { ...place, state: 'learning', ...nothing };
  const { feature, value, usual } = reading.features[0]!;
  const { name, unit } = FEATURES[feature]!;
  return {
    ...place,
    state: reading.isIncident ? 'incident' : reading.isAlarm ? 'alarm' : 'judged',
    score: decades(reading.probability),
    threshold: decades(reading.allowed),
    feature: { name, unit, value: thousandth(value), usual: thousandth(usual) },
  };
}

function decades(probability: number): number {
  return thousandth(Math.log10(1 / Math.max(probability, LEAST_PROBABILITY)));
}

function thousandth(value: number): number {
  return Math.round(value * 1000) / 1000;
}
