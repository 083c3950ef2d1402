/** The area under the precision-recall curve of scored units. */

export interface ScoredUnit {
  readonly score: number;
  readonly positive: boolean;
}

export interface CurvePoint {
  /** Units with this score or more are alarmed. */
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
}

/**
 * One point per distinct score, from the highest down: units with equal scores are alarmed together, so their order
 * in the input means nothing. Empty without positives, where recall has no meaning.
 */
export function precisionRecallCurve(units: readonly ScoredUnit[]): CurvePoint[] {
  const positives = units.reduce((sum, { positive }) => sum + (positive ? 1 : 0), 0);
  if (positives === 0) return [];
  const sorted = units.toSorted((a, b) => b.score - a.score);
  const points: CurvePoint[] = [];
  let hits = 0;
  for (const [index, { score, positive }] of sorted.entries()) {
    if (positive) hits += 1;
    if (sorted[index + 1]?.score === score) continue;
    points.push({ threshold: score, precision: hits / (index + 1), recall: hits / positives });
  }
  return points;
}

/**
 * Average precision: the sum over the curve of precision times the recall gained. No interpolation, which would flatter
 * (Davis & Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006). A score that says nothing
 * gets the share of positives.
 * @returns null without positives
 */
export function averagePrecision(units: readonly ScoredUnit[]): number | null {
  const curve = precisionRecallCurve(units);
  if (curve.length === 0) return null;
  let area = 0;
  let before = 0;
  for (const { precision, recall } of curve) {
    area += precision * (recall - before);
    before = recall;
  }
  return area;
}
