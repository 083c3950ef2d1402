/** The sessions of a live run after its first: when the next one is to begin, and what it is called. */
import type { BatchRecorder } from './batcher.ts';

/** Why a session ends before its source does. */
export type TurnCause = 'asked' | 'clock';

export interface NextSession {
  readonly session: string;
  readonly recorder?: BatchRecorder;
}

export class Succession {
  readonly #next: (cause: TurnCause) => NextSession;
  #turn: (() => void) | undefined;

  /** @param next names the session that begins, and opens its recording */
  constructor(next: (cause: TurnCause) => NextSession) {
    this.#next = next;
  }

  /** Ends the running session and begins another; does nothing when none runs. */
  ask(): void {
    this.#turn?.();
  }

  /** For the agent: what is to be done when somebody asks; undefined at its end. */
  onAsk(turn: (() => void) | undefined): void {
    this.#turn = turn;
  }

  next(cause: TurnCause): NextSession {
    return this.#next(cause);
  }
}
