/** How often `unlike-history` cries wolf on traffic without attacks: the KPI model and the tokens together, as the history has them. */
import { HISTORY_CONFIG } from '@tapline/core/history/config';
import { FEATURES } from '@tapline/core/history/features';
import { KpiModel, type Reading } from '@tapline/core/history/kpi-model';
import { TokenModel } from '@tapline/core/history/token-model';
import { EPOCH_US, SyntheticKpis, WINDOW_US } from './synthetic-kpis.ts';
import { SyntheticTokens } from './synthetic-tokens.ts';

/** Windows. */
export const DAY = 8640;
const TRAINING_DAYS = 5;
const TEST_DAYS = 30;
const SURPRISE = FEATURES.findIndex(({ name }) => name === 'tokenSurprise');

/** Readings of windows with seasons, drift, heavy tails and dependence, from a seed. */
export function* readings(
  seed: number,
  days: number,
  falseAlarmsPerDay: number,
  change: (values: number[], window: number) => readonly number[] = (values) => values,
): Generator<{ readonly window: number; readonly reading: Reading }> {
  const model = new KpiModel();
  const tokens = new TokenModel(HISTORY_CONFIG.tokens);
  const [series, kinds] = [new SyntheticKpis(seed), new SyntheticTokens(seed)];
  for (let window = 0; window < days * DAY; window++) {
    const timeUs = EPOCH_US + window * WINDOW_US;
    const seen = kinds.tokens(window);
    const values: (number | undefined)[] = [...change(series.values(window), window)];
    values[SURPRISE] = tokens.surprise(seen);
    const reading = model.take(values, timeUs, { windowUs: WINDOW_US, falseAlarmsPerDay });
    if (reading.isLearned) tokens.learn(seen, timeUs, reading.isAlarm);
    yield { window, reading };
  }
}

/** False alarms a day in the 30 days after 5 days of training; alarms within four windows are one alert. */
export function falseAlarmsADay(seed: number, falseAlarmsPerDay: number): number {
  let alerts = 0;
  let last = -Infinity;
  for (const { window, reading } of readings(seed, TRAINING_DAYS + TEST_DAYS, falseAlarmsPerDay)) {
    if (window < TRAINING_DAYS * DAY || !reading.isAlarm) continue;
    if (window - last > 4) alerts++;
    last = window;
  }
  return alerts / TEST_DAYS;
}
