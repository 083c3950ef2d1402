/** Rows of a history for the contract of ResultStore, with numbers that a store may lose. */
import type { UsualRow } from '@tapline/core/detect/usual';
import type { ScoreRow } from '@tapline/core/history/score-row';

export function usual(windowStartUs: number, entity: string, more: Partial<UsualRow> = {}): UsualRow {
  return {
    sensor: 'tap',
    windowStartUs,
    windowEndUs: windowStartUs + 10_000_000,
    detector: 'udp-flood',
    feature: 'packets received',
    entity,
    unit: 'packets',
    value: 12_000,
    spanWindows: 1,
    baseline: {
      median: 812,
      p99: 1420,
      most: 2 ** 32,
      mean: 0.1 + 0.2,
      variance: 5e-324,
      windows: 8640,
      sinceUs: 1_499_258_930_000_000,
    },
    comparison: { class: 'unusual', ratio: 2.4, probability: 1e-12 },
    ...more,
  };
}

export function scored(windowStartUs: number, more: Partial<ScoreRow> = {}): ScoreRow {
  return {
    sensor: 'tap',
    windowStartUs,
    windowEndUs: windowStartUs + 10_000_000,
    state: 'alarm',
    learnedWindows: 2160,
    score: 0.1 + 0.2,
    threshold: 3.937,
    feature: { name: 'packets', unit: 'packets', value: 2 ** 53, usual: 5e-324 },
    ...more,
  };
}
