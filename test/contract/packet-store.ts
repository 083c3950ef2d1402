/** The contract of PacketStore: every implementation passes this suite. */
import type { PacketStore } from '@tapline/core/ports';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import { batchId } from '@tapline/core/wire/batch-header';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreHarness } from './harness.ts';
import { collect, HandClock, HOSTILE_NAMES, shuffled } from './harness.ts';

function header(sequence: number, more: Partial<BatchHeader> = {}): BatchHeader {
  return {
    sensor: 'tap',
    session: 's',
    sequence,
    firstNumber: sequence * 100 + 1,
    count: 100,
    wireBytes: 64_000,
    malformed: 1,
    minTimeUs: sequence * 1000,
    maxTimeUs: sequence * 1000 + 999,
    contentHash: sequence.toString(16).padStart(16, '0'),
    ...more,
  };
}

const wire = (seed: number): Uint8Array => Uint8Array.from({ length: 500 }, (_, i) => (i * seed + 3) & 255);

/** A store under test, with a way to take a batch away behind its back. */
export interface PacketStoreHarness extends StoreHarness<PacketStore> {
  lose(batch: BatchHeader): Promise<void>;
}

export function describePacketStore(name: string, make: () => PacketStoreHarness, { persistent = true } = {}): void {
  describe(`PacketStore on ${name}`, () => {
    const clock = new HandClock();
    let harness: PacketStoreHarness;
    let store: PacketStore;
    beforeEach(async () => {
      harness = make();
      store = await harness.open(clock);
    });
    afterEach(() => harness.dispose());

    it('gives back byte for byte what was put, and undefined for what was not', async () => {
      await store.putBatch(header(3), wire(3));
      expect(Uint8Array.from((await store.getBatch('tap/s/3'))!)).toEqual(wire(3));
      for (const id of ['tap/s/4', 'tap/t/3', 'other/s/3', 'nonsense', '', '//', 'tap/s/3/', 'tap/s/-1', 'tap/s/x']) {
        expect(await store.getBatch(id), id).toBeUndefined();
      }
    });

    it('replaces a batch that is put again', async () => {
      await store.putBatch(header(3), wire(3));
      await store.putBatch(header(3, { count: 7 }), wire(4));
      expect(Uint8Array.from((await store.getBatch('tap/s/3'))!)).toEqual(wire(4));
      expect(await collect(store.sessionBatches('tap', 's'))).toEqual([{ ...header(3, { count: 7 }), id: 'tap/s/3' }]);
    });

    it('lists a session in sequence, beyond one page and one folder, whatever order it came in', async () => {
      const sequences = [...Array(30).keys(), ...[...Array(20).keys()].map((i) => 990 + i), 123_456];
      await Promise.all(shuffled(sequences, 9).map((sequence) => store.putBatch(header(sequence), wire(sequence))));
      await store.putBatch(header(5, { session: 'r' }), wire(5));
      const listed = await collect(store.sessionBatches('tap', 's'));
      expect(listed.map((batch) => batch.sequence)).toEqual(sequences);
      expect(listed[1]).toEqual({ ...header(1), id: 'tap/s/1' });
    });

    it('lists batches that overlap a half-open range, by session and sequence', async () => {
      for (const sequence of [4, 1, 3, 2]) await store.putBatch(header(sequence), wire(1));
      await store.putBatch(header(9, { session: 'a', minTimeUs: -50, maxTimeUs: 10_000 }), wire(1));
      await store.putBatch(header(2, { sensor: 'other' }), wire(1));
      const ids = async (fromUs: number, toUs: number): Promise<string[]> =>
        (await collect(store.batches('tap', { fromUs, toUs }))).map((batch) => batch.id);
      expect(await ids(2000, 4000)).toEqual(['tap/a/9', 'tap/s/2', 'tap/s/3']);
      expect(await ids(2999, 3000)).toEqual(['tap/a/9', 'tap/s/2']);
      expect(await ids(4999, 9000)).toEqual(['tap/a/9', 'tap/s/4']);
      expect(await ids(-Infinity, Infinity)).toEqual(['tap/a/9', 'tap/s/1', 'tap/s/2', 'tap/s/3', 'tap/s/4']);
      expect(await ids(10_001, 20_000)).toEqual([]);
    });

    it('does not list a batch that can no longer be read', async () => {
      for (const sequence of [0, 1, 2]) await store.putBatch(header(sequence), wire(sequence));
      await harness.lose(header(1));
      expect((await collect(store.sessionBatches('tap', 's'))).map((batch) => batch.sequence)).toEqual([0, 2]);
      expect((await collect(store.batches('tap', { fromUs: 0, toUs: 9999 }))).map((batch) => batch.sequence)).toEqual([
        0, 2,
      ]);
      expect(await store.getBatch('tap/s/1')).toBeUndefined();
      await store.putBatch(header(1), wire(1));
      expect(await collect(store.sessionBatches('tap', 's'))).toHaveLength(3);
    });

    it('takes any text as a name and keeps batches apart', async () => {
      const headers = HOSTILE_NAMES.flatMap((sensor, i) => [
        header(i, { sensor, session: 's' }),
        header(i, { sensor: 'tap', session: sensor }),
      ]);
      for (const [i, item] of headers.entries()) await store.putBatch(item, wire(i));
      for (const [i, item] of headers.entries()) {
        expect(Uint8Array.from((await store.getBatch(batchId(item)))!), batchId(item)).toEqual(wire(i));
        const listed = await collect(store.sessionBatches(item.sensor, item.session));
        expect(listed).toEqual([{ ...item, id: batchId(item) }]);
      }
    });

    if (persistent)
      it('still has everything after it was closed and opened', async () => {
        await store.putBatch(header(3), wire(3));
        await harness.close();
        store = await harness.open(clock);
        expect(await collect(store.sessionBatches('tap', 's'))).toEqual([{ ...header(3), id: 'tap/s/3' }]);
        expect(Uint8Array.from((await store.getBatch('tap/s/3'))!)).toEqual(wire(3));
      });
  });
}
