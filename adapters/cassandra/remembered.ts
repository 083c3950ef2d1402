/**
 * Index rows that this process wrote a short while ago and need not write again. Most batches and windows lie where the one
 * before did, so the rows that lead to them are written once and not each time.
 */

const AT_MOST = 10_000;
/** Index rows live a day longer than what they lead to, and must be renewed well within that. */
const FOR_MS = 3_600_000;

export class Remembered {
  readonly #untilMs = new Map<string, number>();

  /** Runs `write` unless the same key was written within the last hour; remembered only when it succeeded. */
  async once(key: readonly (string | number)[], write: () => Promise<void>): Promise<void> {
    const name = JSON.stringify(key);
    const nowMs = performance.now();
    if ((this.#untilMs.get(name) ?? -Infinity) > nowMs) return;
    await write();
    this.#untilMs.delete(name);
    this.#untilMs.set(name, nowMs + FOR_MS);
    if (this.#untilMs.size > AT_MOST) this.#untilMs.delete(this.#untilMs.keys().next().value!);
  }
}
