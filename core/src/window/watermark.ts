/** The watermark of a sensor: event time before which nothing more is expected, and when windows are over. */

/** How long after the watermark passed its end a window may still change before it is final. */
export const DEFAULT_ALLOWED_LATENESS_US = 60 * 1_000_000;

/** The smallest watermark over a sensor's open sessions; a session that said goodbye holds nothing back. */
export class Watermark {
  readonly #sessions = new Map<string, number>();

  /**
   * Takes a session's promise. It only grows: an older heartbeat that arrives late changes nothing.
   * @param watermarkUs null while the session has seen no packet
   */
  advance(session: string, watermarkUs: number | null, final: boolean): void {
    const known = this.#sessions.get(session) ?? -Infinity;
    this.#sessions.set(session, final ? Infinity : Math.max(known, watermarkUs ?? -Infinity));
  }

  /** -Infinity while any session has promised nothing, Infinity when all have ended. */
  get us(): number {
    let smallest = Infinity;
    for (const watermarkUs of this.#sessions.values()) smallest = Math.min(smallest, watermarkUs);
    return this.#sessions.size === 0 ? -Infinity : smallest;
  }

  /** Whether nothing more is expected for a window that ends at `windowEndUs`. */
  hasPassed(windowEndUs: number): boolean {
    return this.us >= windowEndUs;
  }

  /** Whether the window may not change any more, not even by late packets. */
  isFinal(windowEndUs: number, allowedLatenessUs = DEFAULT_ALLOWED_LATENESS_US): boolean {
    return this.us >= windowEndUs + allowedLatenessUs;
  }
}
