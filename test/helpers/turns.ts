/**
 * Lets several actors use one table in an order that a test decides, request by request, and stops an actor in the middle
 * as a killed process stops: at a request that is then done or not done.
 */
import type { Rows } from '@tapline/adapters/bigtable/rows';

/** Where an actor is killed: at its request number `at`, which takes effect when `applied`. */
export interface Kill {
  readonly at: number;
  readonly applied: boolean;
}

export class Killed extends Error {}

interface Actor {
  readonly waiting: (() => Promise<void>)[];
  isDone: boolean;
}

export class Turns {
  readonly #rows: Rows;
  readonly #actors: Actor[] = [];
  #wake: (() => void) | undefined;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** A view of the table whose requests wait for their turn. */
  actor(kill?: Kill): { rows: Rows; isDone: () => void } {
    const actor: Actor = { waiting: [], isDone: false };
    this.#actors.push(actor);
    let requests = 0;
    const inTurn = <T>(request: () => Promise<T>): Promise<T> => {
      const number = requests++;
      const isKilled = kill !== undefined && number >= kill.at;
      const { promise, resolve } = Promise.withResolvers<T>();
      actor.waiting.push(async () => {
        if (isKilled && !(kill.applied && number === kill.at)) {
          resolve(Promise.reject(new Killed()));
          return;
        }
        const answer = request();
        await answer.catch(() => undefined);
        resolve(isKilled ? Promise.reject(new Killed()) : answer);
      });
      this.#wake?.();
      return promise;
    };
    const rows: Rows = {
      mutate: (...request) => inTurn(() => this.#rows.mutate(...request)),
      read: (...request) => inTurn(() => this.#rows.read(...request)),
    };
    const isDone = (): void => {
      actor.isDone = true;
      this.#wake?.();
    };
    return { rows, isDone };
  }

  /** One request at a time, of the actor that `choose` names among `count`, until all actors are done. */
  async run(choose: (count: number) => number): Promise<void> {
    for (;;) {
      const alive = this.#actors.filter((actor) => !actor.isDone || actor.waiting.length > 0);
      if (alive.length === 0) return;
      const chosen = alive[choose(alive.length)]!;
      while (chosen.waiting.length === 0 && !chosen.isDone) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      await chosen.waiting.shift()?.();
    }
  }
}

/** Numbers from 0 to count - 1 that a seed decides (mulberry32). */
export function seeded(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  };
}
