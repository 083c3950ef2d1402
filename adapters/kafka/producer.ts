/**
 * Sends to Kafka so that nothing acknowledged is lost: acks=all, one request under way per topic, so that records stay
 * in order without the library's experimental idempotent mode. A request that is repeated after a lost answer makes
 * duplicates, which do no harm: every batch carries its name.
 */
import { CompressionTypes, Partitioners, type Kafka, type Producer } from 'kafkajs';
import { PipelineError } from '@tapline/core/errors';
import { makeKafka, type KafkaOptions } from './client.ts';
import { kafkaError } from './kafka-error.ts';

export const COMPRESSIONS = ['none', 'gzip'] as const;
export type KafkaCompression = (typeof COMPRESSIONS)[number];

/**
 * Largest sum of values in one request. Kafka checks the size of all records of a request together against the topic's
 * max.message.bytes (by default 1 MiB and 12 bytes), and each record needs some bytes beside its value.
 */
export const REQUEST_BYTES_MAX = 1_020_000;
/** Beside the value of a record: lengths, time and key; names have at most 64 bytes. */
export const RECORD_OVERHEAD_BYTES = 100;

/** The replicas have this long to acknowledge. */
const ACKNOWLEDGE_MS = 10_000;
const CLOSE_MS = 3_000;

export interface ProducerOptions {
  /** Kafka's own; default none, because batches are compressed already. */
  readonly compression?: KafkaCompression;
}

export class KafkaProducer {
  readonly #kafka: Kafka;
  readonly #compression: CompressionTypes;
  #producer: Producer | undefined;
  /** The last request of each topic. */
  readonly #underWay = new Map<string, Promise<void>>();

  /** Connects with the first `send`. What goes wrong is thrown; the library's own words are left out. */
  constructor(options: KafkaOptions, { compression = 'none' }: ProducerOptions = {}) {
    this.#kafka = makeKafka({ warn: () => undefined, ...options, requestMs: ACKNOWLEDGE_MS + 5_000 });
    this.#compression = compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None;
  }

  /**
   * Sends `values` to `topic` in one request, after those of earlier calls. Resolves when all in-sync replicas have them.
   * @param key records of one key stay in one partition, in order
   * @throws PipelineError STORE; when it is retriable, some of the values may have arrived
   */
  send(topic: string, key: string, values: readonly Uint8Array[]): Promise<void> {
    const sent = (this.#underWay.get(topic) ?? Promise.resolve()).then(
      () => this.#send(topic, key, values),
      () => this.#send(topic, key, values),
    );
    this.#underWay.set(topic, sent);
    return sent;
  }

  /** Ends the connections; what is still under way may or may not arrive. */
  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer === undefined) return;
    // The library waits for answers that a broker which is away never gives.
    const timer = Promise.withResolvers<undefined>();
    const timeout = setTimeout(() => {
      timer.resolve(undefined);
    }, CLOSE_MS);
    await Promise.race([producer.disconnect().catch(() => undefined), timer.promise]);
    clearTimeout(timeout);
  }

  async #send(topic: string, key: string, values: readonly Uint8Array[]): Promise<void> {
    const doing = `sending to ${topic}`;
    checkSize(values, doing);
    try {
      const producer = await this.#connected();
      await producer.send({
        topic,
        acks: -1,
        timeout: ACKNOWLEDGE_MS,
        compression: this.#compression,
        messages: values.map((value) => ({
          key,
          value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        })),
      });
    } catch (error) {
      throw kafkaError(error, doing);
    }
  }

  async #connected(): Promise<Producer> {
    if (this.#producer !== undefined) return this.#producer;
    const producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    this.#producer = producer;
    return producer;
  }
}

function checkSize(values: readonly Uint8Array[], doing: string): void {
  const bytes = values.reduce((sum, value) => sum + value.length + RECORD_OVERHEAD_BYTES, 0);
  if (bytes > REQUEST_BYTES_MAX) {
    throw new PipelineError(
      'STORE',
      `Kafka: ${doing}: ${bytes} bytes, but a request takes ${REQUEST_BYTES_MAX} at most`,
    );
  }
}
