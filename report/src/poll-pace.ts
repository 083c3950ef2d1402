/** When the page asks again: often while a run is going on, rarely once it has finished, and never so that it is the server's main work. */

const RUNNING_MS = 1000;
const FINISHED_MS = 10_000;
/** Between two polls the server rests this many times as long as it took to answer: a long capture costs it more. */
const REST = 8;
/** Answers that are looked back at: of a server that is always slow all are slow, of one that was busy once not. */
const ANSWERS = 3;

export class PollPace {
  #tookMs: number[] = [];

  /** An answer took so long. */
  answered(tookMs: number): void {
    this.#tookMs = [...this.#tookMs.slice(1 - ANSWERS), tookMs];
  }

  /** Milliseconds until the next poll. */
  delayMs(isFinished: boolean): number {
    const quickestMs = this.#tookMs.length === 0 ? 0 : Math.min(...this.#tookMs);
    return Math.max(isFinished ? FINISHED_MS : RUNNING_MS, REST * quickestMs);
  }
}
