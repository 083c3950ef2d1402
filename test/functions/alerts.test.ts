/** Alerts over stored evidence: the same whatever order windows are scored in, again, or after a restart. */
import { MemoryResultStore } from '@tapline/adapters/memory/result-store';
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import { windowQuality } from '@tapline/core/detect/data-quality';
import { AlertFolds, confirmAlerts, updateAlerts } from '@tapline/functions/stages/alerts';
import type { AlertDeps } from '@tapline/functions/stages/alerts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shuffled } from '../contract/harness.ts';
import { flood, kpiOf, WINDOW } from '../fixtures/flood-evidence.ts';

const ALL = { fromUs: -Infinity, toUs: Infinity };

const evidenceOf = (window: number, halfOpen: number): Evidence[] => (halfOpen === 0 ? [] : [flood(window, halfOpen)]);

class Scene {
  readonly results = new MemoryResultStore();
  deps: AlertDeps = { results: this.results, windowUs: WINDOW, folds: new AlertFolds() };
  finalBeforeUs = -Infinity;

  /** What the score stage does with a window's evidence. */
  async score(window: number, evidence: readonly Evidence[], complete = true): Promise<Alert[]> {
    const windowStartUs = window * WINDOW;
    const range = { fromUs: windowStartUs, toUs: windowStartUs + 1 };
    const replaced = await this.results.evidence('tap', range);
    const kpi = kpiOf(window, complete);
    await this.results.putWindow({ kpi, flows: [], evidence });
    const { finalBeforeUs } = this;
    const known = { complete, quality: windowQuality(kpi) };
    return updateAlerts({ sensor: 'tap', windowStartUs, known, evidence, replaced, finalBeforeUs }, this.deps);
  }

  restart(): void {
    this.deps = { ...this.deps, folds: new AlertFolds() };
  }

  async standing(): Promise<Alert[]> {
    return (await this.results.alerts('tap', ALL)).filter(({ state }) => state !== 'withdrawn');
  }
}

describe('alerts of a sensor', () => {
  it('are one per episode, however many windows it lasts', async () => {
    const scene = new Scene();
    for (let window = 0; window < 5; window++) await scene.score(window, [flood(window, 1000 + window)]);
    expect(await scene.standing()).toMatchObject([
      { windowStartUs: 0, windowEndUs: 5 * WINDOW, windows: 5, state: 'provisional', complete: true },
    ]);
  });

  it('are the same in any order of scoring, with windows scored again and restarts between', async () => {
    const windows = fc.uniqueArray(
      fc.record({
        window: fc.nat({ max: 400 }),
        halfOpen: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5000 })),
      }),
      {
        selector: ({ window }) => window,
        maxLength: 40,
      },
    );
    await fc.assert(
      fc.asyncProperty(windows, fc.nat(), async (found, seed) => {
        const ascending = found.toSorted((a, b) => a.window - b.window);
        const inOrder = new Scene();
        for (const { window, halfOpen } of ascending) await inOrder.score(window, evidenceOf(window, halfOpen));
        const mixed = new Scene();
        for (const [i, { window, halfOpen }] of shuffled([...found, ...found], seed).entries()) {
          if ((i + seed) % 4 === 0) mixed.restart();
          await mixed.score(window, evidenceOf(window, halfOpen));
        }
        expect(await mixed.standing()).toEqual(await inOrder.standing());
      }),
      { numRuns: 100 },
    );
  });

  it('are withdrawn when a window is scored again without the evidence, and stand again when it comes back', async () => {
    const scene = new Scene();
    await scene.score(1, [flood(1, 1000)]);
    await scene.score(2, []);
    const [raised] = await scene.standing();
    expect(await scene.score(1, [])).toMatchObject([{ id: raised!.id, state: 'withdrawn' }]);
    expect(await scene.standing()).toEqual([]);
    await scene.score(1, [flood(1, 1000)]);
    expect(await scene.standing()).toEqual([raised]);
  });

  it('join when late evidence bridges the pause between two, and only the first one stands', async () => {
    const scene = new Scene();
    for (const window of [0, 6]) await scene.score(window, [flood(window, 1000)]);
    expect(await scene.standing()).toHaveLength(2);
    await scene.score(3, [flood(3, 1000)]);
    expect(await scene.standing()).toMatchObject([{ windowStartUs: 0, windowEndUs: 7 * WINDOW, windows: 3 }]);
  });

  it('say when a window of theirs turns out complete', async () => {
    const scene = new Scene();
    await scene.score(0, [flood(0, 1000)], false);
    expect(await scene.standing()).toMatchObject([{ complete: false }]);
    await scene.score(0, [flood(0, 1000)], true);
    expect(await scene.standing()).toMatchObject([{ complete: true }]);
  });

  it('are confirmed once nothing can change them, also after a restart', async () => {
    const scene = new Scene();
    await scene.score(0, [flood(0, 1000)]);
    expect(await confirmAlerts('tap', WINDOW - 1, scene.deps)).toEqual([]);
    scene.restart();
    expect(await confirmAlerts('tap', WINDOW, scene.deps)).toMatchObject([{ state: 'confirmed' }]);
    expect(await confirmAlerts('tap', Infinity, scene.deps)).toEqual([]);
    expect(await scene.standing()).toMatchObject([{ state: 'confirmed' }]);
  });
});
