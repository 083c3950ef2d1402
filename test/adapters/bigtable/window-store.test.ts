/** What the contract does not ask of every store: what calls cost, several writers in several processes, and faults. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTable } from '@tapline/adapters/bigtable/client';
import { BigtableRows, setCell } from '@tapline/adapters/bigtable/rows';
import { ensureTable, FAMILIES, missingFamilies } from '@tapline/adapters/bigtable/table';
import { windowRow } from '@tapline/adapters/bigtable/row-key';
import { BigtableWindowStore } from '@tapline/adapters/bigtable/window-store';
import { Counters } from '@tapline/core/cost/meter';
import { PipelineError } from '@tapline/core/errors';
import { needsScoring } from '@tapline/core/ledger/window-state';
import type { WindowCell } from '@tapline/core/ports';
import { HandClock, shuffled } from '../../contract/harness.ts';
import { OwnTable } from '../../helpers/own-table.ts';
import { describeWithServices } from '../../helpers/services.ts';

const KEY = { sensor: 'tap', windowStartUs: 0 };
const ONE = { batches: 1, packets: 10, bytes: 1000 };

function cell(sequence: number, session = 's'): WindowCell {
  const batchId = `tap/${session}/${sequence}`;
  return { batchId, session, sequence, packets: 10, bytes: 1000, partial: new Uint8Array(2000).fill(sequence) };
}

describeWithServices(['bigtable'], 'window state in Bigtable', (settings) => {
  const clock = new HandClock();
  let own: OwnTable;
  let counters: Counters;
  let rows: BigtableRows;
  let store: BigtableWindowStore;
  beforeEach(async () => {
    own = new OwnTable(settings);
    counters = new Counters();
    rows = await own.open(counters);
    store = new BigtableWindowStore(rows, clock);
  });
  afterEach(() => own.dispose());

  /** What was counted while something was done. */
  const costOf = async (action: () => Promise<unknown>): Promise<Record<string, number>> => {
    const before = counters.counts();
    await action();
    const after = Object.entries(counters.counts());
    return Object.fromEntries(after.map(([name, n]) => [name.replace('bigtable.', ''), n - (before[name] ?? 0)]));
  };

  it('writes a batch with two requests and a state with one', async () => {
    expect(await costOf(() => store.put(KEY, cell(1)))).toMatchObject({ mutations: 2 });
    expect(await costOf(() => store.state(KEY))).toMatchObject({ mutations: 0, reads: 1 });
  });

  it('shares the requests of the index among writes that run at the same time', async () => {
    const puts = [...Array(100).keys()].map((i) => cell(i));
    const { mutations } = await costOf(() => Promise.all(puts.map((item) => store.put(KEY, item))));
    expect(mutations).toBeGreaterThan(100);
    expect(mutations).toBeLessThan(150);
  });

  it('judges completeness without reading partials', async () => {
    for (let i = 0; i < 20; i++) await store.put(KEY, cell(i));
    const { readBytes } = await costOf(() => store.state(KEY));
    expect(readBytes).toBeLessThan(2000);
  });

  it('asks for what is ready at a cost that does not grow with the windows that wait', async () => {
    const wait = (from: number, to: number): Promise<unknown> =>
      Promise.all(
        [...Array(to - from).keys()].map((i) => store.put({ sensor: 'tap', windowStartUs: from + i }, cell(1))),
      );
    await store.put({ sensor: 'tap', windowStartUs: -5 }, cell(1));
    await store.announce({ sensor: 'tap', windowStartUs: -5 }, 's', ONE);
    await wait(0, 5);
    await store.ready('tap', Infinity, 100);
    const few = await costOf(() => store.ready('tap', Infinity, 100));
    await wait(5, 600);
    await store.ready('tap', Infinity, 100);
    const many = await costOf(() => store.ready('tap', Infinity, 100));
    expect(many).toEqual(few);
    expect(many).toMatchObject({ reads: 2, mutations: 0 });
    expect(await store.stale('tap', Infinity, 1000)).toHaveLength(601);
  });

  it('finds more ready windows than one answer holds, in order', async () => {
    const starts = [...Array(300).keys()];
    await Promise.all(
      shuffled(starts, 3).map(async (windowStartUs) => {
        await store.put({ sensor: 'tap', windowStartUs }, cell(1));
        await store.announce({ sensor: 'tap', windowStartUs }, 's', ONE);
      }),
    );
    const ask = async (before: number, limit: number): Promise<number[]> =>
      (await store.ready('tap', before, limit)).map(({ windowStartUs }) => windowStartUs);
    expect(await ask(Infinity, 10)).toEqual(starts.slice(0, 10));
    // Scored ones leave marks behind, which must not hide those that are left.
    for (const windowStartUs of starts.slice(0, 200)) {
      const emitted = { revision: 1, complete: true, arrived: ONE, announced: ONE };
      await store.setEmitted({ sensor: 'tap', windowStartUs }, emitted);
    }
    expect(await ask(Infinity, 10)).toEqual(starts.slice(200, 210));
    expect(await ask(205, 10)).toEqual(starts.slice(200, 205));
    expect(await ask(Infinity, 1000)).toEqual(starts.slice(200));
  });

  it('loses no window when several processes write, score and ask', async () => {
    const stores = [store];
    for (let i = 0; i < 2; i++) stores.push(new BigtableWindowStore(await own.open(), clock, {}));
    const windows = [...Array(8).keys()].map((i) => ({ sensor: 'tap', windowStartUs: i * 10 }));
    for (let round = 0; round < 5; round++) {
      const total = { batches: round + 1, packets: 10 * (round + 1), bytes: 1000 * (round + 1) };
      const work = windows.flatMap((key, i) => {
        const [a, b, c] = [0, 1, 2].map((n) => stores[(i + n) % stores.length]!);
        return [
          () => a!.put(key, cell(round)),
          () => b!.announce(key, 's', total),
          () => c!.setEmitted(key, { revision: round + 1, complete: true, arrived: total, announced: total }),
          () => a!.ready('tap', Infinity, 10),
          () => b!.ready('tap', Infinity, 10),
          () => c!.stale('tap', Infinity, 10),
        ];
      });
      await Promise.all(shuffled(work, round).map((act) => act()));
      const states = await Promise.all(windows.map(async (key) => (await store.state(key))!));
      const found = await stores[round % 3]!.stale('tap', Infinity, 10);
      expect(found.map((state) => state.windowStartUs)).toEqual(
        states.filter(needsScoring).map((state) => state.windowStartUs),
      );
    }
  });

  it('finds a window whose writer stopped before it left a mark, once the batch is delivered again', async () => {
    const put = setCell('counts', 's#0000000000000001', clock.nowUs(), Buffer.from(`10 1000 ${clock.nowUs()}`));
    await rows.mutate(windowRow(KEY, 0), [put], 'a writer that stops here');
    expect(await store.stale('tap', Infinity, 10)).toEqual([]);
    await store.put(KEY, cell(1));
    expect(await store.stale('tap', Infinity, 10)).toHaveLength(1);
  });

  it('keeps few announcements of a session, and the largest counts of all', async () => {
    for (let i = 1; i <= 100; i++) {
      clock.timeUs += 1_000_000;
      await store.announce(KEY, 's', { batches: i, packets: 10 * i, bytes: 1000 * i });
    }
    await store.announce(KEY, 's', { batches: 7, packets: 2000, bytes: 7 });
    await store.ready('tap', Infinity, 10);
    const { readBytes } = await costOf(() => store.state(KEY));
    expect(readBytes).toBeLessThan(500);
    expect((await store.state(KEY))?.sessions).toEqual([
      {
        session: 's',
        arrived: { batches: 0, packets: 0, bytes: 0 },
        announced: { batches: 100, packets: 2000, bytes: 100_000 },
      },
    ]);
  });

  it('reads a window of hundreds of large cells page by page', async () => {
    const large = { ...cell(0), partial: new Uint8Array(60_000).fill(9) };
    await Promise.all([...Array(300).keys()].map((sequence) => store.put(KEY, { ...large, sequence })));
    const before = counters.counts()['bigtable.reads'] ?? 0;
    let next = 0;
    for await (const { sequence, partial, packets } of store.read(KEY)) {
      expect([sequence, partial.length, packets]).toEqual([next++, 60_000, 10]);
    }
    expect(next).toBe(300);
    expect(counters.counts()['bigtable.reads']! - before).toBe(3);
  });

  it('refuses counts that could not be read back', async () => {
    await expect(store.announce(KEY, 's', { batches: 1, packets: NaN, bytes: 0.5 })).rejects.toMatchObject({
      code: 'USAGE',
    });
    expect(await store.state(KEY)).toBeUndefined();
  });

  it('names a cell that something else wrote, and does not ask to try again', async () => {
    await rows.mutate(windowRow(KEY, 0), [setCell('counts', 's#1', 0, Buffer.from('x'))], 'test');
    await expect(store.state(KEY)).rejects.toMatchObject({ code: 'STORE', retriable: false });
  });

  it('makes missing families and leaves what is there', async () => {
    await store.put(KEY, cell(1));
    const opened = openTable(own.settings);
    await opened.table.family('ready').delete();
    expect(await missingFamilies(opened.table)).toEqual(['ready']);
    await Promise.all([ensureTable(opened.table, 1e9), ensureTable(opened.table, 1e9)]);
    expect(await missingFamilies(opened.table)).toEqual([]);
    const [families] = await opened.table.getFamilies();
    expect(families.map(({ id }) => id).sort()).toEqual([...FAMILIES].sort());
    expect((await store.state(KEY))?.sessions).toHaveLength(1);
    await opened.close();
  });

  it('says that the table is missing, and that it may be there later', async () => {
    const opened = openTable({ ...settings, bigtableTable: 'no-such-table' });
    const other = new BigtableRows(opened);
    const error: unknown = await new BigtableWindowStore(other, clock)
      .put(KEY, cell(1))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject({ code: 'STORE', retriable: true });
    expect((error as Error).message).toMatch(/^Bigtable: writing a window of tap: the table.* is missing: /);
    await other.close();
    await opened.close();
  });
});
