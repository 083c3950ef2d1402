/** A sensor's history over stored windows: the same alerts whatever order windows are scored in, by whom, and who dies. */
import { MemoryHistoryStore } from '@tapline/adapters/memory/history-store';
import { MemoryResultStore } from '@tapline/adapters/memory/result-store';
import type { Alert } from '@tapline/core/detect/alert';
import type { UsualRow } from '@tapline/core/detect/usual';
import type { ScoreRow } from '@tapline/core/history/score-row';
import { PipelineError } from '@tapline/core/errors';
import { internalNetworks, PRIVATE_NETWORKS } from '@tapline/core/history/host-place';
import { encodeObservations } from '@tapline/core/history/observations';
import type { SeenWindow } from '@tapline/core/history/slow-finding';
import { hashWord } from '@tapline/core/sketch/hash';
import {
  advanceHistory,
  Histories,
  historySummary,
  windowChanged,
  type HistoryStageDeps,
} from '@tapline/functions/stages/history';
import { describe, expect, it } from 'vitest';
import { shuffled } from '../contract/harness.ts';
import { hostSight, pairSight, sweepSight, windowOf } from '../fixtures/history-windows.ts';
import { WINDOW_US } from '../helpers/synthetic-kpis.ts';

const ALL = { fromUs: -Infinity, toUs: Infinity };
const OPTIONS = { falseAlarmsPerDay: 1, isInternal: internalNetworks(PRIVATE_NETWORKS) };

/** Calls home from window 0 on every minute, a slow scan in between, a transfer near the end, and floods now and then. */
function scene(windows: number): SeenWindow[] {
  return Array.from({ length: windows }, (_, window) => {
    const start = windowOf(window).row.windowStartUs / 1e6;
    const calls = window % 6 === 0 ? [pairSight(window, { starts: [start] })] : [];
    const transfer =
      window > 500 ? [pairSight(window, { destination: '203.0.113.77', bytesUp: 3e6, bytesDown: 1 })] : [];
    const sweeps = window % 8 === 3 ? [sweepSight(window, { failed: [hashWord(window)] })] : [];
    const hosts = [hostSight(window % 200 < 30 || window > 500 ? 6000 + window : 300)];
    return windowOf(window, { pairs: [...calls, ...transfer], sweeps, hosts });
  });
}

/** What the history says in the end. */
interface Standing {
  readonly alerts: readonly Alert[];
  readonly usual: readonly UsualRow[];
  readonly scores: readonly ScoreRow[];
}

class Line {
  readonly results = new MemoryResultStore();
  readonly store = new MemoryHistoryStore();
  readonly pending = new Set<number>();
  finalBeforeUs = -Infinity;
  /** Says when a write to a store is to fail. */
  fails: () => boolean = () => false;

  deps(kept?: Histories): HistoryStageDeps {
    const failing =
      <A extends unknown[], R>(write: (...values: A) => Promise<R>) =>
      async (...values: A): Promise<R> => {
        if (this.fails()) throw new PipelineError('STORE', 'crash before', { retriable: true });
        const result = await write(...values);
        if (this.fails()) throw new PipelineError('STORE', 'crash after', { retriable: true });
        return result;
      };
    const { results, store } = this;
    return {
      history: {
        ...OPTIONS,
        ...(kept ? { kept } : { lastReadUs: new Map() }),
        store: { load: (sensor) => store.load(sensor), save: failing((...values) => store.save(...values)) },
      },
      windows: { firstPending: () => Promise.resolve(this.pending.size === 0 ? undefined : Math.min(...this.pending)) },
      results: {
        pastWindows: (...values) => results.pastWindows(...values),
        alerts: (...values) => results.alerts(...values),
        putAlerts: failing((...values) => results.putAlerts(...values)),
        usual: (...values) => results.usual(...values),
        putUsual: failing((...values) => results.putUsual(...values)),
        scores: (...values) => results.scores(...values),
        putScores: failing((...values) => results.putScores(...values)),
      },
    };
  }

  /** What the score stage does with a window. */
  async score({ row, observations }: SeenWindow, deps: HistoryStageDeps): Promise<void> {
    this.pending.add(row.windowStartUs);
    const bytes = encodeObservations(observations, row.windowStartUs);
    await this.results.putWindow({ kpi: row, flows: [], evidence: [], observations: bytes });
    await windowChanged(row, this.finalBeforeUs, deps);
    this.pending.delete(row.windowStartUs);
  }

  async standing(): Promise<Standing> {
    const [alerts, usual] = [await this.results.alerts('tap', ALL), await this.results.usual('tap', ALL)];
    const scores = await this.results.scores('tap', ALL);
    return {
      alerts: alerts.filter(({ state }) => state !== 'withdrawn'),
      usual: usual.filter(({ isWithdrawn }) => isWithdrawn !== true),
      scores: scores.filter(({ isWithdrawn }) => isWithdrawn !== true),
    };
  }
}

async function inOrder(windows: readonly SeenWindow[]): Promise<Standing> {
  const line = new Line();
  const deps = line.deps(new Histories());
  for (const window of windows) {
    await line.score(window, deps);
    line.finalBeforeUs = window.row.windowEndUs;
    await advanceHistory('tap', line.finalBeforeUs, deps);
  }
  await advanceHistory('tap', Infinity, deps);
  return line.standing();
}

/** A seeded coin that falls on its edge once in `in_` throws. */
function rarely(seed: number, in_: number): () => boolean {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state < 2 ** 32 / in_;
  };
}

