/** Alerts where several processes score the same sensor at once: whoever overwrites whom, what stands in the end is right. */
import { MemoryResultStore } from '@tapline/adapters/memory/result-store';
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import { windowQuality } from '@tapline/core/detect/data-quality';
import { AlertFolds, confirmAlerts, updateAlerts, type AlertDeps } from '@tapline/functions/stages/alerts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flood, kpiOf, WINDOW } from '../fixtures/flood-evidence.ts';

const ALL = { fromUs: -Infinity, toUs: Infinity };

const KILLED = new Error('killed');

/**
 * Lets pending steps of others run before or after any call, in an order that the scheduler of fast-check decides.
 * @param callsLeft calls that are made before the process that makes them is killed
 */
function interleaved(store: MemoryResultStore, scheduler: fc.Scheduler, callsLeft = Infinity): MemoryResultStore {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        await scheduler.schedule(Promise.resolve(), String(name));
        if (callsLeft-- <= 0) throw KILLED;
        const result: unknown = await (member as (...given: unknown[]) => Promise<unknown>).apply(target, args);
        await scheduler.schedule(Promise.resolve(), `${String(name)} done`);
        return result;
      };
    },
  });
}

/** What the score stage does with a window's evidence. */
async function score(
  window: number,
  evidence: readonly Evidence[],
  deps: AlertDeps & { results: MemoryResultStore },
  finalBeforeUs = 0,
): Promise<void> {
  const windowStartUs = window * WINDOW;
  const replaced = await deps.results.evidence('tap', { fromUs: windowStartUs, toUs: windowStartUs + 1 });
  const kpi = kpiOf(window);
  await deps.results.putWindow({ kpi, flows: [], evidence });
  const known = { complete: true, quality: windowQuality(kpi) };
  await updateAlerts({ sensor: 'tap', windowStartUs, known, evidence, replaced, finalBeforeUs }, deps);
}

const standing = async (store: MemoryResultStore): Promise<Alert[]> =>
  (await store.alerts('tap', ALL)).filter(({ state }) => state !== 'withdrawn');

