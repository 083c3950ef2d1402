/** What the kernel dropped around a window, from the books of its minutes. */
import { MemoryLedgerStore } from '@tapline/adapters/memory/ledger-store';
import type { MinuteCount } from '@tapline/core/ledger/heartbeat';
import { dropShareOf } from '@tapline/functions/stages/drop-share';
import { describe, expect, it } from 'vitest';
import { heartbeatOf } from '../fixtures/heartbeat.ts';

const MINUTE = 60_000_000;
const minute = (minuteStartUs: number, offered: number, kernelDropped: number): MinuteCount => ({
  minuteStartUs,
  offered,
  kernelDropped,
  self: 0,
  filtered: 0,
  duplicate: 0,
  sent: offered - kernelDropped,
  malformed: 0,
  wireBytes: 0,
});

async function shareOf(minutes: readonly MinuteCount[], windowStartUs: number, windowUs = 10_000_000): Promise<number> {
  const ledger = new MemoryLedgerStore();
  const kernelDropped = minutes.reduce((sum, one) => sum + one.kernelDropped, 0);
  const beat = heartbeatOf('session', 1, { minutes });
  await ledger.putHeartbeat({ ...beat, counters: { ...beat.counters, kernelDropped } });
  const heartbeats = await ledger.lastHeartbeats(beat.sensor);
  return dropShareOf({ sensor: beat.sensor, windowStartUs }, heartbeats, { ledger, windowUs });
}

describe('dropShareOf', () => {
  it('is the share of the minute that the window is in', async () => {
    const minutes = [minute(0, 1000, 100), minute(MINUTE, 1000, 0), minute(2 * MINUTE, 400, 200)];
    expect(await shareOf(minutes, 50_000_000)).toBe(0.1);
    expect(await shareOf(minutes, MINUTE)).toBe(0);
    expect(await shareOf(minutes, 2 * MINUTE + 10_000_000)).toBe(0.5);
  });

  it('adds up the minutes that a window touches', async () => {
    expect(await shareOf([minute(0, 100, 0), minute(MINUTE, 300, 100)], 0, 120_000_000)).toBe(0.25);
  });

  it('is nothing when nothing was ever dropped or nothing is known of the time', async () => {
    expect(await shareOf([minute(0, 1000, 0)], 0)).toBe(0);
    expect(await shareOf([minute(0, 1000, 10)], 5 * MINUTE)).toBe(0);
  });
});
