/** How often `unlike-history` cries wolf, against what the operator asked for, and whether it still sees the wolf. */
import { FEATURES } from '@tapline/core/history/features';
import { KpiModel, type Reading } from '@tapline/core/history/kpi-model';
import { describe, expect, it } from 'vitest';
import { DAY, falseAlarmsADay, readings } from '../../helpers/false-alarms.ts';
import { EPOCH_US, SyntheticKpis, WINDOW_US } from '../../helpers/synthetic-kpis.ts';

describe('unlike-history on traffic without attacks', () => {
  it.each([1, 10])(
    'raises %d false alarm(s) a day where that many are allowed, within a factor of 0.5 to 1.5',
    (perDay) => {
      // One series; test/bench/history.ts runs as many as one has time for.
      const factor = falseAlarmsADay(11, perDay) / perDay;
      expect(factor).toBeGreaterThan(0.5);
      expect(factor).toBeLessThan(1.5);
    },
  );

  it('says nothing for six hours, whatever happens', () => {
    for (const { reading } of readings(3, 0.25, 1000, (values, window) =>
      window === 2100 ? values.map((v) => v * 50) : values,
    )) {
      expect(reading.isAlarm).toBe(false);
    }
  });
});

describe('a frozen model', () => {
  it('judges, and is not changed by what it sees', () => {
    const model = new KpiModel();
    const series = new SyntheticKpis(7);
    const take = (window: number, isFrozen: boolean): Reading =>
      model.take(series.values(window), EPOCH_US + window * WINDOW_US, {
        windowUs: WINDOW_US,
        falseAlarmsPerDay: 1,
        isFrozen,
      });
    for (let window = 0; window < 3000; window++) take(window, false);
    const values = series.values(3000).map((value) => value * 8);
    const judge = (): Reading =>
      model.take(values, EPOCH_US + 3000 * WINDOW_US, { windowUs: WINDOW_US, falseAlarmsPerDay: 1, isFrozen: true });
    const before = judge();
    expect([model.windows, before.isAlarm]).toEqual([3000, true]);
    for (let window = 3001; window < 4000; window++) take(window, true);
    expect(judge()).toEqual(before);
    expect(model.windows).toBe(3000);
    for (let window = 4000; window < 5000; window++) take(window, false);
    expect(judge()).not.toEqual(before);
  });
});

describe('unlike-history on an attack', () => {
  const place = FEATURES.findIndex(({ name }) => name === 'syn');
  const start = 3 * DAY + 1000;
  const flood = (values: number[], window: number): number[] =>
    window >= start && window < start + 30 ? values.map((value, k) => (k === place ? value * 8 : value)) : values;

  it('alarms at once, and names the KPI', () => {
    for (const { window, reading } of readings(5, 3.2, 1, flood)) {
      if (window !== start) continue;
      expect(reading.isAlarm).toBe(true);
      expect(FEATURES[reading.features[0]!.feature]!.name).toBe('syn');
    }
  });

  it('is nearly as alarmed by the same attack an hour later: it did not learn that this is ordinary', () => {
    let [first, second] = [0, 0];
    const twice = (values: number[], window: number): number[] =>
      flood(values, window >= start + 360 ? window - 360 : window);
    // One series may be lucky.
    for (const seed of [5, 6, 7, 8]) {
      for (const { window, reading } of readings(seed, 3.3, 1, twice)) {
        if (!reading.isAlarm) continue;
        if (window >= start && window < start + 30) first++;
        if (window >= start + 360 && window < start + 390) second++;
      }
    }
    expect(first).toBeGreaterThanOrEqual(110);
    // A tail that learned the first attack whole would catch a tenth of the second.
    expect(second).toBeGreaterThanOrEqual(80);
  });
});
