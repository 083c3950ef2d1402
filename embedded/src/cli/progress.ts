/** One line of progress on stderr, rewritten in place, when stderr is a terminal; nothing otherwise. */
import { formatBytes, formatCount, formatSeconds } from './format.ts';

export interface ProgressState {
  readonly packets: number;
  /** Source bytes read so far, and their total when it is known. */
  readonly bytesRead: number;
  readonly sizeBytes?: number;
  /** Which pass over the source, and of how many: `2 of 3`. */
  readonly loop?: string;
  /** Batches that wait for a broker, and whether it is away. */
  readonly waiting?: { readonly batches: number; readonly away: boolean };
}

const EVERY_MS = 200;

export class Progress {
  readonly #started = performance.now();
  readonly #enabled: boolean;
  #lastMs = -Infinity;
  #shown = false;

  constructor(enabled: boolean = process.stderr.isTTY) {
    this.#enabled = enabled;
  }

  update(state: ProgressState): void {
    const nowMs = performance.now();
    if (!this.#enabled || nowMs - this.#lastMs < EVERY_MS) return;
    this.#lastMs = nowMs;
    this.#shown = true;
    process.stderr.write(`\r\x1b[2K${progressLine(state, (nowMs - this.#started) / 1000, process.memoryUsage.rss())}`);
  }

  /** Removes the line, so that what follows starts on a clean one. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K');
    this.#shown = false;
  }
}

/** The text of one progress line: packets, rate, share and time to go, memory. */
export function progressLine(state: ProgressState, elapsedSeconds: number, rssBytes: number): string {
  const rate = elapsedSeconds > 0 ? state.packets / elapsedSeconds : 0;
  const parts = [`${formatCount(state.packets)} packets`, `${formatCount(rate)}/s`];
  if (state.loop !== undefined) parts.push(`loop ${state.loop}`);
  if (state.sizeBytes !== undefined && state.sizeBytes > 0) {
    const share = Math.min(1, state.bytesRead / state.sizeBytes);
    parts.push(`${Math.floor(share * 100)} %`);
    if (share > 0.01 && share < 1 && state.loop === undefined)
      parts.push(`${formatSeconds((elapsedSeconds * (1 - share)) / share)} to go`);
  }
  if (state.waiting !== undefined) {
    const { batches, away } = state.waiting;
    parts.push(away ? `broker away, ${formatCount(batches)} batches in the spool` : `${formatCount(batches)} to send`);
  }
  parts.push(`${formatBytes(rssBytes)} memory`);
  return parts.join('  ');
}
