/**
 * Which windows this instance has named to score a moment ago. A window is due until it is scored, and every heartbeat
 * and sweep meanwhile finds it again; saying so each time would bury the windows that nobody named yet. What is named
 * again is what has changed since, and, in case a message went astray, what is still due after a while.
 */
import { announcedTotal, arrivedTotal } from '@tapline/core/ledger/window-state';
import type { Clock, WindowState } from '@tapline/core/ports';

const AGAIN_AFTER_US = 30e6;
/** Windows that are remembered; those named longest ago are forgotten first. */
const KEPT = 20_000;

interface Named {
  /** What the window was when it was named. */
  readonly as: string;
  readonly atUs: number;
}

export class NamedWindows {
  readonly #clock: Clock;
  readonly #named = new Map<string, Named>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those of the windows that are to be named now. */
  news(due: readonly WindowState[]): WindowState[] {
    const nowUs = this.#clock.nowUs();
    return due.filter((state) => {
      const named = this.#named.get(keyOf(state));
      return named?.as !== stateOf(state) || nowUs - named.atUs >= AGAIN_AFTER_US;
    });
  }

  /** To be called when they are published. */
  add(windows: readonly WindowState[]): void {
    const atUs = this.#clock.nowUs();
    for (const state of windows) {
      const key = keyOf(state);
      this.#named.delete(key);
      this.#named.set(key, { as: stateOf(state), atUs });
    }
    for (const key of this.#named.keys()) {
      if (this.#named.size <= KEPT) break;
      this.#named.delete(key);
    }
  }
}

const keyOf = ({ sensor, windowStartUs }: WindowState): string => `${windowStartUs}/${sensor}`;

/** Differs whenever scoring could say something else than it would have when the window was named. */
function stateOf({ sessions, emitted }: WindowState): string {
  return JSON.stringify([emitted?.revision, arrivedTotal(sessions), announcedTotal(sessions)]);
}
