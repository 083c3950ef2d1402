/** One line of progress on stderr while captures are evaluated, when stderr is a terminal. */
import { formatCount } from '../cli/format.ts';

const EVERY_MS = 200;

export class EvalProgress {
  readonly #captures: number;
  readonly #startedMs = performance.now();
  #done = 0;
  #packets = 0;
  #lastMs = -Infinity;
  #shown = false;

  constructor(captures: number) {
    this.#captures = captures;
  }

  /** Takes the packets of one more batch. */
  readonly onProgress = (packets: number): void => {
    this.#packets += packets;
    this.#show();
  };

  /** Prints a line for people above the progress. */
  readonly warn = (line: string): void => {
    this.clear();
    process.stderr.write(`tapline: ${line}\n`);
  };

  /** One capture is through. */
  done(): void {
    this.#done += 1;
    this.#show();
  }

  /** Removes the line, so that what follows starts on a clean one. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K');
    this.#shown = false;
  }

  #show(): void {
    const nowMs = performance.now();
    if (!process.stderr.isTTY || nowMs - this.#lastMs < EVERY_MS) return;
    this.#lastMs = nowMs;
    this.#shown = true;
    const rate = (1000 * this.#packets) / Math.max(1, nowMs - this.#startedMs);
    process.stderr.write(
      `\r\x1b[2K${this.#done} of ${this.#captures} captures  ${formatCount(this.#packets)} packets  ${formatCount(rate)}/s`,
    );
  }
}
