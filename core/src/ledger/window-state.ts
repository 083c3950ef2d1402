/** What the counts of a window say: what arrived, what was announced, whether it is all there and must be scored. */
import type { SessionWindow, WindowState } from '../ports.ts';
import type { WindowCount } from './heartbeat.ts';

export const NO_COUNT: WindowCount = { batches: 0, packets: 0, bytes: 0 };

export function addCounts(a: WindowCount, b: WindowCount): WindowCount {
  return { batches: a.batches + b.batches, packets: a.packets + b.packets, bytes: a.bytes + b.bytes };
}

/** The larger of each count: totals only grow, so of two announcements the larger is the newer. */
export function largerCounts(a: WindowCount, b: WindowCount): WindowCount {
  return {
    batches: Math.max(a.batches, b.batches),
    packets: Math.max(a.packets, b.packets),
    bytes: Math.max(a.bytes, b.bytes),
  };
}

export function sameCounts(a: WindowCount, b: WindowCount): boolean {
  return a.batches === b.batches && a.packets === b.packets && a.bytes === b.bytes;
}

export function arrivedTotal(sessions: readonly SessionWindow[]): WindowCount {
  return sessions.reduce((sum, session) => addCounts(sum, session.arrived), NO_COUNT);
}

export function announcedTotal(sessions: readonly SessionWindow[]): WindowCount {
  return sessions.reduce((sum, session) => addCounts(sum, session.announced), NO_COUNT);
}

/** Whether of every session exactly the announced batches, packets and bytes arrived. */
export function everythingArrived(sessions: readonly SessionWindow[]): boolean {
  return sessions.every((session) => sameCounts(session.arrived, session.announced));
}

/** Whether scoring the window now could say something that was not said (WindowStore.pending). */
export function needsScoring({ emitted, sessions }: Pick<WindowState, 'emitted' | 'sessions'>): boolean {
  if (emitted === undefined) return true;
  if (!sameCounts(emitted.arrived, arrivedTotal(sessions))) return true;
  if (!sameCounts(emitted.announced, announcedTotal(sessions))) return true;
  return !emitted.complete && everythingArrived(sessions);
}
