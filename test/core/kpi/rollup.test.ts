/** Windows folded into minutes and hours: exact where it can be, and the same however they are grouped. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import { KPIS } from '@tapline/core/kpi/kpis';
import { foldPeriods, windowPeriod, type KpiPeriod } from '@tapline/core/kpi/rollup';
import { TOP_LIMIT } from '@tapline/core/kpi/top-talkers';

const WINDOW_US = 10_000_000;

function row(index: number, values: Record<string, number>, more: Partial<KpiRow> = {}): KpiRow {
  const count = { batches: 1, packets: values['packets'] ?? 0, bytes: 0 };
  return {
    sensor: 'tap',
    windowStartUs: index * WINDOW_US,
    windowEndUs: (index + 1) * WINDOW_US,
    revision: 1,
    complete: true,
    announced: count,
    arrived: count,
    values,
    protocols: [],
    icmpTypes: [],
    seconds: [],
    topSources: [],
    topDestinations: [],
    topPairs: [],
    topServices: [],
    ...more,
  };
}

const fold = (...rows: KpiRow[]): KpiPeriod => foldPeriods(rows.map(windowPeriod));
const named = (kind: (fold: (typeof KPIS)[number]['fold']) => boolean): string[] =>
  KPIS.filter((kpi) => kind(kpi.fold)).map(({ name }) => name);

describe('foldPeriods', () => {
  it('adds up what can be added, and takes the largest of what two windows may have in common', () => {
    const { values } = fold(
      row(0, { packets: 3, bytes: 300, newFlows: 1, distinctSources: 2, sizeMax: 100, sizeMin: 60 }),
      row(1, { packets: 5, bytes: 900, newFlows: 4, distinctSources: 7, sizeMax: 90, sizeMin: 54 }),
    );
    expect(values).toEqual({ packets: 8, bytes: 1200, newFlows: 5, distinctSources: 7, sizeMax: 100, sizeMin: 54 });
  });

  it('weighs means by packets, and shares of connections by SYNs', () => {
    const { values } = fold(
      row(0, { packets: 1, syn: 9, sizeMean: 1000, entropySource: 4, halfOpenRatio: 1 }),
      row(1, { packets: 3, syn: 1, sizeMean: 200, entropySource: 0, halfOpenRatio: 0 }),
    );
    expect(values).toMatchObject({ sizeMean: 400, entropySource: 1, halfOpenRatio: 0.9 });
  });

  it('does not let a window without packets say how short packets are', () => {
    const { values } = fold(
      row(0, { packets: 0, sizeMin: 0, sizeMean: 0 }),
      row(1, { packets: 2, sizeMin: 60, sizeMean: 70 }),
    );
    expect(values).toEqual({ packets: 2, sizeMin: 60, sizeMean: 70 });
    expect(fold(row(0, { packets: 0, sizeMin: 0, sizeMean: 0 })).values).toEqual({
      packets: 0,
      sizeMin: 0,
      sizeMean: 0,
    });
  });

  it('counts windows, and says how many are incomplete and which are first and last', () => {
    const period = fold(row(-3, {}), row(4, {}, { complete: false }), row(9, {}));
    expect(period).toMatchObject({ windows: 3, incompleteWindows: 1 });
    expect([period.firstWindowUs, period.lastWindowUs]).toEqual([-3 * WINDOW_US, 9 * WINDOW_US]);
  });

  it('sums lists by key and keeps the largest', () => {
    const entries = (from: number): KpiRow['topSources'] =>
      Array.from({ length: TOP_LIMIT }, (_, i) => ({ key: `host-${from + i}`, packets: 1, bytes: 100 + from + i }));
    const { topSources } = fold(row(0, {}, { topSources: entries(0) }), row(1, {}, { topSources: entries(10) }));
    expect(topSources).toHaveLength(TOP_LIMIT);
    expect(topSources[0]).toEqual({ key: 'host-19', packets: 2, bytes: 238 });
    expect(topSources.slice(0, 10).map(({ key }) => key)).toEqual([...Array(10).keys()].map((i) => `host-${19 - i}`));
  });

  it('leaves out a KPI that this build does not know', () => {
    expect(fold(row(0, { packets: 1, fromTheFuture: 5 })).values).toEqual({ packets: 1 });
  });

  it('says the same however windows are grouped: sums and extremes exactly, means up to rounding', () => {
    const value = fc.nat({ max: 1_000_000 });
    const window = fc.record(Object.fromEntries(KPIS.map(({ name }) => [name, value])));
    fc.assert(
      fc.property(fc.array(window, { minLength: 1, maxLength: 12 }), fc.nat(), (windows, at) => {
        const periods = windows.map((values, i) => windowPeriod(row(i, values)));
        const cut = 1 + (at % periods.length);
        const groups = [periods.slice(0, cut), periods.slice(cut)].filter(({ length }) => length > 0);
        const once = foldPeriods(periods);
        const twice = foldPeriods(groups.map(foldPeriods));
        expect({ ...twice, values: {} }).toEqual({ ...once, values: {} });
        for (const name of named((kind) => typeof kind === 'string'))
          expect(twice.values[name]).toBe(once.values[name]);
        for (const name of named((kind) => typeof kind === 'object')) {
          expect(twice.values[name]).toBeCloseTo(once.values[name]!, 6);
        }
      }),
    );
  });
});

describe('KPIS', () => {
  it('weigh only by KPIs that are sums, so that minutes weigh as their windows do', () => {
    const sums = named((kind) => kind === 'sum');
    const weights = KPIS.flatMap((kpi) => (typeof kpi.fold === 'object' ? [kpi.fold.meanBy] : []));
    expect(weights).not.toHaveLength(0);
    for (const weight of weights) expect(sums).toContain(weight);
  });
});
