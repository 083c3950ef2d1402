/**
 * The dead-letters topic and its one subscription: put a message there, look through what is there without taking it
 * away, and send messages again. A letter is acknowledged only after its message is safely back on the topic it was
 * meant for; all others are released as they were.
 */
import library from '@google-cloud/pubsub';
import type { PubSub } from '@google-cloud/pubsub';
import { deadLetterSubscription, PUSHED_KINDS, pubsubTopic, type PushedKind } from '@tapline/core/settings/topics';
import { buryMessage, obstacle, readDeadLetter } from './dead-letter.ts';
import type { DeadLetter, Problem } from './dead-letter.ts';
import { PAYLOAD_BYTES_MAX, PubSubPublisher } from './publisher.ts';
import { pubsubError, statusCode } from './pubsub-error.ts';

export interface ReplayResult {
  readonly id: string;
  /** Where it was sent; undefined when it stays. */
  readonly to?: string;
  /** Why it stays. */
  readonly problem?: string;
}

type Subscriber = InstanceType<typeof library.v1.SubscriberClient>;
type SubscriberOptions = ConstructorParameters<typeof library.v1.SubscriberClient>[0];

interface Received {
  readonly ackId: string;
  readonly letter: DeadLetter;
  readonly publishedMs: number;
}

export type DeadLetterSummary = Omit<DeadLetter, 'payload'>;

/** Messages of one pull, and of one walk through the subscription, at most. */
const PULL_MESSAGES = 100;
export const WALK_MESSAGES_MAX = 10_000;
/** Pub/Sub may answer an early pull with nothing although there are messages: the walk ends after this many. */
const EMPTY_PULLS = 2;
const ACKS_PER_REQUEST = 1_000;
const DEADLINE_EXCEEDED = 4;

export class DeadLetters {
  readonly #client: PubSub;
  readonly #prefix: string;
  readonly #pullWaitMs: number;
  readonly #subscription: string;
  readonly #burial: PubSubPublisher;
  #subscriber: Subscriber | undefined;

  /** @param pullWaitMs how long an empty subscription is waited on before it counts as empty */
  constructor(client: PubSub, prefix: string, { pullWaitMs = 1_500 }: { readonly pullWaitMs?: number } = {}) {
    this.#client = client;
    this.#prefix = prefix;
    this.#pullWaitMs = pullWaitMs;
    this.#subscription = `projects/${client.projectId}/subscriptions/${deadLetterSubscription(prefix)}`;
    this.#burial = new PubSubPublisher(client, pubsubTopic(prefix, 'dead-letters'));
  }

  /**
   * Gives a message up, with the reason. Resolves when it is stored on the dead-letters topic.
   * @throws PipelineError STORE
   */
  async put(
    message: { kind: PushedKind; payload: Uint8Array; attributes?: Readonly<Record<string, string>> },
    problem: Problem,
  ): Promise<void> {
    const { payload, attributes } = buryMessage(message, problem, new Date(), PAYLOAD_BYTES_MAX);
    await this.#burial.publish(payload, attributes);
  }

