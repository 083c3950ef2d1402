/** Names of the Kafka topics of a sensor and of the Pub/Sub topics of a deployment. */

/** What flows between the parts on Pub/Sub, one topic each. */
export const TOPIC_KINDS = ['packets', 'heartbeats', 'windows', 'dead-letters'] as const;
export type TopicKind = (typeof TOPIC_KINDS)[number];
/** The topics whose messages are pushed to a function, and to which a dead letter can be sent again. */
export const PUSHED_KINDS = ['packets', 'heartbeats', 'windows'] as const;
export type PushedKind = (typeof PUSHED_KINDS)[number];

/** `tapline-packets` */
export function pubsubTopic(prefix: string, kind: TopicKind): string {
  return `${prefix}-${kind}`;
}

/** Subscription that pushes a topic to its function: `tapline-packets-push`. */
export function pushSubscription(prefix: string, kind: PushedKind): string {
  return `${pubsubTopic(prefix, kind)}-push`;
}

/** Subscription from which people take dead letters: `tapline-dead-letters-pull`. */
export function deadLetterSubscription(prefix: string): string {
  return `${pubsubTopic(prefix, 'dead-letters')}-pull`;
}

/** Kafka topic of a sensor's batches, e.g. `instance-1-pcap`. */
export function packetTopic(sensor: string): string {
  return `${sensor}-pcap`;
}

/** Kafka topic of a sensor's heartbeats, e.g. `instance-1-heartbeat`. */
export function heartbeatTopic(sensor: string): string {
  return `${sensor}-heartbeat`;
}

/** What a Kafka topic carries and of which sensor; undefined for topics that are not ours. */
export function describeTopic(topic: string): { sensor: string; carries: 'packets' | 'heartbeats' } | undefined {
  const match = /^(.+)-(pcap|heartbeat)$/.exec(topic);
  if (match === null) return undefined;
  return { sensor: match[1]!, carries: match[2] === 'pcap' ? 'packets' : 'heartbeats' };
}
