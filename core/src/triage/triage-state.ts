/** Where an alert stands, folded from its triage entries. The order in which they are read does not matter. */
import type { TriageEntry } from './triage-entry.ts';

export interface TriageState {
  /** The newest that stands. */
  readonly acknowledged: TriageEntry | null;
  /** The newest mute that stands and has not ended. */
  readonly muted: TriageEntry | null;
  /** How many notes stand. */
  readonly notes: number;
}

/** @param nowUs by the clock on the wall: a mute ends by itself */
export function triageState(entries: readonly TriageEntry[], nowUs: number): TriageState {
  const undone = new Set(entries.map(({ undoes }) => undoes));
  const standing = inOrder(entries.filter(({ id }) => !undone.has(id)));
  return {
    acknowledged: standing.findLast(({ action }) => action === 'acknowledge') ?? null,
    muted: standing.findLast((entry) => entry.action === 'mute' && entry.untilUs! > nowUs) ?? null,
    notes: standing.filter(({ action }) => action === 'note').length,
  };
}

/** Ascending in time; entries of the same microsecond by id. */
export function inOrder(entries: readonly TriageEntry[]): TriageEntry[] {
  return entries.toSorted((a, b) => a.atUs - b.atUs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
