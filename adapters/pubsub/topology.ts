/**
 * The topics and subscriptions of a deployment, made where nobody else makes them: in the emulator. In the cloud they
 * are Terraform's, with the same names and the same policies.
 */
import type { CreateSubscriptionOptions, PubSub } from '@google-cloud/pubsub';
import {
  deadLetterSubscription,
  PUSHED_KINDS,
  pubsubTopic,
  pushSubscription,
  TOPIC_KINDS,
} from '@tapline/core/settings/topics';
import type { PushedKind } from '@tapline/core/settings/topics';
import { pubsubError, statusCode } from './pubsub-error.ts';

export interface Topology {
  readonly client: PubSub;
  /** What the names begin with, e.g. `tapline`. */
  readonly prefix: string;
  /** URL of the function that each topic is pushed to; topics without one get no push subscription. */
  readonly push?: Partial<Readonly<Record<PushedKind, string>>>;
}

/** Also the time limit of the push request: the functions answer within it. */
const ACK_DEADLINE_SECONDS = 60;
/**
 * When a message is delivered again, and after how many deliveries Pub/Sub itself gives it up to the dead letters. The
 * emulator (0.8.20) stops delivering for good after a few failures when it is given a retry policy; without one it tries
 * once a second, so that the most deliveries it takes stand for an outage of a minute and a half.
 */
const REDELIVERY = {
  cloud: { deliveries: 20, retryPolicy: { minimumBackoff: { seconds: 10 }, maximumBackoff: { seconds: 600 } } },
  emulator: { deliveries: 100, retryPolicy: undefined },
};
/** The longest that the emulator takes. */
const RETENTION = { seconds: 7 * 86_400 };
const NEVER = {};

const ALREADY_EXISTS = 6;
const NOT_FOUND = 5;

/**
 * Makes what is missing; of what is there it changes the URL that a topic is pushed to and nothing else. Messages stay.
 * @throws PipelineError STORE
 */
export async function ensureTopology({ client, prefix, push = {} }: Topology): Promise<void> {
  await Promise.all(TOPIC_KINDS.map((kind) => ensureTopic(client, pubsubTopic(prefix, kind))));
  const deadLetters = pubsubTopic(prefix, 'dead-letters');
  await ensureSubscription(client, deadLetters, deadLetterSubscription(prefix), {
    ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
    messageRetentionDuration: RETENTION,
    expirationPolicy: NEVER,
  });
  const { deliveries, retryPolicy } = client.isEmulator ? REDELIVERY.emulator : REDELIVERY.cloud;
  const deadLetterTopic = `projects/${client.projectId}/topics/${deadLetters}`;
  await Promise.all(
    PUSHED_KINDS.map(async (kind) => {
      const pushEndpoint = push[kind];
      if (pushEndpoint === undefined) return;
      await ensureSubscription(client, pubsubTopic(prefix, kind), pushSubscription(prefix, kind), {
        pushConfig: { pushEndpoint },
        ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
        messageRetentionDuration: RETENTION,
        expirationPolicy: NEVER,
        deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: deliveries },
        ...(retryPolicy && { retryPolicy }),
      });
    }),
  );
}

/** Removes what `ensureTopology` made, with the messages in it. Missing things are no error. */
export async function removeTopology({ client, prefix }: Pick<Topology, 'client' | 'prefix'>): Promise<void> {
  const subscriptions = [deadLetterSubscription(prefix), ...PUSHED_KINDS.map((kind) => pushSubscription(prefix, kind))];
  await Promise.all(subscriptions.map((name) => unless(NOT_FOUND, client.subscription(name).delete(), name)));
  const topics = TOPIC_KINDS.map((kind) => pubsubTopic(prefix, kind));
  await Promise.all(topics.map((name) => unless(NOT_FOUND, client.topic(name).delete(), name)));
}

/** Waits for a request; an answer of this status code is as good as success. */
async function unless(code: number, request: Promise<unknown>, name: string): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (statusCode(error) === code) return false;
    throw pubsubError(error, name);
  }
}

async function ensureTopic(client: PubSub, name: string): Promise<void> {
  await unless(ALREADY_EXISTS, client.topic(name).create(), `creating the topic ${name}`);
}

async function ensureSubscription(
  client: PubSub,
  topic: string,
  name: string,
  options: CreateSubscriptionOptions,
): Promise<void> {
  const doing = `creating the subscription ${name}`;
  const subscription = client.topic(topic).subscription(name);
  if (await unless(ALREADY_EXISTS, subscription.create({ ...options }), doing)) return;
  if (options.pushConfig == null) return;
  try {
    await subscription.modifyPushConfig({ pushEndpoint: options.pushConfig.pushEndpoint ?? '' });
  } catch (error) {
    throw pubsubError(error, `changing the subscription ${name}`);
  }
}
