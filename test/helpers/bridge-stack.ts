/**
 * A bridge between topics of its own on the shared Kafka and a project of its own in the Pub/Sub emulator: a test sends
 * records in at one end, and receives at the other what any number of bridge processes published.
 */
import { randomBytes } from 'node:crypto';
import library from '@google-cloud/pubsub';
import type { PubSub } from '@google-cloud/pubsub';
import kafkajs, { type Admin, type Kafka, type Producer } from 'kafkajs';
import { makeKafka } from '@tapline/adapters/kafka/client';
import { GroupOffsets } from '@tapline/adapters/kafka/group-offsets';
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { ensureTopology, removeTopology } from '@tapline/adapters/pubsub/topology';
import { SETTINGS, type Settings } from '@tapline/core/settings/settings';
import { pubsubTopic, type TopicKind } from '@tapline/core/settings/topics';
import { startTapline, type Started } from './tapline.ts';
import { until } from './until.ts';

type SubscriberOptions = ConstructorParameters<typeof library.v1.SubscriberClient>[0];

export const PREFIX = 'tapline';

export interface Received {
  readonly payload: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

export class BridgeStack {
  readonly run = `bridge-${randomBytes(4).toString('hex')}`;
  readonly settings: Settings;
  readonly client: PubSub;
  #offsets: GroupOffsets;
  #admin: Admin;
  #producer: Producer;
  readonly #children: Started[] = [];
  readonly #made = new Set<string>();
  #subscriber: InstanceType<typeof library.v1.SubscriberClient> | undefined;

  private constructor(services: Settings) {
    this.settings = { ...services, project: this.run, topicPrefix: PREFIX };
    this.client = makePubSub(this.settings);
    this.#offsets = new GroupOffsets(() => this.#kafka().admin(), this.run);
    this.#admin = this.#kafka().admin();
    this.#producer = this.#kafka().producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  }

  #kafka(): Kafka {
    return makeKafka({ brokers: this.settings.kafkaBrokers.split(','), clientId: 'tapline-test' });
  }

