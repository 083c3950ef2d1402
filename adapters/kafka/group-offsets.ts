/** What the brokers say about topics, and about how far a consumer group has read them. */
import type { Admin } from 'kafkajs';
import type { PartitionPosition } from '@tapline/core/record-log';
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
  readonly #admin: Admin;
  readonly #groupId: string;

  /** The caller connects and disconnects `admin`. */
  constructor(admin: Admin, groupId: string) {
    this.#admin = admin;
    this.#groupId = groupId;
  }

  /** Names of the topics that any of the patterns describes, ascending; Kafka's own topics never. */
  async topics(patterns: readonly RegExp[]): Promise<string[]> {
    try {
      const names = await this.#admin.listTopics();
      return names.filter((name) => !name.startsWith('__') && patterns.some((pattern) => pattern.test(name))).sort();
    } catch (error) {
      throw kafkaError(error, 'listing topics');
    }
  }

  /** By topic and partition. */
  async committed(topics: readonly string[]): Promise<Map<string, Map<number, CommittedOffset>>> {
    try {
      const answers = await this.#admin.fetchOffsets({ groupId: this.#groupId, topics: [...topics] });
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
    } catch (error) {
      throw kafkaError(error, `reading the offsets of the group ${this.#groupId}`);
    }
  }

  async bounds(topic: string): Promise<Map<number, LogBounds>> {
    try {
      const answers = await this.#admin.fetchTopicOffsets(topic);
      return new Map(answers.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]));
    } catch (error) {
      throw kafkaError(error, `reading the offsets of ${topic}`);
    }
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
}
