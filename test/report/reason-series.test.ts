import { describe, expect, test } from 'vitest';
import type { ReasonWindow } from '@tapline/core/report/snapshot';
import { crossing, reasonSeries } from '../../report/src/charts/reason-series.ts';
import { markup } from '../../report/src/dom/vnode.ts';

const START_US = 1_499_428_800_000_000;
const windows = (values: readonly (number | null | undefined)[]): ReasonWindow[] =>
  values.map((value, index) => ({
    startUs: START_US + index * 10e6,
    endUs: START_US + (index + 1) * 10e6,
    scored: value !== undefined,
    complete: index !== 4,
    values: [value ?? null],
  }));
const golden = (name: string): string => `../golden/charts/${name}`;

describe('a reason over time', () => {
  test('is a bar per window against floor and baseline, crossed where the detector first spoke', async () => {
    const reason = { feature: 'half-open requests', unit: 'requests', floor: 200, baseline: 320 };
    const series = windows([null, null, 400, 6964, 900, null, undefined]);
    const svg = markup(reasonSeries({ reason, index: 0, windows: series, width: 560 }));
    await expect(svg).toMatchFileSnapshot(golden('reason-series.svg'));
    expect(crossing({ windows: series, index: 0 })?.startUs).toBe(START_US + 20e6);
    expect(svg).toContain('crossed at 12:00:20 UTC');
  });

  test('of a share on a phone, which crossed near the end', async () => {
    const reason = { feature: 'failedShare', unit: 'share', floor: 0.5, baseline: null };
    const svg = markup(
      reasonSeries({ reason, index: 0, windows: windows([null, null, null, null, 0.98]), width: 300 }),
    );
    await expect(svg).toMatchFileSnapshot(golden('reason-series-phone.svg'));
  });

  test('that nothing is known of has neither a bar nor a crossing', () => {
    const reason = { feature: 'hosts', unit: 'hosts', floor: 25, baseline: null };
    const svg = markup(reasonSeries({ reason, index: 0, windows: windows([undefined, null]), width: 300 }));
    expect(svg).toContain('never crossed');
    expect(svg.match(/class="value/gu)).toBeNull();
    expect(svg.match(/class="unknown/gu)).toHaveLength(1);
  });
});
