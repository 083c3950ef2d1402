/** The contract of WindowStore: every implementation passes this suite. */
import { arrivedTotal, announcedTotal, everythingArrived, needsScoring } from '@tapline/core/ledger/window-state';
import type { Clock, EmittedWindow, WindowCell, WindowState, WindowStore } from '@tapline/core/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MakeHarness, StoreHarness } from './harness.ts';
import { collect, HandClock, HOSTILE_NAMES, shuffled } from './harness.ts';

const KEY = { sensor: 'tap', windowStartUs: 1_499_258_930_000_000 };
const NONE = { batches: 0, packets: 0, bytes: 0 };

function cell(session: string, sequence: number, packets = 10): WindowCell {
  const partial = Uint8Array.from({ length: 40 }, (_, i) => (i * 7 + sequence + packets) & 255);
  return { batchId: `tap/${session}/${sequence}`, session, sequence, packets, bytes: packets * 100, partial };
}

const plain = (found: WindowCell): WindowCell => ({ ...found, partial: Uint8Array.from(found.partial) });

export function describeWindowStore(name: string, make: MakeHarness<WindowStore>, { persistent = true } = {}): void {
  describe(`WindowStore on ${name}`, () => {
    const clock = new HandClock();
    let harness: StoreHarness<WindowStore>;
    let store: WindowStore;
    beforeEach(async () => {
      harness = make();
      store = await harness.open(clock satisfies Clock);
    });
    afterEach(() => harness.dispose());

    it('knows nothing of a window that nobody mentioned', async () => {
      expect(await store.state(KEY)).toBeUndefined();
      expect(await collect(store.read(KEY))).toEqual([]);
      expect(await store.ready('tap', Infinity, 10)).toEqual([]);
      expect(await store.stale('tap', Infinity, 10)).toEqual([]);
    });

    it('reads cells by session, then sequence, whatever order they came in', async () => {
      const cells = [...Array(70).keys()].map((i) => cell('b', i)).concat(cell('a', 3), cell('a', 200), cell('a', 21));
      await Promise.all(shuffled(cells, 5).map((item) => store.put(KEY, item)));
      await store.put({ ...KEY, windowStartUs: KEY.windowStartUs + 10 }, cell('b', 1000));
      await store.put({ ...KEY, sensor: 'other' }, cell('b', 1001));
      const found = await collect(store.read(KEY));
      expect(found.map((item) => `${item.session}${item.sequence}`)).toEqual(
        ['a3', 'a21', 'a200'].concat([...Array(70).keys()].map((i) => `b${i}`)),
      );
      expect(plain(found[4]!)).toEqual(cell('b', 1));
    });

    it('counts a batch once however often it is put, and the last put replaces', async () => {
      for (let i = 0; i < 3; i++) await store.put(KEY, cell('s', 7, 10));
      await store.put(KEY, cell('s', 8, 5));
      await store.put(KEY, cell('s', 7, 12));
      const state = await store.state(KEY);
      expect(state?.sessions).toEqual([
        { session: 's', arrived: { batches: 2, packets: 17, bytes: 1700 }, announced: NONE },
      ]);
      expect((await collect(store.read(KEY))).map(plain)).toEqual([cell('s', 7, 12), cell('s', 8, 5)]);
    });

    it('keeps the bytes it was given, not the buffer they were in', async () => {
      const scratch = cell('s', 1);
      await store.put(KEY, scratch);
      const before = Uint8Array.from(scratch.partial);
      scratch.partial.fill(0);
      expect((await collect(store.read(KEY))).map((item) => Uint8Array.from(item.partial))).toEqual([before]);
    });

    it('keeps the largest of each announced count, per session', async () => {
      await store.announce(KEY, 's', { batches: 2, packets: 30, bytes: 3000 });
      await store.announce(KEY, 's', { batches: 3, packets: 40, bytes: 4000 });
      await store.announce(KEY, 's', { batches: 1, packets: 10, bytes: 1000 });
      await store.announce(KEY, 'r', { batches: 1, packets: 1, bytes: 60 });
      expect((await store.state(KEY))?.sessions).toEqual([
        { session: 'r', arrived: NONE, announced: { batches: 1, packets: 1, bytes: 60 } },
        { session: 's', arrived: NONE, announced: { batches: 3, packets: 40, bytes: 4000 } },
      ]);
    });

    const starts = (states: readonly WindowState[]): number[] => states.map((state) => state.windowStartUs);
    const ready = async (before = Infinity, limit = 10): Promise<number[]> =>
      starts(await store.ready('tap', before, limit));
    const stale = async (touchedUs = Infinity, limit = 10): Promise<number[]> =>
      starts(await store.stale('tap', touchedUs, limit));

    it('names a window until it was emitted from the counts there are now', async () => {
      const arrived = { batches: 1, packets: 10, bytes: 1000 };
      await store.put(KEY, cell('s', 1));
      expect([await ready(), await stale()]).toEqual([[], [KEY.windowStartUs]]);
      await store.setEmitted(KEY, { revision: 1, complete: false, arrived, announced: NONE });
      expect([await ready(), await stale()]).toEqual([[], []]);
      await store.put(KEY, cell('s', 1));
      expect([await ready(), await stale()]).toEqual([[], []]);
      await store.announce(KEY, 's', arrived);
      expect([await ready(), await stale()]).toEqual([[KEY.windowStartUs], [KEY.windowStartUs]]);
      await store.setEmitted(KEY, { revision: 2, complete: true, arrived, announced: arrived });
      expect((await store.state(KEY))?.emitted).toEqual({ revision: 2, complete: true, arrived, announced: arrived });
      expect([await ready(), await stale()]).toEqual([[], []]);
      await store.put(KEY, cell('s', 2));
      expect([await ready(), await stale()]).toEqual([[], [KEY.windowStartUs]]);
    });

    it('calls a window ready that was emitted as incomplete although all of it is there', async () => {
      const all = { batches: 1, packets: 10, bytes: 1000 };
      await store.put(KEY, cell('s', 1));
      await store.announce(KEY, 's', all);
      await store.setEmitted(KEY, { revision: 1, complete: false, arrived: all, announced: all });
      expect(await ready()).toEqual([KEY.windowStartUs]);
    });

    it('lists ready windows in time order, before a time, up to a limit, of one sensor', async () => {
      for (const windowStartUs of [50, -20, 30, 10, 40, 0]) {
        await store.put({ sensor: 'tap', windowStartUs }, cell('s', 1));
        if (windowStartUs === 40) continue;
        await store.announce({ sensor: 'tap', windowStartUs }, 's', { batches: 1, packets: 10, bytes: 1000 });
      }
      await store.announce({ sensor: 'other', windowStartUs: 5 }, 's', NONE);
      expect(await ready()).toEqual([-20, 0, 10, 30, 50]);
      expect(await ready(30)).toEqual([-20, 0, 10]);
      expect(await ready(Infinity, 2)).toEqual([-20, 0]);
    });

    it('lists stale windows by last touch, up to a time and a limit', async () => {
      const begin = clock.timeUs;
      for (const windowStartUs of [30, 10, 20]) {
        clock.timeUs += 5;
        await store.put({ sensor: 'tap', windowStartUs }, cell('s', 1));
      }
      await store.put({ sensor: 'other', windowStartUs: 5 }, cell('s', 1));
      expect(await stale()).toEqual([30, 10, 20]);
      expect(await stale(begin + 10)).toEqual([30, 10]);
      expect(await stale(Infinity, 1)).toEqual([30]);
    });

    it('says when a cell or an announcement last arrived; emitting is no arrival', async () => {
      clock.timeUs += 5;
      await store.put(KEY, cell('s', 1));
      const put = clock.timeUs;
      expect((await store.state(KEY))?.touchedUs).toBe(put);
      clock.timeUs += 5;
      await store.setEmitted(KEY, { revision: 1, complete: false, arrived: NONE, announced: NONE });
      expect((await store.state(KEY))?.touchedUs).toBe(put);
      await store.announce(KEY, 's', NONE);
      expect((await store.state(KEY))?.touchedUs).toBe(clock.timeUs);
    });

    it('keeps the later revision of two scorers, whatever order they come in, and the last word on one revision', async () => {
      const emitted = (revision: number, packets: number): EmittedWindow => {
        const arrived = { batches: 1, packets, bytes: 100 * packets };
        return { revision, complete: true, arrived, announced: arrived };
      };
      await store.put(KEY, cell('s', 1));
      for (const [revision, packets] of [
        [2, 10],
        [1, 9],
        [3, 11],
        [3, 12],
      ] as const) {
        await store.setEmitted(KEY, emitted(revision, packets));
      }
      expect((await store.state(KEY))?.emitted).toEqual(emitted(3, 12));
    });

    it('counts each batch once when all of them come at the same time, five times each and shuffled', async () => {
      const cells = ['a', 'b'].flatMap((session) => [...Array(30).keys()].map((i) => cell(session, i, i + 1)));
      const total = { batches: 30, packets: 465, bytes: 46_500 };
      const partly = [...Array(10).keys()].map((i) => ({ batches: i, packets: 40 * i, bytes: 4_000 * i }));
      const work = [...Array(5).keys()].flatMap(() => [
        ...cells.map((item) => () => store.put(KEY, item)),
        ...[...partly, total].map((announced) => () => store.announce(KEY, 'a', announced)),
      ]);
      await Promise.all(shuffled(work, 11).map((write) => write()));
      expect((await store.state(KEY))?.sessions).toEqual([
        { session: 'a', arrived: total, announced: total },
        { session: 'b', arrived: total, announced: NONE },
      ]);
      expect((await collect(store.read(KEY))).map(plain)).toEqual(cells);
    });

    it('loses no window, whatever is put, announced, scored and asked at the same time', async () => {
      const windows = [...Array(12).keys()].map((i) => ({ sensor: 'tap', windowStartUs: (i - 6) * 10_000_000 }));
      const score = async (key: (typeof windows)[number]): Promise<void> => {
        const state = (await store.state(key))!;
        const complete = everythingArrived(state.sessions);
        const revision = (state.emitted?.revision ?? 0) + 1;
        const [arrived, announced] = [arrivedTotal(state.sessions), announcedTotal(state.sessions)];
        await store.setEmitted(key, { revision, complete, arrived, announced });
      };
      for (let round = 0; round < 6; round++) {
        clock.timeUs += 1_000_000;
        const batches = round + 1;
        const total = { batches, packets: 10 * batches, bytes: 1000 * batches };
        if (round === 0) await Promise.all(windows.map((key) => store.put(key, cell('s', 0))));
        const work = windows.flatMap((key) => [
          () => store.put(key, cell('s', round)),
          () => store.announce(key, 's', total),
          () => score(key),
          () => score(key),
          ready,
          stale,
        ]);
        await Promise.all(shuffled(work, 100 + round).map((act) => act()));
        const states = await Promise.all(windows.map(async (key) => (await store.state(key))!));
        const pending = states.filter(needsScoring);
        expect((await stale(Infinity, 100)).sort((a, b) => a - b)).toEqual(starts(pending));
        expect(await ready(Infinity, 100)).toEqual(
          starts(pending.filter((state) => everythingArrived(state.sessions))),
        );
      }
    });

    it('names the first window that needs scoring, whatever it waits for', async () => {
      expect(await store.firstPending('tap')).toBeUndefined();
      for (const windowStartUs of [30, -10, 20]) await store.put({ sensor: 'tap', windowStartUs }, cell('s', 1));
      await store.announce({ sensor: 'tap', windowStartUs: 20 }, 's', { batches: 1, packets: 10, bytes: 1000 });
      await store.put({ sensor: 'other', windowStartUs: -50 }, cell('s', 1));
      expect(await store.firstPending('tap')).toBe(-10);
      const arrived = { batches: 1, packets: 10, bytes: 1000 };
      const emitted = { revision: 1, complete: false, arrived, announced: NONE };
      await store.setEmitted({ sensor: 'tap', windowStartUs: -10 }, emitted);
      expect(await store.firstPending('tap')).toBe(20);
    });

    it('takes any text as a name', async () => {
      for (const [i, hostile] of HOSTILE_NAMES.entries()) {
        await store.put({ sensor: hostile, windowStartUs: 0 }, cell(hostile, i));
      }
      for (const [i, hostile] of HOSTILE_NAMES.entries()) {
        const found = await collect(store.read({ sensor: hostile, windowStartUs: 0 }));
        expect(found.map((item) => [item.session, item.sequence])).toEqual([[hostile, i]]);
      }
    });

    if (persistent)
      it('still has everything after it was closed and opened', async () => {
        const emitted = { revision: 3, complete: true, arrived: NONE, announced: NONE };
        await store.put(KEY, cell('s', 4));
        await store.announce(KEY, 's', { batches: 2, packets: 3, bytes: 4 });
        await store.setEmitted(KEY, emitted);
        const before = await store.state(KEY);
        await harness.close();
        store = await harness.open(clock);
        expect(await store.state(KEY)).toEqual(before);
        expect((await collect(store.read(KEY))).map(plain)).toEqual([cell('s', 4)]);
      });
  });
}
