/** How unlike the sensor's history its windows are, over a range: the highest score of each bucket, and where there is none. */
import { LEARNING_WINDOWS } from '../history/kpi-model.ts';
import { SCORE_STATES, type ScoreFeature, type ScoreRow, type ScoreState } from '../history/score-row.ts';
import type { TimeRange } from '../ports.ts';
import { resolutionFor } from './series.ts';

/** A stretch of windows that were not judged. */
export interface ScoreBand extends TimeRange {
  readonly state: 'learning' | 'incomplete';
}

/** Columns: element i of every array belongs to the bucket that starts at startUs[i], and is of its window with the highest score. */
export interface ScoreSeries {
  /** Whole windows. */
  readonly resolutionUs: number;
  /** Buckets with a judged window only, ascending. */
  readonly startUs: readonly number[];
  /** `judged`, `alarm` or `incident`: the gravest of the bucket. */
  readonly state: readonly ScoreState[];
  /** -log10 of how often a window is so unlike the history, 12 at most. */
  readonly score: readonly number[];
  /** The score from which on it would have been an alarm. */
  readonly threshold: readonly number[];
  /** The least probable KPI. */
  readonly feature: readonly ScoreFeature[];
  /** Ascending, not overlapping. */
  readonly bands: readonly ScoreBand[];
  /** Windows learned from by the end of the range; null when the history has not taken any of it yet. */
  readonly learnedWindows: number | null;
  /** Windows it needs before it judges. */
  readonly neededWindows: number;
}

interface Judged {
  readonly state: ScoreState;
  readonly score: number;
  readonly threshold: number;
  readonly feature: ScoreFeature;
}

const judgedOf = ({ state, score, threshold, feature }: ScoreRow): Judged | undefined =>
  score === null || threshold === null || feature === null ? undefined : { state, score, threshold, feature };

const graver = (a: ScoreState, b: ScoreState): ScoreState =>
  SCORE_STATES.indexOf(a) >= SCORE_STATES.indexOf(b) ? a : b;

const higher = (known: Judged, next: Judged): Judged => ({
  ...(next.score > known.score ? next : known),
  state: graver(known.state, next.state),
});

/** @param rows ascending by start; those withdrawn are left out */
export function scoreSeries(rows: readonly ScoreRow[], range: TimeRange, windowUs: number): ScoreSeries {
  const resolutionUs = Math.ceil(resolutionFor(range.toUs - range.fromUs) / windowUs) * windowUs;
  const buckets = new Map<number, Judged>();
  const bands: ScoreBand[] = [];
  let learnedWindows: number | null = null;
  for (const row of rows) {
    if (row.isWithdrawn === true) continue;
    learnedWindows = row.learnedWindows;
    const judged = judgedOf(row);
    if (judged === undefined) {
      addBand(bands, row, range);
      continue;
    }
    const startUs = Math.floor(row.windowStartUs / resolutionUs) * resolutionUs;
    const known = buckets.get(startUs);
    buckets.set(startUs, known === undefined ? judged : higher(known, judged));
  }
  const all = [...buckets.values()];
  return {
    resolutionUs,
    startUs: [...buckets.keys()],
    state: all.map(({ state }) => state),
    score: all.map(({ score }) => score),
    threshold: all.map(({ threshold }) => threshold),
    feature: all.map(({ feature }) => feature),
    bands,
    learnedWindows,
    neededWindows: LEARNING_WINDOWS,
  };
}

/** Silent windows have no rows: while it learns, they are part of the stretch. */
function addBand(bands: ScoreBand[], row: ScoreRow, range: TimeRange): void {
  const state = row.state === 'incomplete' ? 'incomplete' : 'learning';
  const fromUs = Math.max(row.windowStartUs, range.fromUs);
  const toUs = Math.min(row.windowEndUs, range.toUs);
  const last = bands.at(-1);
  if (last?.state === state && (last.toUs === fromUs || state === 'learning'))
    bands[bands.length - 1] = { ...last, toUs };
  else bands.push({ fromUs, toUs, state });
}
