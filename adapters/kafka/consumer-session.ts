/**
 * One membership in a consumer group, from joining to leaving, on kafkajs. The library fetches and keeps the membership;
 * which records a reader gets is decided here, by offset, because the library may deliver a batch again after a
 * rebalance (issues 558 and 1720 of kafkajs), after a stop (1593), or from where an earlier membership was.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { PipelineError } from '@tapline/core/errors';
import type { Assignment, LogRecord, PartitionReader } from '@tapline/core/record-log';
import { AssignmentLost } from '@tapline/core/record-log';
import { assignerTelling, OpenPartition } from './assignments.ts';
import type { CommitRequest } from './assignments.ts';
import type { GroupOffsets } from './group-offsets.ts';
import { kafkaError } from './kafka-error.ts';

export interface SessionOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where a partition starts of which the group has read nothing. */
  readonly fromBeginning: boolean;
  /** How long the group waits for a member that says nothing. */
  readonly sessionTimeoutMs: number;
  readonly commitDeadlineMs: number;
  readonly warn: (line: string) => void;
  /** Called whenever the brokers answered. */
  readonly onAlive: () => void;
}

/** A reader failed, which no new membership mends. */
export class ReaderFailed extends Error {
  override readonly name = 'ReaderFailed';
}

/** Bytes of one fetch: of a partition, and of all; a larger record comes alone. */
const FETCH_PARTITION_BYTES = 2 * 1024 * 1024;
const FETCH_BYTES = 8 * 1024 * 1024;
/** An idle fetch returns after this; new records end it at once. */
const FETCH_WAIT_MS = 500;
const REBALANCE_TIMEOUT_MS = 60_000;
/** Partitions whose records may be waited for at the same time. */
const PARTITIONS_AT_ONCE = 256;
/** Without any sign of life for so long the library has stalled. Joining may take the rebalance timeout. */
const STALLED_MS = 2 * REBALANCE_TIMEOUT_MS;

/** Producers may claim any time. */
const YEAR_10000_MS = 253_402_300_800_000;

/** What kafkajs knows of a batch beyond its types. */
type Batch = EachBatchPayload['batch'] & { readonly fetchedOffset?: string };

export class ConsumerSession {
  readonly #consumer: Consumer;
  readonly #offsets: GroupOffsets;
  readonly #options: SessionOptions;
  readonly #open: (assignment: Assignment) => PartitionReader;
  readonly #ended = Promise.withResolvers<Error | undefined>();
  #partitions = new Map<string, OpenPartition>();
  #opening: Promise<void> = Promise.resolve();
  #commitOffsets: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;
  #draining = false;
  #aliveMs = performance.now();

