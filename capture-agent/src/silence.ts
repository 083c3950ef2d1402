/**
 * How far a live source's silence lets the watermark go. Nothing is compared between clocks: event time goes on from the
 * newest packet as fast as the wall clock while the source is waited for, less what a packet may take to get here.
 */

/** A capture program hands packets on within this time: libpcap's buffer timeout of a second, and a pipe. */
export const LIVE_DELAY_US = 2_000_000;

export class Silence {
  #waitingSinceMs: number | undefined;
  #askedMs: number;
  readonly #everyMs: number;

  /** @param everyMs how often `watermarkUs` is going to be asked */
  constructor(everyMs: number, nowMs: number) {
    this.#everyMs = everyMs;
    this.#askedMs = nowMs;
  }

  /** The source is waited for from now on. */
  begin(nowMs: number): void {
    this.#waitingSinceMs = nowMs;
  }

  /** Something came. */
  end(): void {
    this.#waitingSinceMs = undefined;
  }

  /**
   * Event time before which nothing more is expected, whole microseconds, or -Infinity when silence says nothing.
   * @param newestUs newest event time so far, -Infinity when nothing came yet: then the source is on the wall clock
   * @param nowMs a monotonic clock
   * @param wallUs the wall clock
   */
  watermarkUs(newestUs: number, nowMs: number, wallUs: number): number {
    // After a pause of the whole process the pipe may be full although we have been waiting for it.
    const wasPaused = nowMs - this.#askedMs > this.#everyMs + LIVE_DELAY_US / 2000;
    this.#askedMs = nowMs;
    if (this.#waitingSinceMs === undefined) return -Infinity;
    if (wasPaused) this.#waitingSinceMs = nowMs;
    if (newestUs === -Infinity) return wallUs - LIVE_DELAY_US;
    return newestUs + Math.floor((nowMs - this.#waitingSinceMs) * 1000) - LIVE_DELAY_US;
  }
}
