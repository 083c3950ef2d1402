/** The topics that functions publish to. */
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { DeadLetters } from '@tapline/adapters/pubsub/dead-letters';
import { PubSubPublisher } from '@tapline/adapters/pubsub/publisher';
import type { Publisher } from '@tapline/core/ports';
import type { Settings } from '@tapline/core/settings/settings';
import { pubsubTopic } from '@tapline/core/settings/topics';
import { closeAtEnd } from './lifecycle.ts';
import { meter } from './meter.ts';

/** Less than the time that a push may take, so that Pub/Sub hears of a failure from us. */
const DEADLINE_MS = 20_000;

/** The topic that names windows to score. */
export function openWindowTopic(settings: Settings): Publisher {
  const client = makePubSub(settings);
  const topic = pubsubTopic(settings.topicPrefix, 'windows');
  closeAtEnd(() => client.close());
  return new PubSubPublisher(client, topic, { deadlineMs: DEADLINE_MS, meter });
}

export function openDeadLetters(settings: Settings): DeadLetters {
  const client = makePubSub(settings);
  const letters = new DeadLetters(client, settings.topicPrefix);
  closeAtEnd(async () => {
    await letters.close();
    await client.close();
  });
  return letters;
}
