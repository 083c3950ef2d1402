/**
 * Closing the books of a sensor session (design §6): every packet the sensor was offered is either in one of its own
 * counters or in a batch, and every batch it sent was parsed, windowed and stored. What does not add up is named.
 */
import type { Hop, HopEntry, LedgerStore, PacketStore, StoredBatch } from '../ports.ts';
import { HOPS } from '../ports.ts';
import type { MirrorCounters } from '../mirror/mirror-counters.ts';
import type { BatchTrace } from './session-account.ts';
import { SessionAccount } from './session-account.ts';

/** A hop at which packets can be lost: the sensor's broker, or one that keeps a list of what it accepted. */
export type LossHop = 'published' | Hop;

/** Packets of a session (or of several) and what became of them. */
export interface LedgerTotals {
  readonly offered: number;
  readonly kernelDropped: number;
  readonly self: number;
  readonly filtered: number;
  readonly duplicate: number;
  readonly sent: number;
  readonly malformed: number;
  /** Acknowledged by the broker; absent, as the next, where packets go from the sensor to the stages without one. */
  readonly published?: number;
  readonly bridged?: number;
  readonly parsed: number;
  readonly windowed: number;
  /** Accepted by the store and still there. */
  readonly stored: number;
  /** Packets that no counter explains. */
  readonly unexplained: number;
}

/** Batches, one or consecutive ones, that a hop did not accept although all before it did. */
export interface Discrepancy {
  readonly sensor: string;
  readonly session: string;
  readonly fromSequence: number;
  /** Inclusive. */
  readonly toSequence: number;
  readonly hop: LossHop;
  /** Null when nobody after the sensor saw the batches and more than these are missing. */
  readonly packets: number | null;
  /** First minute of the packets, null when nobody after the sensor saw them. */
  readonly minuteStartUs: number | null;
}

/** A minute whose hops do not agree. */
export interface MinuteBooks {
  readonly minuteStartUs: number;
  readonly sent: number;
  readonly published?: number;
  readonly bridged?: number;
  readonly parsed: number;
  readonly windowed: number;
  readonly stored: number;
}

export interface SessionBooks {
  readonly sensor: string;
  readonly session: string;
  /** Whether a heartbeat ever said what was sent. Text from a pipe has none: what came is counted, what did not is unknown. */
  readonly announced: boolean;
  /** Whether the session said goodbye; until then batches behind the last whole one count as under way. */
  readonly final: boolean;
  readonly totals: LedgerTotals;
  /** About the order of packets, of a sensor that puts them in order. */
  readonly mirror?: MirrorCounters;
  /** Packets that are announced but not yet through every hop of a session that is still running. */
  readonly underWay: number;
  /** Event time of the newest packet that each hop has accepted, as far as its batch is still kept. */
  readonly reachedUs: Partial<Readonly<Record<LossHop, number>>>;
  /** Event time up to which everything adds up; null before the first watermark. */
  readonly closedToUs: number | null;
  readonly discrepancies: readonly Discrepancy[];
  readonly unlistedDiscrepancies: number;
  readonly unbalancedMinutes: readonly MinuteBooks[];
}

export interface BooksDeps {
  readonly ledger: Pick<LedgerStore, 'lastHeartbeats' | 'minutes' | 'entries' | 'sessions'>;
  readonly packets: Pick<PacketStore, 'sessionBatches'>;
}

/** `tap/s/12` or `tap/s/12-15`. */
export function discrepancyName(found: Discrepancy): string {
  const { sensor, session, fromSequence, toSequence } = found;
  return `${sensor}/${session}/${fromSequence === toSequence ? fromSequence : `${fromSequence}-${toSequence}`}`;
}

/** Closes the books of one session, in memory bounded by its minutes. */
export async function closeSession(sensor: string, session: string, deps: BooksDeps): Promise<SessionBooks> {
  const heartbeats = await deps.ledger.lastHeartbeats(sensor);
  const heartbeat = heartbeats.find((known) => known.session === session);
  const account = new SessionAccount(sensor, session, heartbeat);
  for await (const trace of traces(sensor, session, deps)) account.add(trace);
  return account.close(await deps.ledger.minutes(sensor, session));
}

/** The batches any hop accepted, ascending by sequence, from the hops' own ascending lists. */
async function* traces(sensor: string, session: string, deps: BooksDeps): AsyncIterable<BatchTrace> {
  const hops = await Promise.all(HOPS.map((hop) => openCursor(deps.ledger.entries(sensor, session, hop))));
  const files = await openCursor(deps.packets.sessionBatches(sensor, session));
  for (;;) {
    const sequence = Math.min(...hops.map((cursor) => cursor.head?.sequence ?? Infinity));
    if (sequence === Infinity) return;
    while ((files.head?.sequence ?? Infinity) < sequence) await advance(files);
    const entries = hops.map((cursor) => (cursor.head?.sequence === sequence ? cursor.head : undefined));
    const isThere = files.head?.sequence === sequence;
    const missing = HOPS.filter((hop, i) => entries[i] === undefined || (hop === 'stored' && !isThere));
    const entry = entries.find((known) => known !== undefined)!;
    yield { sequence, entry, missing, ...(isThere && { lastTimeUs: files.head!.maxTimeUs }) };
    for (const cursor of hops) if (cursor.head?.sequence === sequence) await advance(cursor);
  }
}

interface Cursor<T> {
  readonly iterator: AsyncIterator<T>;
  head: T | undefined;
}

async function openCursor<T extends HopEntry | StoredBatch>(items: AsyncIterable<T>): Promise<Cursor<T>> {
  const cursor: Cursor<T> = { iterator: items[Symbol.asyncIterator](), head: undefined };
  await advance(cursor);
  return cursor;
}

async function advance<T>(cursor: Cursor<T>): Promise<void> {
  const next = await cursor.iterator.next();
  cursor.head = next.done === true ? undefined : next.value;
}

/** Sum over sessions; `closedToUs` is the earliest place where any does not add up, or the latest watermark. */
export function sumBooks(sessions: readonly SessionBooks[]): { totals: LedgerTotals; closedToUs: number | null } {
  const totals = sessions.reduce<LedgerTotals>((sum, { totals: own }) => addTotals(sum, own), NO_TOTALS);
  const known = sessions.filter((books) => books.closedToUs !== null);
  const open = known.filter((books) => books.unbalancedMinutes.length > 0).map((books) => books.closedToUs!);
  const closedToUs = open.length > 0 ? Math.min(...open) : Math.max(...known.map((books) => books.closedToUs!));
  return { totals, closedToUs: known.length === 0 ? null : closedToUs };
}

const NO_TOTALS: LedgerTotals = {
  offered: 0,
  kernelDropped: 0,
  self: 0,
  filtered: 0,
  duplicate: 0,
  sent: 0,
  malformed: 0,
  parsed: 0,
  windowed: 0,
  stored: 0,
  unexplained: 0,
};

function addTotals(a: LedgerTotals, b: LedgerTotals): LedgerTotals {
  const keys = Object.keys({ ...NO_TOTALS, ...a, ...b }) as (keyof LedgerTotals)[];
  return Object.fromEntries(keys.map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)])) as unknown as LedgerTotals;
}
