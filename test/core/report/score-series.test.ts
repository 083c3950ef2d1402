import { describe, expect, it } from 'vitest';
import { scoreSeries } from '@tapline/core/report/score-series';
import { historyScore, historyScores } from '../../fixtures/history-scores.ts';
import { START_US, WINDOW_US } from '../../fixtures/report-data.ts';

const RANGE = { fromUs: START_US, toUs: START_US + 36 * WINDOW_US };

describe('the series of scores', () => {
  it('has each judged window once, and the others as bands', () => {
    const series = scoreSeries(historyScores(), RANGE, WINDOW_US);
    expect(series.resolutionUs).toBe(WINDOW_US);
    expect(series.startUs.map((startUs) => (startUs - START_US) / WINDOW_US)).toEqual(
      Array.from({ length: 36 }, (_, window) => window).filter((window) => window >= 6 && ![12, 25].includes(window)),
    );
    expect(series.bands.map(({ fromUs, toUs, state }) => [fromUs - START_US, toUs - START_US, state])).toEqual([
      [0, 6 * WINDOW_US, 'learning'],
      [12 * WINDOW_US, 13 * WINDOW_US, 'incomplete'],
    ]);
    expect(series).toMatchObject({ learnedWindows: 2183, neededWindows: 2160 });
  });

  it('keeps the highest score of a coarser bucket, with its KPI, and the gravest state', () => {
    const range = { fromUs: START_US, toUs: START_US + 40_000e6 };
    const feature = { name: 'syn', unit: 'packets', value: 9, usual: 1 };
    const rows = [
      historyScore(6, { state: 'alarm', score: 4 }),
      historyScore(7, { score: 4.5, threshold: 5, feature }),
      historyScore(8, { score: 1 }),
      historyScore(9, { score: 2 }),
    ];
    const series = scoreSeries(rows, range, WINDOW_US);
    expect(series.resolutionUs).toBe(30_000_000);
    expect(series).toMatchObject({ score: [4.5, 2], state: ['alarm', 'judged'], threshold: [5, 3.937] });
    expect(series.feature[0]).toEqual(feature);
  });

  it('has nothing of windows that were withdrawn, nor when there is nothing', () => {
    const gone = scoreSeries([historyScore(20, { isWithdrawn: true })], RANGE, WINDOW_US);
    expect(gone).toEqual(scoreSeries([], RANGE, WINDOW_US));
    expect(gone).toMatchObject({ startUs: [], bands: [], learnedWindows: null });
  });

  it('clips a band to the range', () => {
    const range = { fromUs: START_US + 3e6, toUs: START_US + 17e6 };
    const { bands } = scoreSeries([historyScore(0), historyScore(1)], range, WINDOW_US);
    expect(bands).toEqual([{ ...range, state: 'learning' }]);
  });
});
