import { describe, expect, test } from 'vitest';
import { scoreSeries } from '@tapline/core/report/score-series';
import { scoreStrip } from '../../report/src/charts/score-strip.ts';
import { markup } from '../../report/src/dom/vnode.ts';
import { historyScores } from '../fixtures/history-scores.ts';
import { START_US, WINDOW_US } from '../fixtures/report-data.ts';

const range = { fromUs: START_US, toUs: START_US + 40 * WINDOW_US };
const golden = (name: string): string => `../golden/charts/${name}`;

describe('the strip of scores', () => {
  test('has steps, the threshold, alarms, what was learned from and what is not known', async () => {
    const scores = scoreSeries(historyScores(), range, WINDOW_US);
    const gaps = [{ fromUs: START_US + 36 * WINDOW_US, toUs: range.toUs, kind: 'open', missingPackets: 0 } as const];
    const strip = { scores, gaps, range, cursorUs: START_US + 205e6 };
    const svg = markup(scoreStrip(strip, { width: 800, height: 48 }));
    await expect(svg).toMatchFileSnapshot(golden('score-strip.svg'));
    expect(svg.match(/class="score-alarm"/gu)).toHaveLength(1);
    expect(svg.match(/class="score-incident"/gu)).toHaveLength(6);
  });

  test('is a line of text while it learns', async () => {
    const scores = scoreSeries(historyScores().slice(0, 6), range, WINDOW_US);
    const svg = markup(scoreStrip({ scores, gaps: [], range, cursorUs: null }, { width: 330, height: 20 }));
    await expect(svg).toMatchFileSnapshot(golden('score-learning.svg'));
    expect(svg).toContain('learning: 2,159 of 2,160 windows');
    expect(svg).not.toContain('score-threshold');
  });

  test('breaks the steps where a window is missing', () => {
    const scores = scoreSeries(historyScores(), range, WINDOW_US);
    const svg = markup(scoreStrip({ scores, gaps: [], range, cursorUs: null }, { width: 800, height: 48 }));
    const path = /class="score-steps" d="([^"]*)"/u.exec(svg)?.[1] ?? '';
    expect(path.match(/M/gu)).toHaveLength(3);
  });
});
