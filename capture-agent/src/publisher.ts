/**
 * From the agent to the broker by way of the spool: messages are appended to it and published from it, oldest first, and
 * released when every replica has them. While the broker is away they stay there; when the spool is full, `send` waits,
 * and with it the source: nothing is dropped here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '@tapline/core/errors';
import { heartbeatTopic, packetTopic } from '@tapline/core/settings/topics';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import type { AgentMessage } from './batcher.ts';
import { Published } from './published.ts';
import { encodeHeartbeat, firstGroup, type Group } from './spool/group.ts';
import type { Spool } from './spool/spool.ts';
import { VitalsMeter } from './vitals.ts';

/** Where records go: a KafkaProducer. */
export interface RecordSender {
  /** Resolves when the values are safe. Throws PipelineError, retriable when trying again can help. */
  send(topic: string, key: string, values: readonly Uint8Array[]): Promise<void>;
}

export interface PublisherOptions {
  readonly spool: Spool;
  readonly sender: RecordSender;
  /** Payloads of one request, each with `overheadBytes` beside it, have at most this many bytes. */
  readonly requestBytes: number;
  readonly overheadBytes: number;
  /** How large the spool may grow while the broker is away. */
  readonly spoolBytes: number;
  /** And while it answers: a source that can wait need not fill the disk because it is faster than the broker. */
  readonly keepUpBytes: number;
  /** Done once for each sensor before its first record is published, until it succeeds. */
  readonly prepare: (sensor: string) => Promise<void>;
  /**
   * Ends the capture. Once aborted, `send` waits no more: the little that is still under way goes to the spool, however
   * full. Aborted here when publishing cannot go on; `finish` then says why.
   */
  readonly interrupt: AbortController;
  readonly warn: (line: string) => void;
}

const RETRY_MS = { first: 200, most: 5_000 };
/** A full disk may be emptied by somebody else. */
const LOOK_AGAIN_MS = 500;

export class Publisher {
  /** Packets of this run that the broker has acknowledged. */
  publishedPackets = 0;
  readonly #options: PublisherOptions;
  readonly #published = new Published();
  readonly #prepared = new Set<string>();
  readonly #madeVitals = new VitalsMeter();
  readonly #sentVitals = new VitalsMeter();
  /** Records that an earlier process left and that were not published yet. */
  #leftover: number;
  #awaySinceMs: number | undefined;
  #progressMs = performance.now();
  #failure: PipelineError | undefined;
  #stopped = false;
  #wake = Promise.withResolvers<undefined>();