describe('the history of a sensor', () => {
  const windows = scene(700);

  it('finds what takes hours, as confirmed alerts', async () => {
    const { alerts } = await inOrder(windows);
    expect(alerts.map(({ detector, state }) => [detector, state]).sort()).toEqual([
      ['beacon', 'confirmed'],
      ['exfiltration', 'confirmed'],
      ['horizontal-scan', 'confirmed'],
    ]);
  });

  it('says what is usual for a flooded host when an episode of it begins', async () => {
    const { usual } = await inOrder(windows);
    const places = usual.map(({ windowStartUs }) => (windowStartUs - windows[0]!.row.windowStartUs) / WINDOW_US);
    expect(places).toEqual([0, 200, 400, 501]);
    expect(usual.at(-1)).toMatchObject({ value: 6501, comparison: { class: 'learning' }, baseline: { median: 299 } });
  });

  it('is the same when windows come in any order, with nothing kept or with restarts between', async () => {
    const expected = await inOrder(windows);
    for (const seed of [1, 2]) {
      const line = new Line();
      // All sessions have said goodbye before most of their windows came: the worst that can happen to finality.
      line.finalBeforeUs = Infinity;
      let deps = line.deps(seed === 1 ? new Histories() : undefined);
      for (const [i, window] of shuffled(windows, seed).entries()) {
        await line.score(window, deps);
        if (i % 40 === 0) await advanceHistory('tap', Infinity, deps);
        if (i % 111 === 0) deps = line.deps(seed === 1 ? new Histories() : undefined);
      }
      await advanceHistory('tap', Infinity, deps);
      expect(await line.standing()).toEqual(expected);
    }
  });

  it('is the same with several scorers at once that die now and then, before or after what they write', async () => {
    const expected = await inOrder(windows);
    const line = new Line();
    line.finalBeforeUs = Infinity;
    line.fails = rarely(7, 12);
    const untilDone = async (work: () => Promise<unknown>): Promise<void> => {
      for (;;) {
        try {
          await work();
          return;
        } catch (error) {
          expect(error).toMatchObject({ code: 'STORE' });
        }
      }
    };
    const late = shuffled(windows, 3);
    for (let i = 0; i < late.length; i += 4) {
      await Promise.all(
        late
          .slice(i, i + 4)
          .flatMap((window) => [
            untilDone(() => line.score(window, line.deps())),
            ...(i % 40 === 0 ? [untilDone(() => advanceHistory('tap', Infinity, line.deps()))] : []),
          ]),
      );
    }
    await untilDone(() => advanceHistory('tap', Infinity, line.deps()));
    expect(await line.standing()).toEqual(expected);
  });

  it('withdraws what a window that is scored again does not say any more', async () => {
    const line = new Line();
    const deps = line.deps();
    line.finalBeforeUs = Infinity;
    for (const window of windows) await line.score(window, deps);
    await advanceHistory('tap', Infinity, deps);
    for (let window = 501; window < 700; window++) await line.score(windowOf(window), deps);
    await advanceHistory('tap', Infinity, deps);
    const alerts = await line.results.alerts('tap', ALL);
    expect(alerts.filter(({ state }) => state === 'withdrawn')).toMatchObject([{ detector: 'exfiltration' }]);
    const usual = await line.results.usual('tap', ALL);
    expect(usual.filter(({ isWithdrawn }) => isWithdrawn)).toMatchObject([{ value: 6501 }]);
    expect(await line.standing()).toEqual(
      await inOrder([...windows.slice(0, 501), ...Array.from({ length: 199 }, (_, i) => windowOf(501 + i))]),
    );
  });

  it('has one row for each window that it took, and says how many it has learned from', async () => {
    const { scores } = await inOrder(windows);
    expect(scores.map(({ windowStartUs }) => windowStartUs)).toEqual(windows.map(({ row }) => row.windowStartUs));
    const learned = windows.filter(({ row }) => row.complete).length;
    expect(scores.at(-1)).toMatchObject({ state: 'learning', learnedWindows: learned, score: null });
  });

  it('withdraws the row of a window that is not there any more when it goes back', async () => {
    const line = new Line();
    const deps = line.deps();
    line.finalBeforeUs = Infinity;
    for (const window of windows.slice(0, 100)) await line.score(window, deps);
    await advanceHistory('tap', Infinity, deps);
    const [first] = await line.results.scores('tap', ALL);
    const stray = { ...first!, windowStartUs: first!.windowStartUs + 1 };
    await line.results.putScores([stray]);
    await line.score(windows[0]!, deps);
    await advanceHistory('tap', Infinity, deps);
    const scores = await line.results.scores('tap', ALL);
    expect(scores.filter(({ isWithdrawn }) => isWithdrawn)).toEqual([{ ...stray, isWithdrawn: true }]);
    expect(await line.standing()).toEqual(await inOrder(windows.slice(0, 100)));
  });

  it('does not pass a window that is still to be scored, and goes on when it was', async () => {
    const line = new Line();
    const deps = line.deps();
    for (const window of windows.slice(0, 100)) await line.score(window, deps);
    line.pending.add(50 * WINDOW_US + windows[0]!.row.windowStartUs);
    await advanceHistory('tap', Infinity, deps);
    const uptoUs = async (): Promise<number | undefined> =>
      (await historySummary('tap', { ...OPTIONS, store: line.store }))?.uptoUs;
    expect(await uptoUs()).toBe(windows[49]!.row.windowEndUs);
    line.pending.clear();
    await advanceHistory('tap', Infinity, deps);
    expect(await uptoUs()).toBe(windows[99]!.row.windowEndUs);
  });
});
