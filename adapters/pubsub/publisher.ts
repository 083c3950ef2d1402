/**
 * The Publisher port on Pub/Sub. Messages wait a few milliseconds for others, so that many small ones share a request;
 * a publish resolves when the service has stored the message. No ordering keys: they would limit a key to 1 MB/s, and
 * nothing after this needs order (design §5).
 */
import type { PubSub, Topic } from '@google-cloud/pubsub';
import type { Meter } from '@tapline/core/cost/meter';
import { PipelineError } from '@tapline/core/errors';
import type { Publisher } from '@tapline/core/ports';
import { pubsubError } from './pubsub-error.ts';

/** Payload bytes of one message at most: the service takes 10 MB with attributes and framing, and never says so fast. */
export const PAYLOAD_BYTES_MAX = 9_000_000;
/** Attributes of one message, and bytes of one value, at most (limits of the service). */
const ATTRIBUTES_MAX = 100;
const KEY_BYTES_MAX = 256;
export const VALUE_BYTES_MAX = 1024;

/** A request holds this much, or one message: below the service's 10 MB, and enough that its cost does not show. */
const BATCHING = { maxMessages: 500, maxBytes: 2 * 1024 * 1024, maxMilliseconds: 5 };

export interface PublisherOptions {
  /** How long to go on trying while the service does not answer, in ms; default one minute. */
  readonly deadlineMs?: number;
  readonly meter?: Meter;
}

export class PubSubPublisher implements Publisher {
  readonly #topic: Topic;
  readonly #doing: string;
  readonly #meter: Meter | undefined;

  /** @param topic name of the topic in the client's project, e.g. `tapline-packets` */
  constructor(client: PubSub, topic: string, { deadlineMs = 60_000, meter }: PublisherOptions = {}) {
    this.#topic = client.topic(topic, { batching: BATCHING, gaxOpts: { retry: retryFor(deadlineMs) } });
    this.#doing = `publishing to ${topic}`;
    this.#meter = meter;
  }

  /** `payload` must stay as it is until the promise is settled. */
  async publish(payload: Uint8Array, attributes: Readonly<Record<string, string>> = {}): Promise<void> {
    checkMessage(payload, attributes, this.#doing);
    const data = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    try {
      await this.#topic.publishMessage({ data, attributes: { ...attributes } });
    } catch (error) {
      throw pubsubError(error, this.#doing);
    }
    this.#meter?.add('pubsub.messages', 1);
    this.#meter?.add('pubsub.publishedBytes', payload.length);
  }

  /** Sends what waits for company and resolves when all of it is settled. */
  async flush(): Promise<void> {
    // Whoever published a message learns of its failure; flushing only waits.
    await this.#topic.flush().catch(() => undefined);
  }
}

/** The service answers what is over its limits late or not at all, and the emulator takes everything. */
function checkMessage(payload: Uint8Array, attributes: Readonly<Record<string, string>>, doing: string): void {
  const refuse = (why: string): never => {
    throw new PipelineError('STORE', `Pub/Sub: ${doing}: ${why}`);
  };
  if (payload.length > PAYLOAD_BYTES_MAX) {
    refuse(`a message of ${payload.length} bytes is over the limit of ${PAYLOAD_BYTES_MAX}`);
  }
  if (payload.length === 0 && Object.keys(attributes).length === 0) refuse('an empty message, which says nothing');
  const entries = Object.entries(attributes);
  if (entries.length > ATTRIBUTES_MAX) refuse(`${entries.length} attributes, at most ${ATTRIBUTES_MAX} are possible`);
  for (const [key, value] of entries) {
    const fits = key !== '' && Buffer.byteLength(key) <= KEY_BYTES_MAX && Buffer.byteLength(value) <= VALUE_BYTES_MAX;
    if (!fits) refuse(`the attribute ${JSON.stringify(key.slice(0, 40))} is too long or has no name`);
  }
}

/** Status codes after which the same request may succeed: the library's own list for publishing. */
const RETRIED_CODES = [1, 2, 4, 8, 10, 13, 14];

function retryFor(totalTimeoutMillis: number): object {
  return {
    retryCodes: RETRIED_CODES,
    backoffSettings: {
      initialRetryDelayMillis: 100,
      retryDelayMultiplier: 2,
      maxRetryDelayMillis: 5_000,
      initialRpcTimeoutMillis: 30_000,
      rpcTimeoutMultiplier: 1,
      maxRpcTimeoutMillis: 30_000,
      totalTimeoutMillis,
    },
  };
}
