/** When a window may be scored: what the sensors promised about time, what they announced, and what arrived. */
import type { WindowState } from '../ports.ts';
import type { Heartbeat } from './heartbeat.ts';
import { everythingArrived } from './window-state.ts';

/** `complete`: nothing more is expected and nothing is missing; `timedOut`: something is, but we waited long enough. */
export type Closing = 'open' | 'complete' | 'timedOut';

export interface ClosingRule {
  readonly windowUs: number;
  /** How long after its last cell or announcement arrived a window is scored without the rest. */
  readonly timeoutUs: number;
  readonly nowUs: number;
}

/**
 * Judges a window by the sessions that have anything in it, and not by the sensor's other ones: a session that was
 * killed, or that replays another year, holds back no window but its own.
 * @param heartbeats newest heartbeat of each session that has anything in the window; others do not matter
 */
export function closingOf(state: WindowState, heartbeats: readonly Heartbeat[], rule: ClosingRule): Closing {
  const endUs = state.windowStartUs + rule.windowUs;
  const isOld = (arrivalUs: number): boolean => rule.nowUs - arrivalUs >= rule.timeoutUs;
  let over = true;
  let waiting = false;
  for (const { session } of state.sessions) {
    const heartbeat = heartbeats.find((known) => known.session === session);
    if (heartbeat?.final === true || (heartbeat?.watermarkUs ?? -Infinity) >= endUs) continue;
    over = false;
    // A session that is alive and still in this window is not late, however long its packets take to come.
    if (heartbeat !== undefined && !isOld(heartbeat.arrivalUs)) waiting = true;
  }
  if (over && everythingArrived(state.sessions)) return 'complete';
  return !waiting && isOld(state.touchedUs) ? 'timedOut' : 'open';
}

/**
 * Event time before which no window of a sensor can change any more: the watermark less the allowed lateness. Infinity
 * when every session has said goodbye or has been silent for the timeout, -Infinity before the first watermark.
 * @param heartbeats as LedgerStore.openHeartbeats has them
 */
export function finalBefore(
  heartbeats: readonly Heartbeat[],
  rule: Omit<ClosingRule, 'windowUs'> & { readonly allowedLatenessUs: number },
): number {
  let watermarkUs = heartbeats.length === 0 ? -Infinity : Infinity;
  for (const heartbeat of heartbeats) {
    if (heartbeat.final || rule.nowUs - heartbeat.arrivalUs >= rule.timeoutUs) continue;
    watermarkUs = Math.min(watermarkUs, heartbeat.watermarkUs ?? -Infinity);
  }
  return watermarkUs - rule.allowedLatenessUs;
}
