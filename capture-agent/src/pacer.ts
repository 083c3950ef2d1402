/**
 * Replay speed: an absolute schedule from the first packet, so that delays never add up. Event time that runs backwards
 * is due at once, and an idle stretch longer than IDLE_LIMIT_US is shortened to it: nobody waits for years.
 */

/** `top` = as fast as it goes; otherwise event seconds per wall second, 1 = as recorded. */
export type ReplaySpeed = 'top' | number;

const IDLE_LIMIT_US = 60_000_000;

export class Pacer {
  readonly #speed: ReplaySpeed;
  #startWallMs = NaN;
  /** Event time played so far, idle stretches shortened. */
  #playedUs = 0;
  #newestUs = NaN;

  constructor(speed: ReplaySpeed) {
    this.#speed = speed;
  }

  /**
   * Milliseconds to wait before something that happened at `eventUs` is due.
   * @param nowMs a monotonic clock
   */
  waitMs(eventUs: number, nowMs: number): number {
    if (this.#speed === 'top') return 0;
    if (Number.isNaN(this.#newestUs)) {
      this.#newestUs = eventUs;
      this.#startWallMs = nowMs;
    }
    const advanceUs = eventUs - this.#newestUs;
    if (advanceUs > 0) {
      this.#playedUs += Math.min(advanceUs, IDLE_LIMIT_US);
      this.#newestUs = eventUs;
    }
    return Math.max(0, this.#startWallMs + this.#playedUs / 1000 / this.#speed - nowMs);
  }
}

/** Parses a --speed value: `recorded`, `top`, or a positive number with or without a leading x. Undefined = not one. */
export function parseSpeed(text: string): ReplaySpeed | undefined {
  if (text === 'top') return 'top';
  if (text === 'recorded') return 1;
  const speed = Number(text.replace(/^x/, ''));
  return Number.isFinite(speed) && speed > 0 ? speed : undefined;
}
