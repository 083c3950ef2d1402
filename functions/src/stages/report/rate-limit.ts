/**
 * How often one caller may ask: a bucket that holds a minute's requests and fills again evenly. Kept in memory, so it is
 * per instance; the instances are bounded, too.
 */

/** Callers that are remembered; of more, those that asked longest ago are forgotten, and begin with a full bucket. */
const CALLERS_MAX = 10_000;

interface Bucket {
  left: number;
  atMs: number;
}

export class RateLimit {
  readonly #perMinute: number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param perMinute requests, at least 1 */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Takes one request of the caller. Gives the seconds to wait when there are too many; 0: go on. */
  take(caller: string, nowMs: number): number {
    const before = this.#buckets.get(caller) ?? { left: this.#perMinute, atMs: nowMs };
    const filled = (Math.max(0, nowMs - before.atMs) / 60_000) * this.#perMinute;
    const left = Math.min(this.#perMinute, before.left + filled);
    const isTooMany = left < 1;
    // Put behind all others: a Map keeps its order.
    this.#buckets.delete(caller);
    this.#buckets.set(caller, { left: isTooMany ? left : left - 1, atMs: nowMs });
    if (this.#buckets.size > CALLERS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    return isTooMany ? Math.max(1, Math.ceil(((1 - left) * 60) / this.#perMinute)) : 0;
  }
}