  /** The letters that are there, oldest first, without their payloads; `max` at most. */
  async list(max: number): Promise<DeadLetterSummary[]> {
    const letters: DeadLetterSummary[] = [];
    await this.#walk((page) => {
      letters.push(...page.map(({ letter }) => withoutPayload(letter)));
      return Promise.resolve({ taken: [], more: letters.length < max });
    });
    return letters.sort((a, b) => (a.quarantinedAt < b.quarantinedAt ? -1 : 1)).slice(0, max);
  }

  async find(id: string): Promise<DeadLetter | undefined> {
    let found: DeadLetter | undefined;
    await this.#walk((page) => {
      found ??= page.find(({ letter }) => letter.id === id)?.letter;
      return Promise.resolve({ taken: [], more: found === undefined });
    });
    return found;
  }

  /**
   * Sends letters again to the topics they were meant for, and takes them away once that is acknowledged.
   * @param ids of the letters; `all` takes those that are there now, not what comes back while it runs
   * @returns one result per letter, and per id that is not there
   */
  async replay(ids: readonly string[] | 'all'): Promise<ReplayResult[]> {
    const results: ReplayResult[] = [];
    const wanted = ids === 'all' ? undefined : new Set(ids);
    const startMs = Date.now();
    const publishers = new Map(
      PUSHED_KINDS.map((kind) => [kind, new PubSubPublisher(this.#client, pubsubTopic(this.#prefix, kind))] as const),
    );
    await this.#walk(async (page) => {
      const chosen = page.filter(({ letter, publishedMs }) =>
        wanted === undefined ? publishedMs <= startMs : wanted.delete(letter.id),
      );
      const sent = await Promise.all(chosen.map(({ letter }) => this.#sendAgain(letter, publishers)));
      results.push(...sent);
      const taken = chosen.filter((_, index) => sent[index]!.to !== undefined).map(({ ackId }) => ackId);
      return { taken, more: wanted === undefined || wanted.size > 0 };
    });
    for (const id of wanted ?? []) results.push({ id, problem: 'there is no such dead letter' });
    return results;
  }

  async #sendAgain(letter: DeadLetter, publishers: ReadonlyMap<PushedKind, PubSubPublisher>): Promise<ReplayResult> {
    const { id, payload, attributes } = letter;
    const problem = obstacle(letter);
    if (problem !== undefined) return { id, problem };
    const origin = letter.origin!;
    try {
      await publishers.get(origin)!.publish(payload, attributes);
      return { id, to: pubsubTopic(this.#prefix, origin) };
    } catch (error) {
      return { id, problem: (error as Error).message };
    }
  }

  /** Ends the connections that this opened; the client stays open. */
  async close(): Promise<void> {
    await this.#burial.flush();
    await this.#subscriber?.close();
  }

  /**
   * Goes through the subscription page by page. Letters that `visit` returns in `taken` are acknowledged, the others are
   * held until the end, so that no page brings the same ones, and then released.
   */
  async #walk(visit: (page: readonly Received[]) => Promise<{ taken: string[]; more: boolean }>): Promise<void> {
    const doing = `reading ${deadLetterSubscription(this.#prefix)}`;
    const held = new Set<string>();
    const seen = new Set<string>();
    try {
      for (let empty = 0; empty < EMPTY_PULLS && seen.size < WALK_MESSAGES_MAX;) {
        const pulled = await this.#pull();
        for (const { ackId } of pulled) held.add(ackId);
        const page = pulled.filter(({ letter }) => !seen.has(letter.id));
        for (const { letter } of page) seen.add(letter.id);
        if (page.length === 0) {
          empty += 1;
          continue;
        }
        const { taken, more } = await visit(page);
        await this.#acknowledge(taken);
        for (const ackId of taken) held.delete(ackId);
        if (!more) break;
      }
    } catch (error) {
      throw pubsubError(error, doing);
    } finally {
      await this.#release([...held]);
    }
  }

  async #pull(): Promise<Received[]> {
    this.#subscriber ??= new library.v1.SubscriberClient((await this.#client.getClientConfig()) as SubscriberOptions);
    try {
      const [{ receivedMessages }] = await this.#subscriber.pull(
        { subscription: this.#subscription, maxMessages: PULL_MESSAGES },
        { timeout: this.#pullWaitMs, retry: null },
      );
      return (receivedMessages ?? []).map(({ ackId, message }) => {
        const publishedMs = Number(message?.publishTime?.seconds ?? 0) * 1_000;
        const pulled = {
          id: message?.messageId ?? '',
          publishedAt: new Date(publishedMs).toISOString(),
          payload: bytesOf(message?.data),
          attributes: message?.attributes ?? {},
        };
        return { ackId: ackId ?? '', publishedMs, letter: readDeadLetter(pulled, this.#prefix) };
      });
    } catch (error) {
      if (statusCode(error) === DEADLINE_EXCEEDED) return [];
      throw error;
    }
  }

  async #acknowledge(ackIds: readonly string[]): Promise<void> {
    for (let at = 0; at < ackIds.length; at += ACKS_PER_REQUEST) {
      const request = { subscription: this.#subscription, ackIds: ackIds.slice(at, at + ACKS_PER_REQUEST) };
      await this.#subscriber!.acknowledge(request);
    }
  }

  /** What cannot be released comes back by itself when its acknowledgement deadline has passed. */
  async #release(ackIds: readonly string[]): Promise<void> {
    for (let at = 0; at < ackIds.length; at += ACKS_PER_REQUEST) {
      const request = { subscription: this.#subscription, ackIds: ackIds.slice(at, at + ACKS_PER_REQUEST) };
      await this.#subscriber!.modifyAckDeadline({ ...request, ackDeadlineSeconds: 0 }).catch(() => undefined);
    }
  }
}

function withoutPayload({
  id,
  origin,
  code,
  reason,
  quarantinedAt,
  originalBytes,
  attributes,
}: DeadLetter): DeadLetterSummary {
  return { id, origin, code, reason, quarantinedAt, originalBytes, attributes };
}

function bytesOf(data: Uint8Array | string | null | undefined): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, 'base64') : (data ?? new Uint8Array());
}
