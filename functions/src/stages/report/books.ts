/** The closed books of a sensor, summed over its sessions: what the head of the page shows. */
import { HOPS, type Hop, type LedgerStore } from '@tapline/core/ports';
import type { BooksSummary } from '@tapline/core/report/snapshot';

const accepted = async (ledger: LedgerStore, sensor: string, session: string, hop: Hop): Promise<number> => {
  let packets = 0;
  for await (const entry of ledger.entries(sensor, session, hop)) packets += entry.packets;
  return packets;
};

/** Zeros, and not closed, while there is no sensor. */
export async function readBooks(ledger: LedgerStore, sensor: string | null): Promise<BooksSummary> {
  const counts = { offered: 0, kernelDropped: 0, self: 0, filtered: 0, duplicate: 0, sent: 0, malformed: 0 };
  const hops = { parsed: 0, windowed: 0, stored: 0 };
  let closedToUs: number | null = null;
  let unexplained = 0;
  for (const { session, counters, watermarkUs, final } of sensor === null ? [] : await ledger.lastHeartbeats(sensor)) {
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += counters[name];
    for (const hop of HOPS) hops[hop] += await accepted(ledger, sensor!, session, hop);
    if (watermarkUs !== null) closedToUs = closedToUs === null ? watermarkUs : Math.min(closedToUs, watermarkUs);
    if (final)
      unexplained +=
        counters.offered -
        counters.kernelDropped -
        counters.self -
        counters.filtered -
        counters.duplicate -
        counters.sent;
  }
  return { closedToUs, ...counts, ...hops, unexplained };
}
