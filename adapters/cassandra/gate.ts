/** A bound on how much is under way at once; the rest waits for its turn, first come, first served. */

/** Places of those who have had their turn are given back in lots: taking each off the front would move all the others. */
const SPENT_AT_MOST = 1024;

export class Gate {
  readonly #most: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Runs `work` as soon as fewer than the bound are running. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inside++;
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Whoever waits longest takes the place; only when nobody does, it is free. */
  #leave(): void {
    const waiting = this.#waiting[this.#next];
    if (waiting === undefined) {
      this.#inside--;
      return;
    }
    this.#next++;
    if (this.#next === this.#waiting.length || this.#next === SPENT_AT_MOST) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    waiting();
  }
}