  static async start(services: Settings): Promise<BridgeStack> {
    const stack = new BridgeStack(services);
    await ensureTopology({ client: stack.client, prefix: PREFIX });
    for (const kind of ['packets', 'heartbeats'] as const) {
      await stack.client.topic(pubsubTopic(PREFIX, kind)).createSubscription(`test-${kind}`);
    }
    await Promise.all([stack.#admin.connect(), stack.#producer.connect()]);
    return stack;
  }

  /** Makes a topic `<run>-<name>` and returns its whole name. */
  async topic(name: string, numPartitions = 1, maxMessageBytes = 1_048_588): Promise<string> {
    const topic = `${this.run}-${name}`;
    const configEntries = [{ name: 'max.message.bytes', value: String(maxMessageBytes) }];
    await this.#admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions, configEntries }] });
    this.#made.add(topic);
    await until(`${topic} has a leader`, async () => {
      const bounds = await this.#offsets.bounds(topic).catch(() => undefined);
      return bounds?.size === numPartitions;
    });
    return topic;
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] });
    await until(`${topic} is gone`, async () => !(await this.#admin.listTopics()).includes(topic));
    // Clients ask for every topic they ever heard of, and are answered with an error from now on.
    await Promise.all([this.#admin.disconnect(), this.#producer.disconnect(), this.#offsets.close()]);
    this.#offsets = new GroupOffsets(() => this.#kafka().admin(), this.run);
    this.#admin = this.#kafka().admin();
    this.#producer = this.#kafka().producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await Promise.all([this.#admin.connect(), this.#producer.connect()]);
  }

  /** Sends records, in order, in requests of a size that brokers take. */
  async send(topic: string, values: readonly (Uint8Array | string)[], partition = 0): Promise<void> {
    let messages: { value: Buffer; partition: number }[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (messages.length > 0) await this.#producer.send({ topic, messages, acks: -1 });
      messages = [];
      bytes = 0;
    };
    for (const value of values) {
      if (bytes + value.length > 800_000) await flush();
      messages.push({ value: Buffer.from(value), partition });
      bytes += value.length + 100;
    }
    await flush();
  }

  /** Starts `tapline bridge` on all topics of this run, unless `args` say otherwise. */
  bridge(args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): Started {
    const own = [`--topics=${this.run}-*`, `--group=${this.run}`, '--member-timeout=6s', '--json'];
    return this.tapline(['bridge', ...own, ...args], environment);
  }

  /** Starts a command with the settings of this stack. */
  tapline(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Started {
    const { project, pubsubEmulator, kafkaBrokers } = this.settings;
    const started = startTapline(args, undefined, {
      [SETTINGS.project.name]: project,
      [SETTINGS.pubsubEmulator.name]: pubsubEmulator!,
      [SETTINGS.kafkaBrokers.name]: kafkaBrokers,
      [SETTINGS.topicPrefix.name]: PREFIX,
      ...environment,
    });
    this.#children.push(started);
    return started;
  }

  /** Runs a bridge until everything in Kafka has gone through; returns what it printed. */
  async carryAll(): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await this.bridge(['--exit-when-idle=1500ms']).finished;
    if (code !== 0) throw new Error(`tapline bridge: ${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** Takes all messages of a topic that have arrived by now. */
  async receive(kind: Exclude<TopicKind, 'windows' | 'dead-letters'>): Promise<Received[]> {
    this.#subscriber ??= new library.v1.SubscriberClient((await this.client.getClientConfig()) as SubscriberOptions);
    const subscription = `projects/${this.settings.project}/subscriptions/test-${kind}`;
    const received: Received[] = [];
    for (;;) {
      const [{ receivedMessages }] = await this.#subscriber.pull({
        subscription,
        maxMessages: 1_000,
        returnImmediately: true,
      });
      if (receivedMessages == null || receivedMessages.length === 0) return received;
      for (const { message } of receivedMessages) {
        received.push({ payload: Uint8Array.from(message?.data as Uint8Array), attributes: message?.attributes ?? {} });
      }
      await this.#subscriber.acknowledge({ subscription, ackIds: receivedMessages.map(({ ackId }) => ackId ?? '') });
    }
  }

  /** What the group committed for a partition; undefined when nothing. */
  async committed(topic: string, partition = 0): Promise<number | undefined> {
    const offsets = await this.#offsets.committed([topic]);
    return offsets.get(topic)?.get(partition)?.offset;
  }

  /** Waits until the group has committed everything up to `offset`. */
  async untilCommitted(topic: string, offset: number, partition = 0, deadlineMs = 60_000): Promise<void> {
    await until(
      `${topic}/${partition} is committed to ${offset}`,
      async () => ((await this.committed(topic, partition)) ?? 0) >= offset,
      deadlineMs,
    );
  }

  /** The partitions of each member of the group, as `topic/partition`. */
  async members(): Promise<string[][]> {
    const { groups } = await this.#admin.describeGroups([this.run]);
    return groups[0]!.members.map(({ memberAssignment }) => {
      const decoded =
        memberAssignment.length === 0 ? null : kafkajs.AssignerProtocol.MemberAssignment.decode(memberAssignment);
      return Object.entries(decoded?.assignment ?? {}).flatMap(([topic, partitions]) =>
        partitions.map((partition) => `${topic}/${partition}`),
      );
    });
  }

  /** Ends what is still running, and removes what was made. */
  async close(): Promise<void> {
    for (const { child, finished } of this.#children) {
      child.kill('SIGKILL');
      await finished;
    }
    await removeTopology({ client: this.client, prefix: PREFIX });
    for (const kind of ['packets', 'heartbeats']) {
      await this.client.subscription(`test-${kind}`).delete();
    }
    await this.#subscriber?.close();
    await this.client.close();
    if (this.#made.size > 0) {
      const there = await this.#admin.listTopics();
      await this.#admin.deleteTopics({ topics: [...this.#made].filter((topic) => there.includes(topic)) });
    }
    await Promise.all([this.#admin.disconnect(), this.#producer.disconnect(), this.#offsets.close()]);
  }
}
