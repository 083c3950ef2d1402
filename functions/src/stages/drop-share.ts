/** What the kernel of a sensor's host dropped around a window: the sensor reports it by the minute. */
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { minuteStart } from '@tapline/core/ledger/minute';
import type { LedgerStore, WindowKey } from '@tapline/core/ports';

export interface DropShareDeps {
  readonly ledger: Pick<LedgerStore, 'minutes'>;
  readonly windowUs: number;
}

/**
 * Dropped packets as a share of all offered in the minutes that the window touches, 0 to 1.
 * @param heartbeats newest heartbeat of each session that has anything in the window; only sessions that ever dropped anything are read
 */
export async function dropShareOf(
  { sensor, windowStartUs }: WindowKey,
  heartbeats: readonly Heartbeat[],
  deps: DropShareDeps,
): Promise<number> {
  const range = { fromUs: minuteStart(windowStartUs), toUs: windowStartUs + deps.windowUs };
  let offered = 0;
  let dropped = 0;
  for (const { session, counters } of heartbeats) {
    if (counters.kernelDropped === 0) continue;
    for (const minute of await deps.ledger.minutes(sensor, session, range)) {
      offered += minute.offered;
      dropped += minute.kernelDropped;
    }
  }
  return offered === 0 ? 0 : dropped / offered;
}
