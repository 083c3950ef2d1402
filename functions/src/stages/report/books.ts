/** The closed books of a sensor, summed over its sessions: what the head of the page shows. */
import { closeSession, discrepancyName, sumBooks, type SessionBooks } from '@tapline/core/ledger/books';
import type { BooksSummary } from '@tapline/core/report/snapshot';
import type { ReportPorts } from '../report.ts';

const DISCREPANCIES_MOST = 20;

/**
 * Sessions whose books can no longer change for the better, by store: they said goodbye and everything is explained.
 * Kept so that polling a finished capture of millions of packets does not count its batches every second.
 */
const settled = new WeakMap<object, Map<string, SessionBooks>>();

/** The closed books of each session of a sensor. */
export const booksOf = async (ports: ReportPorts, sensor: string): Promise<SessionBooks[]> => {
  const { ledger, packets } = ports;
  const known = settled.get(ledger) ?? new Map<string, SessionBooks>();
  settled.set(ledger, known);
  const sessions: SessionBooks[] = [];
  for (const { session, sequence } of await ledger.lastHeartbeats(sensor)) {
    const name = `${sensor}/${session}/${sequence}`;
    const books = known.get(name) ?? (await closeSession(sensor, session, { ledger, packets }));
    if (books.final && books.underWay === 0 && books.totals.unexplained === 0) known.set(name, books);
    sessions.push(books);
  }
  return sessions;
};

/** Zeros, and not closed, while there is no sensor. */
export async function readBooks(ports: ReportPorts, sensor: string | null): Promise<BooksSummary> {
  return summaryOf(sensor === null ? [] : await booksOf(ports, sensor));
}

/** The sum over sessions, for people. */
export function summaryOf(sessions: readonly SessionBooks[]): BooksSummary {
  const { totals, closedToUs } = sumBooks(sessions);
  const discrepancies = sessions.flatMap((books) => books.discrepancies);
  return {
    ...totals,
    closedToUs,
    underWay: sessions.reduce((sum, books) => sum + books.underWay, 0),
    discrepancies: discrepancies.slice(0, DISCREPANCIES_MOST).map((found) => ({
      batches: discrepancyName(found),
      hop: found.hop,
      packets: found.packets,
    })),
    discrepanciesLeftOff:
      Math.max(0, discrepancies.length - DISCREPANCIES_MOST) +
      sessions.reduce((sum, books) => sum + books.unlistedDiscrepancies, 0),
  };
}
