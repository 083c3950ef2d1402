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

type Scored = Pick<WindowState, 'emitted' | 'sessions'>;

/** Whether the window was never scored, or from other counts than there are now. */
export function countsChanged({ emitted, sessions }: Scored): boolean {
  if (emitted === undefined) return true;
  if (!sameCounts(emitted.arrived, arrivedTotal(sessions))) return true;
  return !sameCounts(emitted.announced, announcedTotal(sessions));
}

/** Whether scoring the window now could say something that was not said (WindowStore.ready, WindowStore.stale). */
export function needsScoring(state: Scored): boolean {
  return countsChanged(state) || (!state.emitted!.complete && everythingArrived(state.sessions));
}
