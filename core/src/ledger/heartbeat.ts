/** The heartbeat of a sensor: a promise about time, an announcement of what was sent, and the books of the first hop. */

import type { MirrorCounters } from '../mirror/mirror-counters.ts';

export interface WindowCount {
  batches: number;
  packets: number;
  bytes: number;
}

export interface AnnouncedWindow extends WindowCount {
  windowStartUs: number;
}

/** Cumulative packet counters of a session: offered = kernelDropped + self + filtered + duplicate + sent. */
export interface SensorCounters {
  offered: number;
  kernelDropped: number;
  self: number;
  filtered: number;
  duplicate: number;
  sent: number;
  /** Counted and sent. */
  malformed: number;
  /** Sent, but their window had already ended (event time older than the watermark's window). */
  late: number;
  wireBytes: number;
}

export const NO_COUNTERS: Readonly<SensorCounters> = {
  offered: 0,
  kernelDropped: 0,
  self: 0,
  filtered: 0,
  duplicate: 0,
  sent: 0,
  malformed: 0,
  late: 0,
  wireBytes: 0,
};

/** The same counters for one minute of event time, as the ledger keeps them. */
export interface MinuteCount {
  minuteStartUs: number;
  offered: number;
  kernelDropped: number;
  self: number;
  filtered: number;
  duplicate: number;
  sent: number;
  malformed: number;
  wireBytes: number;
}

export interface Heartbeat {
  readonly sensor: string;
  readonly session: string;
  readonly sequence: number;
  /**
   * When it arrived at the stages, by their clock. While it is under way: when it left, by the sensor's clock, which may
   * be wrong and is therefore replaced on arrival.
   */
  readonly arrivalUs: number;
  /** When it left, by the sensor's clock; known from its arrival on. */
  readonly leftUs?: number;
  /** Event time before which nothing more is expected; -Infinity is not allowed, absent = nothing seen yet. */
  readonly watermarkUs: number | null;
  /** Sequence of the last batch sent, -1 = none. */
  readonly lastBatch: number;
  /**
   * Sequence up to which the broker has acknowledged every batch, -1 = none. Absent when there is no broker: then what
   * is sent is handed to the stages directly, and no bridge is on the way.
   */
  readonly lastPublished?: number;
  /** Batches that wait in the sensor's spool for a broker that is away; absent when there is no broker. */
  readonly spooled?: number;
  readonly windowUs: number;
  /** Totals so far of every window whose totals changed since the last heartbeat. */
  readonly windows: readonly AnnouncedWindow[];
  /** Totals so far of every minute that changed since the last heartbeat. */
  readonly minutes: readonly MinuteCount[];
  readonly counters: SensorCounters;
  /** About the order of packets, of a sensor that puts them in order. */
  readonly mirror?: MirrorCounters;
  readonly cpuPercent: number;
  readonly rssBytes: number;
  /** The last heartbeat of the session closes everything. */
  readonly final: boolean;
}
