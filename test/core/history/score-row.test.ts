import { describe, expect, it } from 'vitest';
import { LEARNING_WINDOWS, type Reading } from '@tapline/core/history/kpi-model';
import { scoreRow } from '@tapline/core/history/score-row';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';

const ROW = { sensor: 'tap', windowStartUs: 0, windowEndUs: 10_000_000 } as KpiRow;

const reading = (changes: Partial<Reading>): Reading => ({
  score: 6,
  probability: 0.01,
  allowed: 1 / 8640,
  isAlarm: false,
  isLearning: false,
  isIncident: false,
  isLearned: true,
  features: [{ feature: 0, value: 1234.56789, usual: 12.3456, probability: 1e-6 }],
  ...changes,
});

describe('the score of a window', () => {
  it('is the logarithm of how rare the window is, against that of the false alarms', () => {
    expect(scoreRow(ROW, reading({}), 5000)).toEqual({
      sensor: 'tap',
      windowStartUs: 0,
      windowEndUs: 10_000_000,
      state: 'judged',
      learnedWindows: 5000,
      score: 2,
      threshold: 3.937,
      feature: { name: 'packets', unit: 'packets', value: 1234.568, usual: 12.346 },
    });
  });

  it('tells an alarm from an incident, and ends where nobody can believe the number', () => {
    expect(scoreRow(ROW, reading({ isAlarm: true, probability: 0 }), 1)).toMatchObject({ state: 'alarm', score: 12 });
    expect(scoreRow(ROW, reading({ isAlarm: true, isIncident: true }), 1)).toMatchObject({ state: 'incident' });
    expect(scoreRow(ROW, reading({ probability: 1 }), 1).score).toBe(0);
  });

  it('is not there while nothing can be judged', () => {
    const nothing = { score: null, threshold: null, feature: null };
    expect(scoreRow(ROW, reading({ isLearning: true }), LEARNING_WINDOWS - 1)).toMatchObject({
      state: 'learning',
      ...nothing,
    });
    expect(scoreRow(ROW, undefined, 7)).toMatchObject({ state: 'incomplete', learnedWindows: 7, ...nothing });
  });
});
