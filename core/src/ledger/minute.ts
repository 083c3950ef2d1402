/** The ledger's minutes: which counters one has, and how two announcements of the same minute become one. */
import type { MinuteCount } from './heartbeat.ts';

/** Length of a ledger minute in event time. */
export const MINUTE_US = 60_000_000;

type MinuteCounter = Exclude<keyof MinuteCount, 'minuteStartUs'>;

// A record and not a list, so that the type check finds a counter that is missing here.
const COUNTERS: Record<MinuteCounter, true> = {
  offered: true,
  kernelDropped: true,
  self: true,
  filtered: true,
  duplicate: true,
  sent: true,
  malformed: true,
  wireBytes: true,
};

/** Every counter of a MinuteCount. */
export const MINUTE_COUNTERS = Object.keys(COUNTERS) as readonly MinuteCounter[];

/** Start of the minute that holds an event time; right for times before 1970 too. */
export function minuteStart(timeUs: number): number {
  return Math.floor(timeUs / MINUTE_US) * MINUTE_US;
}

/** The larger of each counter: totals of a minute only grow, so the larger announcement is the newer one. */
export function largerMinute(known: MinuteCount | undefined, news: MinuteCount): MinuteCount {
  const result = { ...news };
  if (known === undefined) return result;
  for (const counter of MINUTE_COUNTERS) result[counter] = Math.max(known[counter], news[counter]);
  return result;
}
