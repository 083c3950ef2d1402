/** The two Kafka topics of a sensor: making, listing and deleting them. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { describeTopic, heartbeatTopic, packetTopic } from '@tapline/core/settings/topics';
import { makeKafka, type KafkaOptions } from './client.ts';
import { kafkaError } from './kafka-error.ts';

/** How a topic is made. What exists already is left as it is. */
export interface TopicShape {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
}

/**
 * One partition, because the records of a sensor have an order; a week, because that is what Pub/Sub keeps too. Batches
 * stay below 1 MB, but what a shell pipe brings may be larger.
 */
export const DEFAULT_SHAPE: TopicShape = {
  partitions: 1,
  replicationFactor: 1,
  retentionMs: 7 * 24 * 3600 * 1000,
  maxMessageBytes: 4 * 1024 * 1024,
};

/** Brokers hear of a new topic within this time. */
const KNOWN_MS = 10_000;

export interface TopicInfo {
  readonly topic: string;
  readonly sensor: string;
  readonly carries: 'packets' | 'heartbeats';
  readonly partitions: number;
  readonly replicas: number;
  /** Records that are kept now. */
  readonly records: number;
  /** -1 = for ever. */
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
}

export class KafkaTopics {
  readonly #admin: Admin;
  #connected = false;

  /** Connects with the first call. What goes wrong is thrown; the library's own words are left out. */
  constructor(options: KafkaOptions) {
    this.#admin = makeKafka({ warn: () => undefined, ...options }).admin();
  }

  /**
   * Makes those of the sensor's topics that do not exist.
   * @returns the topics that were made
   * @throws PipelineError STORE
   */
  async ensure(sensor: string, shape: TopicShape = DEFAULT_SHAPE): Promise<string[]> {
    const made: string[] = [];
    for (const topic of topicsOf(sensor)) {
      const isNew = await this.#ask(`making ${topic}`, (admin) =>
        admin.createTopics({
          // Waiting for leaders fails with brokers that have not heard of the topic yet, which KRaft brokers have not.
          waitForLeaders: false,
          topics: [
            {
              topic,
              numPartitions: shape.partitions,
              replicationFactor: shape.replicationFactor,
              configEntries: [
                { name: 'retention.ms', value: String(shape.retentionMs) },
                { name: 'max.message.bytes', value: String(shape.maxMessageBytes) },
              ],
            },
          ],
        }),
      );
      if (isNew) made.push(topic);
    }
    await this.#untilKnown(made);
    return made;
  }

  /** Every topic that is a sensor's, or those of one sensor; ascending. Throws PipelineError STORE. */
  async list(sensor?: string): Promise<TopicInfo[]> {
    const names = (await this.#ask('listing topics', (admin) => admin.listTopics()))
      .filter((topic) => {
        const about = describeTopic(topic);
        return about !== undefined && (sensor === undefined || about.sensor === sensor);
      })
      .sort();
    if (names.length === 0) return [];
    const limits = await this.#limits(names);
    const { topics } = await this.#ask('describing topics', (admin) => admin.fetchTopicMetadata({ topics: names }));
    const infos: TopicInfo[] = [];
    for (const { name, partitions } of topics) {
      infos.push({
        topic: name,
        ...describeTopic(name)!,
        partitions: partitions.length,
        replicas: partitions[0]?.replicas.length ?? 0,
        records: await this.#records(name),
        ...limits.get(name)!,
      });
    }
    return infos.sort((a, b) => (a.topic < b.topic ? -1 : 1));
  }

  /**
   * Deletes the sensor's topics and everything in them.
   * @returns the topics that existed
   * @throws PipelineError STORE
   */
  async delete(sensor: string): Promise<string[]> {
    const all = await this.#ask('listing topics', (admin) => admin.listTopics());
    const topics = topicsOf(sensor).filter((topic) => all.includes(topic));
    if (topics.length > 0) {
      await this.#ask(`deleting ${topics.join(' and ')}`, (admin) => admin.deleteTopics({ topics }));
    }
    return topics;
  }

  async close(): Promise<void> {
    if (this.#connected) await this.#admin.disconnect().catch(() => undefined);
    this.#connected = false;
  }

  async #untilKnown(topics: readonly string[]): Promise<void> {
    const deadlineMs = performance.now() + KNOWN_MS;
    for (;;) {
      const known = await this.#ask('listing topics', (admin) => admin.listTopics());
      if (topics.every((topic) => known.includes(topic)) || performance.now() > deadlineMs) return;
      await sleep(50);
    }
  }

  async #records(topic: string): Promise<number> {
    const offsets = await this.#ask(`reading offsets of ${topic}`, (admin) => admin.fetchTopicOffsets(topic));
    return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  }

  async #limits(topics: readonly string[]): Promise<Map<string, { retentionMs: number; maxMessageBytes: number }>> {
    const { resources } = await this.#ask('reading settings of topics', (admin) =>
      admin.describeConfigs({
        includeSynonyms: false,
        resources: topics.map((name) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name,
          configNames: ['retention.ms', 'max.message.bytes'],
        })),
      }),
    );
    return new Map(
      resources.map(({ resourceName, configEntries }) => {
        const value = (name: string): number =>
          Number(configEntries.find(({ configName }) => configName === name)?.configValue ?? NaN);
        return [resourceName, { retentionMs: value('retention.ms'), maxMessageBytes: value('max.message.bytes') }];
      }),
    );
  }

  async #ask<T>(doing: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      if (!this.#connected) await this.#admin.connect();
      this.#connected = true;
      return await question(this.#admin);
    } catch (error) {
      throw kafkaError(error, doing);
    }
  }
}

function topicsOf(sensor: string): string[] {
  return [packetTopic(sensor), heartbeatTopic(sensor)];
}
