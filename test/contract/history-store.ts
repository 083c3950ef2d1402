/** The contract of HistoryStore: every implementation passes this suite. */
import type { HistoryStore } from '@tapline/core/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MakeHarness, StoreHarness } from './harness.ts';
import { HandClock, HOSTILE_NAMES } from './harness.ts';

const bytes = (value: number, length = 1000): Uint8Array => new Uint8Array(length).fill(value);

export function describeHistoryStore(name: string, make: MakeHarness<HistoryStore>): void {
  describe(`HistoryStore on ${name}`, () => {
    let harness: StoreHarness<HistoryStore>;
    let store: HistoryStore;
    beforeEach(async () => {
      harness = make();
      store = await harness.open(new HandClock());
    });
    afterEach(() => harness.dispose());

    const stored = async (sensor: string): Promise<[number, Uint8Array] | undefined> => {
      const found = await store.load(sensor);
      return found && [found.version, Uint8Array.from(found.bytes)];
    };

    it('knows nothing of a sensor that has no history', async () => {
      expect(await store.load('tap')).toBeUndefined();
    });

    it('gives back what was saved last, counting the versions, for each sensor', async () => {
      expect(await store.save('tap', bytes(1), 0)).toBe(true);
      expect(await store.save('other', bytes(9), 0)).toBe(true);
      expect(await stored('tap')).toEqual([1, bytes(1)]);
      expect(await store.save('tap', bytes(2, 300_000), 1)).toBe(true);
      expect(await stored('tap')).toEqual([2, bytes(2, 300_000)]);
      expect(await stored('other')).toEqual([1, bytes(9)]);
    });

    it('refuses who has not read what is there', async () => {
      expect(await store.save('tap', bytes(1), 1)).toBe(false);
      expect(await stored('tap')).toBeUndefined();
      await store.save('tap', bytes(1), 0);
      expect(await store.save('tap', bytes(2), 0)).toBe(false);
      await store.save('tap', bytes(3), 1);
      expect(await store.save('tap', bytes(4), 1)).toBe(false);
      expect(await stored('tap')).toEqual([2, bytes(3)]);
    });

    it('lets one of many that write at the same time win', async () => {
      for (let version = 0; version < 4; version++) {
        const writers = [1, 2, 3, 4, 5].map((value) => store.save('tap', bytes(10 * version + value), version));
        expect((await Promise.all(writers)).filter((won) => won)).toHaveLength(1);
      }
      expect((await store.load('tap'))?.version).toBe(4);
    });

    it('takes any text as a name', async () => {
      for (const [i, hostile] of HOSTILE_NAMES.entries()) await store.save(hostile, bytes(i), 0);
      for (const [i, hostile] of HOSTILE_NAMES.entries()) expect(await stored(hostile)).toEqual([1, bytes(i)]);
    });
  });
}