describe('alerts with several scorers', () => {
  it('are those of one scorer in time order, whatever the interleaving', async () => {
    const windows = fc.uniqueArray(
      fc.record({ window: fc.nat({ max: 12 }), halfOpen: fc.integer({ min: 100, max: 5000 }) }),
      { selector: ({ window }) => window, minLength: 2, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(windows, fc.scheduler(), async (found, scheduler) => {
        const alone = new MemoryResultStore();
        const one = { results: alone, windowUs: WINDOW, folds: new AlertFolds() };
        for (const { window, halfOpen } of found.toSorted((a, b) => a.window - b.window)) {
          await score(window, [flood(window, halfOpen)], one);
        }
        const shared = new MemoryResultStore();
        const deps = { results: interleaved(shared, scheduler), windowUs: WINDOW };
        const all = found.map(({ window, halfOpen }) => score(window, [flood(window, halfOpen)], deps));
        await scheduler.waitFor(Promise.all(all));
        expect(await standing(shared)).toEqual(await standing(alone));
      }),
      { numRuns: 200 },
    );
  });

  it('are right after one of two scorers of each window was killed at any point, however late the windows come', async () => {
    const windows = fc.uniqueArray(
      fc.record({
        window: fc.nat({ max: 6 }),
        halfOpen: fc.integer({ min: 100, max: 5000 }),
        callsLeft: fc.nat({ max: 30 }),
      }),
      { selector: ({ window }) => window, minLength: 2, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(windows, fc.scheduler(), async (found, scheduler) => {
        const alone = new MemoryResultStore();
        const one = { results: alone, windowUs: WINDOW, folds: new AlertFolds() };
        for (const { window, halfOpen } of found.toSorted((a, b) => a.window - b.window)) {
          await score(window, [flood(window, halfOpen)], one, Infinity);
        }
        const shared = new MemoryResultStore();
        const all = found.flatMap(({ window, halfOpen, callsLeft }) =>
          [callsLeft, Infinity].map(async (calls) => {
            const deps = { results: interleaved(shared, scheduler, calls), windowUs: WINDOW };
            await score(window, [flood(window, halfOpen)], deps, Infinity).catch((error: unknown) => {
              if (error !== KILLED) throw error;
            });
          }),
        );
        await scheduler.waitFor(Promise.all(all));
        // The message of the killed one comes again: its window is scored already, which leaves what is final to confirm.
        await confirmAlerts('tap', Infinity, { results: shared, windowUs: WINDOW });
        expect(await standing(shared)).toEqual(await standing(alone));
      }),
      { numRuns: 200 },
    );
  });

  it('are not what a scorer knew that wrote late and was killed before it looked again', async () => {
    const results = new MemoryResultStore();
    const deps = { results, windowUs: WINDOW };
    const { promise: othersAreDone, resolve: goOn } = Promise.withResolvers<undefined>();
    const killed = new Proxy(results, {
      get: (target, name) => {
        if (name !== 'putAlerts') return (Reflect.get(target, name) as () => unknown).bind(target);
        return async (alerts: readonly Alert[]) => {
          await othersAreDone;
          await target.putAlerts(alerts);
          throw KILLED;
        };
      },
    });
    const late = expect(score(1, [flood(1, 1000)], { ...deps, results: killed }, Infinity)).rejects.toBe(KILLED);
    await score(1, [flood(1, 1000)], deps, Infinity);
    await score(2, [flood(2, 1000)], deps, Infinity);
    goOn(undefined);
    await late;
    await confirmAlerts('tap', Infinity, deps);
    expect(await standing(results)).toMatchObject([{ state: 'confirmed', windows: 2 }]);
  });

  it('do not stand when another scorer replaced the evidence by nothing meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const shared = new MemoryResultStore();
        const deps = { results: interleaved(shared, scheduler), windowUs: WINDOW };
        let left: Evidence[] = [];
        const put = shared.putWindow.bind(shared);
        shared.putWindow = (result) => {
          left = [...result.evidence];
          return put(result);
        };
        await scheduler.waitFor(Promise.all([score(1, [flood(1, 1000)], deps), score(1, [], deps)]));
        expect(await standing(shared)).toHaveLength(left.length);
      }),
      { numRuns: 200 },
    );
  });

  it('are withdrawn by a scorer that read what it replaces before another raised them', async () => {
    const results = new MemoryResultStore();
    const deps = { results, windowUs: WINDOW };
    await score(1, [flood(1, 1000)], deps);
    const kpi = kpiOf(1);
    await results.putWindow({ kpi, flows: [], evidence: [] });
    const known = { complete: true, quality: windowQuality(kpi) };
    const { sensor, windowStartUs } = kpi;
    await updateAlerts({ sensor, windowStartUs, known, evidence: [], replaced: [], finalBeforeUs: 0 }, deps);
    expect(await standing(results)).toEqual([]);
  });

  it('are confirmed once final, with the content their evidence has then, and never taken back', async () => {
    const results = new MemoryResultStore();
    const deps = { results, windowUs: WINDOW };
    await score(1, [flood(1, 1000)], deps);
    expect(await confirmAlerts('tap', 2 * WINDOW - 1, deps)).toEqual([]);
    expect(await confirmAlerts('tap', 2 * WINDOW, deps)).toMatchObject([{ state: 'confirmed', windows: 1 }]);
    await score(1, [flood(1, 1000)], deps);
    expect(await standing(results)).toMatchObject([{ state: 'confirmed', windows: 1 }]);
    await score(2, [flood(2, 1000)], deps);
    expect(await standing(results)).toMatchObject([{ state: 'provisional', windows: 2 }]);
    await confirmAlerts('tap', Infinity, deps);
    expect(await standing(results)).toMatchObject([{ state: 'confirmed', windows: 2 }]);
  });
});
