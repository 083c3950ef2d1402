/**
 * The RecordLog port on Kafka: reads all topics whose names match, new ones too, as a member of a consumer group, and
 * begins a new membership when one ends. Brokers that are away are waited for, up to a limit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { Assignment, PartitionPosition, PartitionReader, RecordLog } from '@tapline/core/record-log';
import { PipelineError } from '@tapline/core/errors';
import { makeKafka, type KafkaOptions } from './client.ts';
import { ConsumerSession, ReaderFailed } from './consumer-session.ts';
import { GroupOffsets } from './group-offsets.ts';

export interface ConsumerOptions {
  readonly kafka: KafkaOptions;
  readonly groupId: string;
  readonly topics: readonly RegExp[];
  /** Where a partition starts of which the group has read nothing; default the beginning. */
  readonly fromBeginning?: boolean;
  /** How often to look for new topics, in ms. */
  readonly refreshMs?: number;
  /** How long brokers may be away before the run fails, in ms. */
  readonly giveUpMs?: number;
  /** After how long without a heartbeat the group gives this reader's partitions to others, in ms. */
  readonly sessionTimeoutMs?: number;
  readonly warn: (line: string) => void;
}

const PAUSE_MS = 1_000;

export class KafkaRecordLog implements RecordLog {
  readonly #options: Required<ConsumerOptions>;
  /** What reading needs to know, and what others ask: a failed question of one must not disturb the other. */
  readonly #offsets: GroupOffsets;
  readonly #asked: GroupOffsets;
  readonly #stop = new AbortController();
  #aliveMs = performance.now();

  constructor(options: ConsumerOptions) {
    this.#options = { fromBeginning: true, refreshMs: 5_000, giveUpMs: 60_000, sessionTimeoutMs: 10_000, ...options };
    const makeAdmin = (): Admin => makeKafka(options.kafka).admin();
    this.#offsets = new GroupOffsets(makeAdmin, options.groupId);
    this.#asked = new GroupOffsets(makeAdmin, options.groupId);
  }

  async run(open: (assignment: Assignment) => PartitionReader): Promise<void> {
    this.#alive();
    while (!this.#stop.signal.aborted) {
      try {
        await this.#session(open);
      } catch (error) {
        if (error instanceof ReaderFailed) throw error.cause;
        await this.#forgive(error);
      }
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async positions(): Promise<PartitionPosition[]> {
    return this.#asked.positions(await this.#asked.topics(this.#options.topics));
  }

  /** Ends the connections that `run` and `positions` opened. */
  async close(): Promise<void> {
    await Promise.all([this.#offsets.close(), this.#asked.close()]);
  }

  /** Reads until the topics change, or until told to stop. */
  async #session(open: (assignment: Assignment) => PartitionReader): Promise<void> {
    const { kafka, groupId, fromBeginning, sessionTimeoutMs, giveUpMs, warn } = this.#options;
    const topics = await this.#offsets.topics(this.#options.topics);
    this.#alive();
    if (topics.length === 0) {
      await this.#rest(this.#options.refreshMs, this.#stop.signal);
      return;
    }
    const onAlive = (): void => {
      this.#alive();
    };
    const options = { groupId, topics, fromBeginning, sessionTimeoutMs, commitDeadlineMs: giveUpMs, warn, onAlive };
    const over = new AbortController();
    const change = this.#untilTopicsChange(topics, AbortSignal.any([this.#stop.signal, over.signal]));
    try {
      await new ConsumerSession(makeKafka(kafka), this.#offsets, options, open).run(change);
    } finally {
      over.abort();
      await change;
    }
  }

  /** Resolves when other topics match than before, or when `stop` aborts. */
  async #untilTopicsChange(topics: readonly string[], stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#rest(this.#options.refreshMs, stop);
      // Brokers that do not answer now are the session's to notice.
      const now = await this.#offsets.topics(this.#options.topics).catch(() => topics);
      if (now.join(' ') !== topics.join(' ')) return;
    }
  }

  #alive(): void {
    this.#aliveMs = performance.now();
  }

  /** Waits a moment after an error that may pass; throws one that does not, or that has lasted too long. */
  async #forgive(error: unknown): Promise<void> {
    if (!(error instanceof PipelineError) || !error.retriable) throw error;
    const silentMs = performance.now() - this.#aliveMs;
    if (silentMs > this.#options.giveUpMs) {
      const seconds = Math.round(silentMs / 1000);
      throw new PipelineError('STORE', `${error.message} (nothing heard for ${seconds} s)`, { cause: error });
    }
    this.#options.warn(`${error.message}; trying again`);
    await this.#rest(PAUSE_MS, this.#stop.signal);
  }

  async #rest(ms: number, stop: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
  }
}
