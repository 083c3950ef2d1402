/**
 * Reading topics to look at them: every partition, from the beginning or from now on, leaving no trace. The group is one
 * of its own, commits nothing, and is deleted at the end.
 */
import { randomBytes } from 'node:crypto';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { PipelineError } from '@tapline/core/errors';
import { makeKafka, type KafkaOptions } from './client.ts';
import { kafkaError } from './kafka-error.ts';

export interface TailRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** When the broker or the producer says it was, milliseconds since 1970. */
  readonly timeMs: number;
  readonly key: string | undefined;
  readonly value: Uint8Array;
}

export interface TailOptions {
  readonly kafka: KafkaOptions;
  readonly topics: readonly string[];
  readonly fromBeginning: boolean;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/**
 * Hands every record to `take`, in order within a partition, until the signal aborts.
 * @throws PipelineError STORE when none of the topics exists or the broker does not answer, and what `take` throws
 */
export async function tail(options: TailOptions, take: (record: TailRecord) => Promise<void>): Promise<void> {
  const { kafka: kafkaOptions, signal } = options;
  const kafka = makeKafka({ warn: () => undefined, ...kafkaOptions });
  const groupId = `tapline-consume-${randomBytes(8).toString('hex')}`;
  const doing = `reading ${options.topics.join(' and ')}`;
  const admin = kafka.admin();
  try {
    await admin.connect();
    const existing = await admin.listTopics();
    const topics = options.topics.filter((topic) => existing.includes(topic));
    if (topics.length === 0) {
      const names = options.topics.join(' nor ');
      throw new PipelineError('STORE', `there is no ${names}: capture something, or "tapline topics ensure"`);
    }
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 500, allowAutoTopicCreation: false });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics, fromBeginning: options.fromBeginning });
      await readUntil(consumer, signal, take);
    } finally {
      await consumer.disconnect().catch(() => undefined);
      await admin.deleteGroups([groupId]).catch(() => undefined);
    }
  } catch (error) {
    throw kafkaError(error, doing);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

async function readUntil(
  consumer: Consumer,
  signal: AbortSignal,
  take: (record: TailRecord) => Promise<void>,
): Promise<void> {
  const over = Promise.withResolvers<undefined>();
  const end = (): void => {
    over.resolve(undefined);
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) over.reject(payload.error);
  });
  await consumer.run({
    autoCommit: false,
    eachBatch: async (batch) => {
      await takeAll(batch, signal, take).catch((error: unknown) => {
        // The library would start over and over again with the same record.
        over.reject(error instanceof Error ? error : new Error(String(error)));
      });
    },
  });
  await over.promise;
}

async function takeAll(
  payload: EachBatchPayload,
  signal: AbortSignal,
  take: (record: TailRecord) => Promise<void>,
): Promise<void> {
  const { topic, partition, messages } = payload.batch;
  for (const { offset, timestamp, key, value } of messages) {
    if (signal.aborted || !payload.isRunning()) return;
    await take({
      topic,
      partition,
      offset: Number(offset),
      timeMs: Number(timestamp),
      key: key?.toString('utf8'),
      value: value ?? new Uint8Array(0),
    });
    payload.resolveOffset(offset);
    await payload.heartbeat();
  }
}
