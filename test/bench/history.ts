/**
 * `node test/bench/history.ts [SEEDS]`: how many false alarms `unlike-history` really raises on synthetic traffic without
 * attacks (5 days of training, 30 of test, for 1 and for 10 a day), and what a window costs the history.
 */
import { History } from '@tapline/core/history/history';
import { hashWord } from '@tapline/core/sketch/hash';
import { pairSight, sweepSight, windowOf } from '../fixtures/history-windows.ts';
import { falseAlarmsADay } from '../helpers/false-alarms.ts';
import { SyntheticKpis, uniform } from '../helpers/synthetic-kpis.ts';
import { SyntheticTokens } from '../helpers/synthetic-tokens.ts';

function cost(): void {
  const next = uniform(1);
  const [series, kinds] = [new SyntheticKpis(1), new SyntheticTokens(1)];
  const host = (n: number): string => `10.0.${Math.floor(next() * 8)}.${Math.floor(next() * n)}`;
  const windows = Array.from({ length: 5000 }, (_, window) => {
    const starts = [windowOf(window).row.windowStartUs / 1e6];
    const pairs = Array.from({ length: 200 }, () =>
      pairSight(window, { source: host(200), destination: `203.0.113.${Math.floor(next() * 250)}`, starts }),
    );
    const sweeps = Array.from({ length: 20 }, () =>
      sweepSight(window, { source: host(50), failed: [hashWord(next() * 1e9)] }),
    );
    return windowOf(window, { pairs, sweeps, tokens: kinds.tokens(window) }, series.values(window));
  });
  const history = new History({ falseAlarmsPerDay: 1 });
  const startedMs = performance.now();
  for (const window of windows) history.take(window);
  const perWindowUs = ((performance.now() - startedMs) * 1000) / windows.length;
  const encodeMs = performance.now();
  const { length } = history.encode();
  const encodedMs = performance.now() - encodeMs;
  process.stdout.write(
    `a window of 200 pairs and 20 sources in vain: ${perWindowUs.toFixed(0)} µs; state ${(length / 1024).toFixed(0)} KB, written in ${encodedMs.toFixed(1)} ms\n`,
  );
}

cost();
const seeds = Number(process.argv[2] ?? 3);
for (const perDay of [1, 10]) {
  const found = Array.from({ length: seeds }, (_, seed) => falseAlarmsADay(seed + 1, perDay) / perDay);
  const mean = found.reduce((sum, factor) => sum + factor, 0) / seeds;
  const each = found.map((factor) => factor.toFixed(2)).join(' ');
  process.stdout.write(`${perDay} a day: realised / nominal ${mean.toFixed(2)} (${each})\n`);
}
