/** The contract of LedgerStore: every implementation passes this suite. */
import type { Heartbeat, MinuteCount } from '@tapline/core/ledger/heartbeat';
import type { HopEntry, LedgerStore } from '@tapline/core/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MakeHarness, StoreHarness } from './harness.ts';
import { collect, HandClock, HOSTILE_NAMES, shuffled } from './harness.ts';

function entry(sequence: number, more: Partial<HopEntry> = {}): HopEntry {
  return {
    sensor: 'tap',
    session: 's',
    sequence,
    hop: 'parsed',
    packets: 10,
    bytes: 1000,
    malformed: 1,
    minutes: [
      { minuteStartUs: -60_000_000, packets: 4, bytes: 400 },
      { minuteStartUs: 0, packets: 6, bytes: 600 },
    ],
    ...more,
  };
}

function minute(minuteStartUs: number, sent: number): MinuteCount {
  const zeros = { kernelDropped: 0, self: 0, filtered: 0, duplicate: 0, malformed: 0 };
  return { minuteStartUs, offered: sent, sent, wireBytes: sent * 100, ...zeros };
}

function heartbeat(sequence: number, more: Partial<Heartbeat> = {}): Heartbeat {
  const { offered, kernelDropped, self, filtered, duplicate, sent, malformed, wireBytes } = minute(0, 10);
  return {
    sensor: 'tap',
    session: 's',
    sequence,
    arrivalUs: 1_700_000_000_000_000 + sequence,
    watermarkUs: sequence === 0 ? null : sequence * 1000,
    lastBatch: sequence - 1,
    windowUs: 10_000_000,
    windows: [{ windowStartUs: 0, batches: 1, packets: 10, bytes: 1000 }],
    minutes: [],
    counters: { offered, kernelDropped, self, filtered, duplicate, sent, malformed, wireBytes, late: 0 },
    cpuPercent: 12.5,
    rssBytes: 100_000_000,
    final: false,
    ...more,
  };
}

