/** A batch's packets by minute of event time, for the ledger. */
import type { PacketColumns } from '../packet/columns.ts';
import type { HopEntry } from '../ports.ts';
import type { BatchHeader } from '../wire/batch-header.ts';
import { minuteStart } from './minute.ts';

/** Packets and bytes by minute of event time, ascending. */
export function countMinutes(columns: PacketColumns): HopEntry['minutes'] {
  const { count, timeUs, length } = columns;
  const totals = new Map<number, { minuteStartUs: number; packets: number; bytes: number }>();
  let total = { minuteStartUs: NaN, packets: 0, bytes: 0 };
  for (let row = 0; row < count; row++) {
    const minuteStartUs = minuteStart(timeUs[row]!);
    if (minuteStartUs !== total.minuteStartUs) {
      total = totals.get(minuteStartUs) ?? { minuteStartUs, packets: 0, bytes: 0 };
      totals.set(minuteStartUs, total);
    }
    total.packets += 1;
    total.bytes += length[row]!;
  }
  return [...totals.values()].sort((a, b) => a.minuteStartUs - b.minuteStartUs);
}

/** The same from the header alone, when all packets are in one minute; undefined when the header cannot tell. */
export function minutesOfHeader(header: BatchHeader): HopEntry['minutes'] | undefined {
  const { count, wireBytes, minTimeUs, maxTimeUs } = header;
  if (count === 0) return [];
  const minuteStartUs = minuteStart(minTimeUs);
  return minuteStart(maxTimeUs) === minuteStartUs ? [{ minuteStartUs, packets: count, bytes: wireBytes }] : undefined;
}
