/**
 * Every way that requests of several processes can fall between each other, sampled by seeds, and processes that are killed
 * between any two requests: no window that needs scoring is ever lost from the lists.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Rows } from '@tapline/adapters/bigtable/rows';
import { BigtableWindowStore } from '@tapline/adapters/bigtable/window-store';
import { announcedTotal, arrivedTotal, everythingArrived, needsScoring } from '@tapline/core/ledger/window-state';
import type { WindowCell, WindowKey, WindowStore } from '@tapline/core/ports';
import { HandClock } from '../../contract/harness.ts';
import { OwnTable } from '../../helpers/own-table.ts';
import { describeWithServices } from '../../helpers/services.ts';
import { Killed, seeded, Turns, type Kill } from '../../helpers/turns.ts';

type Act = (store: WindowStore, key: WindowKey) => Promise<unknown>;

function cell(sequence: number): WindowCell {
  return {
    batchId: `t/s/${sequence}`,
    session: 's',
    sequence,
    packets: 1,
    bytes: 60,
    partial: Uint8Array.of(sequence),
  };
}
const put =
  (sequence: number): Act =>
  (store, key) =>
    store.put(key, cell(sequence));
const announce =
  (batches: number): Act =>
  (store, key) =>
    store.announce(key, 's', { batches, packets: batches, bytes: 60 * batches });
const ready: Act = (store, key) => store.ready(key.sensor, Infinity, 10);
const stale: Act = (store, key) => store.stale(key.sensor, Infinity, 10);
const score: Act = async (store, key) => {
  const state = await store.state(key);
  if (state === undefined) return;
  const revision = (state.emitted?.revision ?? 0) + 1;
  const [arrived, announced] = [arrivedTotal(state.sessions), announcedTotal(state.sessions)];
  await store.setEmitted(key, { revision, complete: everythingArrived(state.sessions), arrived, announced });
};
const inOrder =
  (...acts: readonly Act[]): Act =>
  async (store, key) => {
    for (const act of acts) await act(store, key);
  };
/** What is delivered again when it was not acknowledged; a question is not. */
const isQuestion = (act: Act): boolean => act === ready || act === stale;

interface Scene {
  readonly before: readonly Act[];
  readonly together: readonly Act[];
}

const SCENES: Record<string, Scene> = {
  'one asks alone': { before: [put(1), announce(1), ready, put(2)], together: [stale] },
  'a batch comes while somebody asks': { before: [], together: [put(1), ready] },
  'two ask at once': { before: [put(1), announce(1), ready, announce(2)], together: [ready, stale] },
  'the batch that completes a window comes while two ask': {
    before: [put(1), announce(2), stale],
    together: [put(2), ready, stale],
  },
  'late data comes while the window is scored': {
    before: [put(1), announce(1), ready],
    together: [score, put(2), stale],
  },
  'two score while the rest is announced': {
    before: [put(1), put(2), announce(1), stale],
    together: [score, score, announce(2)],
  },
  'a scored window is settled while it changes': {
    before: [put(1), announce(1), ready, score],
    together: [ready, stale, put(2), announce(2)],
  },
  'a scorer is overtaken by another one': {
    before: [put(1), announce(1)],
    together: [score, inOrder(put(2), announce(2), score, ready)],
  },
};
const SEEDS = [...Array(40).keys()];

describeWithServices(['bigtable'], 'windows under every race', (settings) => {
  const own = new OwnTable(settings);
  let table: Rows;
  beforeAll(async () => {
    table = await own.open();
  });
  afterAll(() => own.dispose());

  const runScene = async ({ before, together }: Scene, name: string, seed: number, kills: boolean): Promise<void> => {
    const clock = new HandClock();
    const key = { sensor: `${name} ${seed} ${kills}`, windowStartUs: 10 };
    const open = (rows: Rows): WindowStore => new BigtableWindowStore(rows, clock);
    for (const act of before) await act(open(table), key);
    clock.timeUs += 5_000;
    const choose = seeded(seed);
    // Every other time an actor tends to go on, so that one overtakes another by many requests.
    let last = 0;
    const turn = (count: number): number => {
      if (seed % 2 === 0 || last >= count || choose(10) === 0) last = choose(count);
      return last;
    };
    const turns = new Turns(table);
    const killed: Act[] = [];
    const victim = kills ? choose(together.length) : -1;
    const kill: Kill = { at: choose(5), applied: choose(2) === 1 };
    const actions = together.map(async (act, i) => {
      const { rows, isDone } = turns.actor(i === victim ? kill : undefined);
      try {
        await act(open(rows), key);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        killed.push(act);
      } finally {
        isDone();
      }
    });
    await Promise.all([turns.run(turn), ...actions]);
    for (const act of killed) if (!isQuestion(act)) await act(open(table), key);

    const store = open(table);
    const state = (await store.state(key))!;
    expect({ seed, stale: await store.stale(key.sensor, Infinity, 10) }).toEqual({
      seed,
      stale: needsScoring(state) ? [state] : [],
    });
    expect({ seed, ready: await store.ready(key.sensor, Infinity, 10) }).toEqual({
      seed,
      ready: needsScoring(state) && everythingArrived(state.sessions) ? [state] : [],
    });
  };

  for (const [name, scene] of Object.entries(SCENES)) {
    it(`${name}: nothing is lost`, async () => {
      await Promise.all(SEEDS.map((seed) => runScene(scene, name, seed, false)));
    });
    it(`${name}, and one is killed: nothing is lost`, async () => {
      await Promise.all(SEEDS.map((seed) => runScene(scene, name, seed, true)));
    });
  }
});