  /** Starts publishing what is in the spool. */
  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#leftover = options.spool.records;
    void this.#drain();
  }

  /** Whether the broker did not answer the last time. */
  get away(): boolean {
    return this.#awaySinceMs !== undefined;
  }

  /** Takes one message; resolves when the spool has it. Throws PipelineError STORE when its disk does not take it. */
  async send(message: AgentMessage): Promise<void> {
    const { spool, interrupt, warn } = this.#options;
    const payload =
      message.kind === 'batch' ? message.bytes : encodeHeartbeat({ ...message.heartbeat, ...this.#madeVitals.read() });
    let held = false;
    for (;;) {
      if (spool.append(message.kind, payload, this.#limitBytes())) break;
      if (interrupt.signal.aborted) {
        throw new PipelineError(
          'STORE',
          `the disk of the spool ${spool.folder} is full: what was read last is not kept`,
        );
      }
      if (this.away && !held) {
        held = true;
        warn(`the spool ${spool.folder} is full: the source is held back until the broker answers`);
      }
      await this.#somethingHappens(LOOK_AGAIN_MS);
    }
    this.#stir();
  }

  /**
   * Waits until everything is published; to be called after the last `send`.
   * @param patienceMs how long the broker may not answer before the rest is left to the spool
   * @returns whether everything was published
   * @throws PipelineError STORE when publishing cannot go on
   */
  async finish(patienceMs: number): Promise<boolean> {
    const { spool } = this.#options;
    this.#progressMs = performance.now();
    while (spool.records > 0 && this.#failure === undefined) {
      if (performance.now() - this.#progressMs >= patienceMs) break;
      await this.#somethingHappens(LOOK_AGAIN_MS);
    }
    this.stop();
    if (this.#failure !== undefined) throw this.#failure;
    return spool.records === 0;
  }

  /** Publishes no more; the spool may be closed then. */
  stop(): void {
    this.#stopped = true;
    this.#stir();
  }

  #limitBytes(): number {
    const { interrupt, spoolBytes, keepUpBytes } = this.#options;
    if (interrupt.signal.aborted) return Infinity;
    return this.away ? spoolBytes : Math.min(keepUpBytes, spoolBytes);
  }

  async #drain(): Promise<void> {
    let retryMs = RETRY_MS.first;
    let together = true;
    let work: Work | undefined;
    while (!this.#stopped) {
      if (this.#options.spool.records === 0) {
        await this.#somethingHappens();
        continue;
      }
      try {
        work ??= new Work(this.#nextGroup(together));
        await this.#publish(work);
        work = undefined;
        retryMs = RETRY_MS.first;
      } catch (error) {
        const failure = error instanceof PipelineError ? error : unforeseen(error);
        if (failure.retriable) {
          this.#isAway(failure);
          await sleep(retryMs);
          retryMs = Math.min(RETRY_MS.most, retryMs * 2);
        } else if (together && work?.batchesSent !== true) {
          // A topic whose limit was made smaller than ours may still take the records one by one.
          together = false;
          work = undefined;
        } else {
          this.#fail(failure);
        }
      }
    }
  }

  #nextGroup(together: boolean): Group {
    const { spool, requestBytes, overheadBytes } = this.#options;
    const records = spool.peek(together ? requestBytes : 0, overheadBytes);
    try {
      return firstGroup(records);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PipelineError('STORE', `the spool ${spool.folder} holds what this version cannot read: ${reason}`, {
        cause,
      });
    }
  }

  /** Batches first, then the heartbeats that lie among them: none overtakes what it announces. */
  async #publish(work: Work): Promise<void> {
    const { sender, spool } = this.#options;
    const { sensor, batches, heartbeats, records } = work.group;
    await this.#prepare(sensor);
    if (batches.length > 0 && !work.batchesSent) {
      const values = batches.map(({ bytes }) => bytes);
      await sender.send(packetTopic(sensor), sensor, values);
      work.batchesSent = true;
      for (const { header, place } of batches) this.#batchPublished(header, place < this.#leftover);
    }
    if (heartbeats.length > 0) {
      await sender.send(heartbeatTopic(sensor), sensor, this.#heartbeatsToSend(work.group));
    }
    if (this.#stopped) return;
    spool.release(records);
    this.#leftover = Math.max(0, this.#leftover - records);
    this.#answers();
  }

  #batchPublished(header: BatchHeader, leftover: boolean): void {
    this.#published.add(header, leftover);
    if (!leftover) this.publishedPackets += header.count;
  }

  /** What only is known when they leave is filled in here. */
  #heartbeatsToSend({ heartbeats, batches }: Group): Uint8Array[] {
    const vitals = this.#sentVitals.read();
    const spooled = this.#options.spool.batches - batches.length;
    return heartbeats.map(({ heartbeat, place }) => {
      const leftover = place < this.#leftover;
      const lastPublished = this.#published.upTo(heartbeat, leftover);
      // How an earlier process was, and when, stays as it said.
      return encodeHeartbeat({ ...heartbeat, ...(leftover ? {} : vitals), lastPublished, spooled });
    });
  }

  async #prepare(sensor: string): Promise<void> {
    if (this.#prepared.has(sensor)) return;
    await this.#options.prepare(sensor);
    this.#prepared.add(sensor);
  }

  #isAway(failure: PipelineError): void {
    const { spool, warn } = this.#options;
    if (this.#awaySinceMs !== undefined || this.#stopped) return;
    this.#awaySinceMs = performance.now();
    spool.durable = true;
    warn(`the broker is away, messages are kept in ${spool.folder} (${failure.message})`);
    this.#stir();
  }

  #answers(): void {
    const { spool, warn } = this.#options;
    this.#progressMs = performance.now();
    if (this.#awaySinceMs !== undefined) {
      const seconds = Math.round((this.#progressMs - this.#awaySinceMs) / 1000);
      this.#awaySinceMs = undefined;
      spool.durable = false;
      warn(`the broker answers again after ${seconds} s; ${spool.batches} batches are still in the spool`);
    }
    this.#stir();
  }

  #fail(failure: PipelineError): void {
    this.#failure = failure;
    this.#stopped = true;
    this.#options.interrupt.abort(failure);
    this.#stir();
  }

  async #somethingHappens(atMostMs?: number): Promise<void> {
    const { promise } = this.#wake;
    const timer = atMostMs === undefined ? undefined : setTimeout(this.#stir.bind(this), atMostMs);
    await promise;
    clearTimeout(timer);
  }

  #stir(): void {
    this.#wake.resolve(undefined);
    this.#wake = Promise.withResolvers<undefined>();
  }
}

/** A group on its way, so that a retry does not repeat what was acknowledged. */
class Work {
  readonly group: Group;
  batchesSent = false;

  constructor(group: Group) {
    this.group = group;
  }
}

function unforeseen(error: unknown): PipelineError {
  const reason = error instanceof Error ? error.message : String(error);
  return new PipelineError('STORE', `publishing failed: ${reason}`, { cause: error });
}