export function describeLedgerStore(name: string, make: MakeHarness<LedgerStore>, { persistent = true } = {}): void {
  describe(`LedgerStore on ${name}`, () => {
    const clock = new HandClock();
    let harness: StoreHarness<LedgerStore>;
    let store: LedgerStore;
    beforeEach(async () => {
      harness = make();
      store = await harness.open(clock);
    });
    afterEach(() => harness.dispose());

    it('is empty at first', async () => {
      expect(await store.sessions()).toEqual([]);
      expect(await store.lastHeartbeats('tap')).toEqual([]);
      expect(await store.minutes('tap', 's')).toEqual([]);
      expect(await collect(store.entries('tap', 's', 'parsed'))).toEqual([]);
    });

    it('keeps one entry per batch and hop, the last one', async () => {
      await store.accept(entry(1));
      await store.accept(entry(1));
      await store.accept(entry(1, { hop: 'stored' }));
      await store.accept(entry(1, { packets: 9 }));
      await store.accept(entry(1, { session: 'r' }));
      expect(await collect(store.entries('tap', 's', 'parsed'))).toEqual([entry(1, { packets: 9 })]);
      expect(await collect(store.entries('tap', 's', 'stored'))).toEqual([entry(1, { hop: 'stored' })]);
      expect(await collect(store.entries('tap', 's', 'windowed'))).toEqual([]);
    });

    it('lists entries in sequence, beyond one page, whatever order they came in', async () => {
      const sequences = [...Array(1200).keys()];
      await Promise.all(shuffled(sequences, 4).map((sequence) => store.accept(entry(sequence))));
      const found = await collect(store.entries('tap', 's', 'parsed'));
      expect(found.map((item) => item.sequence)).toEqual(sequences);
    });

    it('keeps the heartbeat with the highest sequence of each session', async () => {
      for (const sequence of [0, 3, 1, 2, 3]) await store.putHeartbeat(heartbeat(sequence));
      await store.putHeartbeat(heartbeat(1, { session: 'r', final: true }));
      await store.putHeartbeat(heartbeat(9, { sensor: 'other' }));
      expect(await store.lastHeartbeats('tap')).toEqual([heartbeat(1, { session: 'r', final: true }), heartbeat(3)]);
    });

    it('says of which sessions the heartbeats are asked for, and of one at most that is over', async () => {
      expect(await store.openHeartbeats('tap')).toEqual([]);
      await store.putHeartbeat(heartbeat(1, { session: 'c' }));
      await store.putHeartbeat(heartbeat(2, { session: 'b', final: true }));
      await store.putHeartbeat(heartbeat(1, { session: 'b' }));
      await store.putHeartbeat(heartbeat(1, { session: 'a', final: true }));
      await store.putHeartbeat(heartbeat(1, { sensor: 'other', final: true }));
      const open = await store.openHeartbeats('tap');
      expect(open.filter(({ final }) => !final)).toEqual([heartbeat(1, { session: 'c' })]);
      expect(open.filter(({ final }) => final)).toHaveLength(1);
      const asked = await store.lastHeartbeats('tap', ['c', 'b', 'never']);
      expect(asked).toEqual([heartbeat(2, { session: 'b', final: true }), heartbeat(1, { session: 'c' })]);
      await store.putHeartbeat(heartbeat(2, { session: 'c', final: true }));
      expect(await store.openHeartbeats('tap')).toMatchObject([{ final: true }]);
    });

    it('keeps the largest announcement of each minute, ascending', async () => {
      await store.putHeartbeat(heartbeat(1, { minutes: [minute(60_000_000, 5), minute(-60_000_000, 1)] }));
      await store.putHeartbeat(heartbeat(3, { minutes: [minute(60_000_000, 9), minute(0, 4)] }));
      await store.putHeartbeat(heartbeat(2, { minutes: [minute(60_000_000, 7)] }));
      await store.putHeartbeat(heartbeat(4, { session: 'r', minutes: [minute(0, 100)] }));
      expect(await store.minutes('tap', 's')).toEqual([minute(-60_000_000, 1), minute(0, 4), minute(60_000_000, 9)]);
      const within = { fromUs: -60_000_000, toUs: 60_000_000 };
      expect(await store.minutes('tap', 's', within)).toEqual([minute(-60_000_000, 1), minute(0, 4)]);
    });

    it('knows every session of which it heard in any way', async () => {
      await store.accept(entry(1, { session: 'b' }));
      await store.accept(entry(2, { session: 'b' }));
      await store.putHeartbeat(heartbeat(1, { session: 'a' }));
      await store.putHeartbeat(heartbeat(1, { session: 'b' }));
      await store.putHeartbeat(heartbeat(1, { sensor: 'other' }));
      expect(await store.sessions()).toEqual([
        { sensor: 'other', session: 's' },
        { sensor: 'tap', session: 'a' },
        { sensor: 'tap', session: 'b' },
      ]);
    });

    it('takes any text as a name', async () => {
      for (const hostile of HOSTILE_NAMES) {
        await store.accept(entry(1, { sensor: hostile, session: hostile }));
        await store.putHeartbeat(heartbeat(1, { sensor: hostile, session: hostile }));
      }
      for (const hostile of HOSTILE_NAMES) {
        const names = { sensor: hostile, session: hostile };
        expect(await collect(store.entries(hostile, hostile, 'parsed'))).toEqual([entry(1, names)]);
        expect(await store.lastHeartbeats(hostile)).toEqual([heartbeat(1, names)]);
      }
      expect(await store.sessions()).toHaveLength(HOSTILE_NAMES.length);
    });

    if (persistent)
      it('still has everything after it was closed and opened', async () => {
        await store.accept(entry(1));
        await store.putHeartbeat(heartbeat(1, { minutes: [minute(0, 4)] }));
        await harness.close();
        store = await harness.open(clock);
        expect(await collect(store.entries('tap', 's', 'parsed'))).toEqual([entry(1)]);
        expect(await store.lastHeartbeats('tap')).toEqual([heartbeat(1, { minutes: [minute(0, 4)] })]);
        expect(await store.minutes('tap', 's')).toEqual([minute(0, 4)]);
      });
  });
}
