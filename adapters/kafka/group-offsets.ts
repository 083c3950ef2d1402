/** What the brokers say about topics, and about how far a consumer group has read them. */
import type { Admin } from 'kafkajs';
import type { PartitionPosition } from '@tapline/core/record-log';
import { PipelineError } from '@tapline/core/errors';
import { kafkaError } from './kafka-error.ts';

/** What a group committed for a partition; `offset` undefined when nothing. */
export interface CommittedOffset {
  readonly offset: number | undefined;
  readonly note: string;
}

export interface LogBounds {
  /** First offset that is kept. */
  readonly low: number;
  /** Offset of the next record. */
  readonly high: number;
}

export class GroupOffsets {
  readonly #makeAdmin: () => Admin;
  readonly #groupId: string;
  #admin: Promise<Admin> | undefined;
  #closed = false;

  /** Connects with the first question. */
  constructor(makeAdmin: () => Admin, groupId: string) {
    this.#makeAdmin = makeAdmin;
    this.#groupId = groupId;
  }

  /** Names of the topics that any of the patterns describes, ascending; Kafka's own topics never. */
  async topics(patterns: readonly RegExp[]): Promise<string[]> {
    const names = await this.#ask('listing topics', (admin) => admin.listTopics());
    return names.filter((name) => !name.startsWith('__') && patterns.some((pattern) => pattern.test(name))).sort();
  }

  /** By topic and partition. */
  async committed(topics: readonly string[]): Promise<Map<string, Map<number, CommittedOffset>>> {
    const answers = await this.#ask(`reading the offsets of the group ${this.#groupId}`, (admin) =>
      admin.fetchOffsets({ groupId: this.#groupId, topics: [...topics] }),
    );
    return new Map(
      answers.map(({ topic, partitions }) => [
        topic,
        new Map(
          partitions.map(({ partition, offset, metadata }) => {
            const committed = Number(offset) >= 0 ? Number(offset) : undefined;
            return [partition, { offset: committed, note: committed === undefined ? '' : (metadata ?? '') }];
          }),
        ),
      ]),
    );
  }

  async bounds(topic: string): Promise<Map<number, LogBounds>> {
    const answers = await this.#ask(`reading the offsets of ${topic}`, (admin) => admin.fetchTopicOffsets(topic));
    return new Map(answers.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]));
  }

  async positions(topics: readonly string[]): Promise<PartitionPosition[]> {
    const committed = await this.committed(topics);
    const perTopic = await Promise.all(
      topics.map(async (topic) =>
        [...(await this.bounds(topic))].map(([partition, { low, high }]) => ({
          topic,
          partition,
          committed: committed.get(topic)?.get(partition)?.offset ?? low,
          end: high,
        })),
      ),
    );
    return perTopic.flat();
  }

  /** Ends the connection; no question after it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    // What could not be connected needs no end.
    await admin?.then((connected) => connected.disconnect()).catch(() => undefined);
  }

  async #ask<T>(doing: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.#closed) throw new PipelineError('STORE', `Kafka: ${doing}: the connection was closed`);
    this.#admin ??= this.#connect();
    try {
      return await question(await this.#admin);
    } catch (error) {
      // A client that once heard of a topic asks for it for ever, and after its deletion every answer is an error.
      await this.#disconnect();
      throw kafkaError(error, doing);
    }
  }

  async #connect(): Promise<Admin> {
    const admin = this.#makeAdmin();
    try {
      await admin.connect();
    } catch (error) {
      throw kafkaError(error, 'connecting');
    }
    return admin;
  }
}