  constructor(
    kafka: Kafka,
    offsets: GroupOffsets,
    options: SessionOptions,
    open: (assignment: Assignment) => PartitionReader,
  ) {
    this.#offsets = offsets;
    this.#options = options;
    this.#open = open;
    this.#consumer = kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: Math.ceil(options.sessionTimeoutMs / 5),
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxBytesPerPartition: FETCH_PARTITION_BYTES,
      maxBytes: FETCH_BYTES,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      partitionAssigners: [
        assignerTelling(() => {
          this.#revokeAll();
        }),
      ],
      // A crash ends the session; whoever runs it begins a new one, with nothing left over from this.
      retry: { retries: 8, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  /**
   * Reads until something ends the membership.
   * @param until resolves when somebody wants the session to end in good order
   * @throws PipelineError STORE when the brokers do not answer or refuse; what a reader failed with
   */
  async run(until: Promise<void>): Promise<void> {
    const consumer = this.#consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#alive();
      this.#opening = this.#openAll(payload.memberAssignment).catch((error: unknown) => {
        this.#end(error);
      });
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#end(payload.error);
    });
    for (const sign of [consumer.events.FETCH, consumer.events.HEARTBEAT] as const) {
      consumer.on(sign as typeof consumer.events.HEARTBEAT, () => {
        this.#alive();
      });
    }
    const watch = setInterval(() => {
      if (performance.now() - this.#aliveMs < STALLED_MS) return;
      const why = `the consumer has heard nothing for ${STALLED_MS / 1000} s`;
      this.#end(new PipelineError('STORE', `Kafka: ${why}`, { retriable: true }));
    }, 5_000);
    try {
      await this.#start();
      const error = await Promise.race([this.#ended.promise, until.then(() => undefined)]);
      if (error !== undefined) throw error;
      await this.#drain();
    } catch (error) {
      if (error instanceof ReaderFailed) throw error;
      throw kafkaError(error, `reading as a member of the group ${this.#options.groupId}`);
    } finally {
      clearInterval(watch);
      this.#ended.resolve(undefined);
      this.#revokeAll();
      await consumer.disconnect().catch(() => undefined);
    }
  }

  async #start(): Promise<void> {
    await this.#consumer.connect();
    // Always from the beginning: after retention took records away, "latest" would skip what is still there.
    await this.#consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#batch(payload),
    });
  }

  /** Everything taken is dealt with and committed; a reader that fails or is stuck ends the wait. */
  async #drain(): Promise<void> {
    this.#draining = true;
    const finished = Promise.all([...this.#partitions.values()].map(async ({ reader }) => reader?.finish()));
    const error = await Promise.race([this.#ended.promise, finished.then(() => undefined)]);
    if (error !== undefined) throw error;
  }

  #end(error: unknown): void {
    this.#ended.resolve(error instanceof Error ? error : new Error(String(error)));
  }

  #alive(): void {
    this.#aliveMs = performance.now();
    this.#options.onAlive();
  }

  #revokeAll(): void {
    for (const partition of this.#partitions.values()) partition.revoke();
    this.#partitions = new Map();
  }

  /** Readers for a new assignment, starting from what the group committed. */
  async #openAll(assignment: Readonly<Record<string, readonly number[]>>): Promise<void> {
    const partitions = new Map<string, OpenPartition>();
    // Made current before anything is awaited: a join during the waiting must find and revoke it.
    this.#partitions = partitions;
    const topics = Object.keys(assignment);
    if (topics.length === 0) return;
    const committed = await this.#offsets.committed(topics);
    for (const topic of topics) {
      const bounds = await this.#offsets.bounds(topic);
      for (const partition of assignment[topic]!) {
        const { low, high } = bounds.get(partition) ?? { low: 0, high: 0 };
        const known = committed.get(topic)?.get(partition);
        const first = this.#options.fromBeginning ? low : high;
        const start = { offset: known?.offset ?? first, note: known?.note ?? '' };
        if (this.#partitions !== partitions) return;
        this.#openOne(topic, partition, start).anchored = known?.offset !== undefined || this.#options.fromBeginning;
      }
    }
  }

  #openOne(topic: string, partition: number, start: { offset: number; note: string }): OpenPartition {
    const opened = new OpenPartition(
      { topic, partition },
      start,
      (request) => this.#commit(request),
      this.#options.commitDeadlineMs,
      (error) => {
        if (!(error instanceof AssignmentLost)) this.#end(new ReaderFailed('a reader failed', { cause: error }));
      },
    );
    opened.reader = this.#open(opened);
    this.#partitions.set(keyOf(topic, partition), opened);
    return opened;
  }

  async #commit({ topic, partition, offset, note }: CommitRequest): Promise<void> {
    const offsets = { topics: [{ topic, partitions: [{ partition, offset: String(offset), metadata: note }] }] };
    await this.#commitOffsets!(offsets);
  }

  async #batch(payload: EachBatchPayload): Promise<void> {
    this.#commitOffsets = (offsets) => payload.commitOffsetsIfNecessary(offsets);
    this.#alive();
    // A member that is silent while it waits for room would be put out of the group.
    const lost = Promise.withResolvers<never>();
    const beats = setInterval(() => {
      payload.heartbeat().then(() => {
        this.#alive();
      }, lost.reject);
    }, this.#options.sessionTimeoutMs / 5);
    try {
      await Promise.race([this.#deliver(payload), lost.promise, this.#ended.promise]);
    } catch (error) {
      // Ours end the session; the library deals with its own. A lost partition is read again after the next join.
      if (error instanceof PipelineError) this.#end(error);
      else if (!(error instanceof AssignmentLost)) throw error;
    } finally {
      clearInterval(beats);
    }
  }

  async #deliver(payload: EachBatchPayload): Promise<void> {
    await this.#opening;
    const batch: Batch = payload.batch;
    const { topic, partition } = batch;
    let open = this.#partitions.get(keyOf(topic, partition));
    if (this.#draining) await this.#ended.promise;
    if (open === undefined) {
      const why = `records of ${topic}/${partition}, which is not this member's`;
      this.#end(new PipelineError('STORE', `Kafka: ${why}`, { retriable: true }));
      return;
    }
    const end = Number(batch.highWatermark);
    const from = Number(batch.fetchedOffset ?? batch.firstOffset());
    if (end < open.next && (await this.#isMadeAnew(open))) open = this.#startOver(open, from, end);
    if (from > open.next && !(await this.#isGone(open, from))) {
      this.#consumer.seek({ topic, partition, offset: String(open.next) });
      return;
    }
    if (!open.anchored) {
      // A start of "now" must be the same now after a crash.
      await open.commit(open.next, '');
      open.anchored = true;
    }
    const records = recordsFrom(batch, open.next);
    const { reader } = open;
    if (records.length > 0) {
      open.next = records.at(-1)!.offset + 1;
      await reader!.take(records, end);
    }
    // What an earlier membership took must not move the position of this one.
    if (!open.isRevoked() && !payload.isStale()) payload.resolveOffset(batch.lastOffset());
  }

  /** Whether the log is shorter than what was read of it. What a fetch says of its end may be older than the reader. */
  async #isMadeAnew({ topic, partition, next }: OpenPartition): Promise<boolean> {
    const bounds = (await this.#offsets.bounds(topic)).get(partition);
    return bounds !== undefined && bounds.high < next;
  }

  /** The topic was deleted and made again. */
  #startOver(open: OpenPartition, from: number, end: number): OpenPartition {
    const { topic, partition, next } = open;
    this.#options.warn(
      `${topic}/${partition} ends at ${end}, but the group has read to ${next}: it was made anew; reading it from ${from}`,
    );
    open.revoke();
    return this.#openOne(topic, partition, { offset: from, note: '' });
  }

  /** Whether the records before `from` are not in the log any more; says so when they are not. */
  async #isGone(open: OpenPartition, from: number): Promise<boolean> {
    const { topic, partition, next } = open;
    const low = (await this.#offsets.bounds(topic)).get(partition)?.low ?? 0;
    if (low < from) return false;
    this.#options.warn(`${topic}/${partition}: the records ${next} to ${from - 1} were deleted before they were read`);
    open.next = from;
    return true;
  }
}

const keyOf = (topic: string, partition: number): string => `${partition}/${topic}`;

function recordsFrom(batch: Batch, next: number): LogRecord[] {
  const records: LogRecord[] = [];
  for (const { offset, timestamp, value } of batch.messages) {
    if (Number(offset) < next) continue;
    const arrivalMs = Number(timestamp);
    records.push({
      offset: Number(offset),
      arrivalMs: arrivalMs >= 0 && arrivalMs < YEAR_10000_MS ? Math.floor(arrivalMs) : -1,
      value: value ?? new Uint8Array(),
    });
  }
  return records;
}
