/** The state of a window out of the cells of its rows: what arrived, what was announced, what was emitted, and when. */
import { addCounts, largerCounts, NO_COUNT } from '@tapline/core/ledger/window-state';
import type { WindowCount } from '@tapline/core/ledger/heartbeat';
import type { SessionWindow, WindowKey, WindowState } from '@tapline/core/ports';
import { decodeArrival, decodeCount, decodeEmitted, decodeTotal, type EmittedCell } from './cell-values.ts';
import type { Cell } from './cells.ts';
import { splitColumn, unescapeName } from './row-key.ts';
import type { RowFilter } from './rows.ts';

/** Everything but the partials, each cell in its latest version. */
export const STATE_FILTER: RowFilter = {
  chain: { filters: [{ familyNameRegexFilter: 'counts|announced|emitted' }, { cellsPerColumnLimitFilter: 1 }] },
};

/** Announcements of a session that are kept although a larger one is known. */
const ANNOUNCEMENTS_KEPT = 32;

interface Announcement {
  readonly column: string;
  readonly total: WindowCount;
  readonly arrivalUs: number;
}

interface Session {
  arrived: WindowCount;
  readonly announcements: Announcement[];
}

export interface WindowReading {
  readonly state: WindowState;
  /** Columns of announcements that say nothing any more. */
  readonly surplus: readonly string[];
}

/**
 * @param cells of the window's rows of all shards, through STATE_FILTER; at least one
 * @throws PipelineError STORE when a cell holds something else
 */
export function readWindow({ sensor, windowStartUs }: WindowKey, cells: readonly Cell[]): WindowReading {
  const sessions = new Map<string, Session>();
  let emitted: EmittedCell | undefined;
  let touchedUs = -Infinity;
  for (const { family, column, value } of cells) {
    if (family === 'emitted') {
      const found = decodeEmitted(value);
      // Scorers may finish in any order, and the later revision has seen more.
      if (emitted === undefined || found.emitted.revision >= emitted.emitted.revision) emitted = found;
      continue;
    }
    const { session: name, rest } = splitColumn(column);
    const session = sessionOf(sessions, name);
    if (family === 'counts') {
      const { packets, bytes, arrivalUs } = decodeCount(value);
      session.arrived = addCounts(session.arrived, { batches: 1, packets, bytes });
      touchedUs = Math.max(touchedUs, arrivalUs);
    } else {
      const arrivalUs = decodeArrival(value);
      session.announcements.push({ column, total: decodeTotal(rest), arrivalUs });
      touchedUs = Math.max(touchedUs, arrivalUs);
    }
  }
  // A window of which there is nothing but that it was emitted: its cells have grown old and are gone.
  if (touchedUs === -Infinity) touchedUs = emitted?.arrivalUs ?? 0;
  const state = { sensor, windowStartUs, sessions: inOrder(sessions), emitted: emitted?.emitted, touchedUs };
  return { state, surplus: [...sessions.values()].flatMap(surplusOf) };
}

function sessionOf(sessions: Map<string, Session>, name: string): Session {
  let session = sessions.get(name);
  if (session === undefined) {
    session = { arrived: NO_COUNT, announcements: [] };
    sessions.set(name, session);
  }
  return session;
}

/** Escaped names sort as the names do. */
function inOrder(sessions: ReadonlyMap<string, Session>): SessionWindow[] {
  return [...sessions]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { arrived, announcements }]) => ({
      session: unescapeName(name),
      arrived,
      announced: largest(announcements),
    }));
}

function largest(announcements: readonly Announcement[]): WindowCount {
  return announcements.reduce((most, { total }) => largerCounts(most, total), NO_COUNT);
}

/**
 * Announcements that may be deleted: none of their counts is needed for the largest, and a later one came. When one of
 * them is announced again at this moment it is lost, and was not needed.
 */
function surplusOf({ announcements }: Session): string[] {
  if (announcements.length <= ANNOUNCEMENTS_KEPT) return [];
  const most = largest(announcements);
  const newestUs = Math.max(...announcements.map(({ arrivalUs }) => arrivalUs));
  const isNeeded = ({ total, arrivalUs }: Announcement): boolean =>
    arrivalUs === newestUs ||
    total.batches === most.batches ||
    total.packets === most.packets ||
    total.bytes === most.bytes;
  return announcements.filter((announcement) => !isNeeded(announcement)).map(({ column }) => column);
}
