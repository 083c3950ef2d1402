/**
 * Write times that this process makes: arrival time in microseconds, each later than the one before, and no two processes
 * make the same ones. Clocks have milliseconds; the last three digits are the process's own, and even: a microsecond after
 * a stamp is later than what was written with it, and earlier than what anybody writes who has seen either.
 */
import type { Clock } from '@tapline/core/ports';

const MS_US = 1000;

export class ArrivalStamps {
  readonly #clock: Pick<Clock, 'nowUs'>;
  readonly #salt = 2 * Math.floor(Math.random() * (MS_US / 2 - 1));
  #lastMs = -Infinity;

  constructor(clock: Pick<Clock, 'nowUs'>) {
    this.#clock = clock;
  }

  /** @param afterUs a stamp that this one must be later than, whatever the clocks say */
  next(afterUs = -Infinity): number {
    const nowMs = Math.floor(this.#clock.nowUs() / MS_US);
    this.#lastMs = Math.max(nowMs, this.#lastMs + 1, Math.floor(afterUs / MS_US) + 1);
    return this.#lastMs * MS_US + this.#salt;
  }
}
