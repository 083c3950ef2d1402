/**
 * Messages of a session on their way to `send`: one at a time, in order, heartbeats numbered. Says again where the
 * sensor stands when nothing new has been said for a while: a paced replay and an idle pipe are alive too.
 */
import type { SensorCounters } from '@tapline/core/ledger/heartbeat';
import type { AgentMessage } from './batcher.ts';

type HeartbeatMessage = Extract<AgentMessage, { kind: 'heartbeat' }>;

/** A message and the sensor's counters when it was made. */
export interface Outgoing {
  readonly message: AgentMessage;
  readonly counters: SensorCounters;
}

export class Outbox {
  readonly #send: (message: AgentMessage) => Promise<void>;
  #tail: Promise<void> = Promise.resolve();
  #underWay = 0;
  #nextHeartbeat: number;
  /** What the last heartbeat said, brought up to date with the batches after it. */
  #standing: HeartbeatMessage['heartbeat'];
  #heartbeatMs = performance.now();

  /** @param first what a heartbeat says before anything was sent, and its number */
  constructor(first: HeartbeatMessage['heartbeat'], send: (message: AgentMessage) => Promise<void>) {
    this.#standing = first;
    this.#nextHeartbeat = first.sequence;
    this.#send = send;
  }

  /** Milliseconds since the last heartbeat was posted. */
  get silentMs(): number {
    return performance.now() - this.#heartbeatMs;
  }

  /** Sends after everything that was posted before. Rejects with what `send` threw, for this message or an earlier one. */
  post({ message, counters }: Outgoing): Promise<void> {
    if (message.kind === 'batch') {
      this.#standing = { ...this.#standing, lastBatch: message.header.sequence, counters };
      return this.#post(message);
    }
    return this.#postHeartbeat(message.heartbeat);
  }

  /**
   * Says the last heartbeat again, with what was sent since. Its promise about time stays: more would have to come with
   * the totals of the windows that are then over. Does nothing while a message is under way.
   */
  repeat(): void {
    if (this.#underWay > 0) return;
    // Should it fail, the next message fails for the same reason.
    void this.#postHeartbeat({ ...this.#standing, windows: [], minutes: [] }).catch(() => undefined);
  }

  #postHeartbeat(heartbeat: HeartbeatMessage['heartbeat']): Promise<void> {
    this.#standing = { ...heartbeat, sequence: this.#nextHeartbeat++ };
    this.#heartbeatMs = performance.now();
    return this.#post({ kind: 'heartbeat', heartbeat: this.#standing });
  }

  #post(message: AgentMessage): Promise<void> {
    this.#underWay += 1;
    this.#tail = this.#tail
      .then(() => this.#send(message))
      .finally(() => {
        this.#underWay -= 1;
      });
    return this.#tail;
  }
}
