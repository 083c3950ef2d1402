/** How many bytes of records may be in memory at a time, shared by all partitions of a bridge. */

interface Waiter {
  readonly bytes: number;
  readonly settle: (granted: boolean) => void;
}

export class ByteBudget {
  readonly #limit: number;
  #used = 0;
  #waiting: Waiter[] = [];

  /** @param limit bytes; a single grant may go over it, so that nothing is too large to pass */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Resolves with true when the bytes are granted, first come first served; with false when `signal` aborts first. */
  async acquire(bytes: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#waiting.length === 0 && this.#used < this.#limit) {
      this.#used += bytes;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter = { bytes, settle: resolve };
    this.#waiting.push(waiter);
    const giveUp = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
      resolve(false);
      this.#grant();
    };
    signal.addEventListener('abort', giveUp);
    const granted = await promise;
    signal.removeEventListener('abort', giveUp);
    return granted;
  }

  release(bytes: number): void {
    this.#used -= bytes;
    this.#grant();
  }

  #grant(): void {
    while (this.#used < this.#limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#used += next.bytes;
      next.settle(true);
    }
  }
}
