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

/**
 * Books of running sessions that took long to count: that grows with their batches, and whoever polls, or several who do,
 * must not have the line count all the time. So they stay for REST times as long as counting took.
 */
const resting = new WeakMap<object, Map<string, { readonly books: SessionBooks; readonly untilMs: number }>>();
const REST = 20;
/** What is counted faster is counted every time. */
const QUICK_MS = 50;

const countRunning = async (ports: ReportPorts, sensor: string, session: string): Promise<SessionBooks> => {
  const { ledger, packets } = ports;
  const kept = resting.get(ledger) ?? new Map<string, { readonly books: SessionBooks; readonly untilMs: number }>();
  resting.set(ledger, kept);
  const name = `${sensor}/${session}`;
  const startedMs = performance.now();
  const rested = kept.get(name);
  if (rested !== undefined && startedMs < rested.untilMs) return rested.books;
  const books = await closeSession(sensor, session, { ledger, packets });
  const endedMs = performance.now();
  kept.delete(name);
  if (endedMs - startedMs > QUICK_MS) kept.set(name, { books, untilMs: endedMs + REST * (endedMs - startedMs) });
  return books;
};

/** The closed books of each session of a sensor. */
export const booksOf = async (ports: ReportPorts, sensor: string): Promise<SessionBooks[]> => {
  const { ledger, packets } = ports;
  const known = settled.get(ledger) ?? new Map<string, SessionBooks>();
  settled.set(ledger, known);
  const sessions: SessionBooks[] = [];
  for (const { session, sequence, final } of await ledger.lastHeartbeats(sensor)) {
    const name = `${sensor}/${session}/${sequence}`;
    const books =
      known.get(name) ??
      (await (final ? closeSession(sensor, session, { ledger, packets }) : countRunning(ports, sensor, session)));
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
