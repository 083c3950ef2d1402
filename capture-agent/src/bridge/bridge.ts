/**
 * The bridge: Kafka to Pub/Sub, binary safe, at least once. It reads the topics of all sensors as one member of a consumer
 * group, so that several bridges share the work, and what one leaves behind another repeats.
 */
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { kafkaOptions } from '@tapline/adapters/kafka/client';
import { KafkaRecordLog } from '@tapline/adapters/kafka/consumer';
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { DeadLetters } from '@tapline/adapters/pubsub/dead-letters';
import { PubSubPublisher } from '@tapline/adapters/pubsub/publisher';
import type { Meter } from '@tapline/core/cost/meter';
import { allocateColumns } from '@tapline/core/packet/columns';
import type { Assignment, PartitionPosition, PartitionReader } from '@tapline/core/record-log';
import type { Settings } from '@tapline/core/settings/settings';
import { describeTopic, pubsubTopic } from '@tapline/core/settings/topics';
import { ByteBudget } from './byte-budget.ts';
import { MessageSender, type SenderCounts } from './message-sender.ts';
import { PartitionBridge } from './partition-bridge.ts';

/** The topics of every sensor. */
export const EVERY_SENSOR: readonly RegExp[] = [/-pcap$/, /-heartbeat$/];
/** Records in memory at most, and what a fetch brings beyond that. */
const BUDGET_BYTES = 16 * 1024 * 1024;

export interface BridgeOptions {
  readonly groupId: string;
  readonly topics?: readonly RegExp[];
  readonly fromBeginning?: boolean;
  /** How long Kafka or Pub/Sub may be away before the bridge fails, in ms. */
  readonly giveUpMs?: number;
  readonly refreshMs?: number;
  readonly sessionTimeoutMs?: number;
  /** Takes one line about something that went wrong. */
  readonly warn: (line: string) => void;
  readonly meter?: Meter;
}

export interface BridgeStats extends SenderCounts {
  /** Records whose offsets are committed, and their bytes. */
  readonly records: number;
  readonly bytes: number;
  /** Bytes of records in memory, with what they cost there. */
  readonly heldBytes: number;
  /** Partitions that this bridge has now. */
  readonly partitions: number;
}

export class Bridge {
  readonly #log: KafkaRecordLog;
  readonly #sender: MessageSender;
  readonly #budget = new ByteBudget(BUDGET_BYTES);
  readonly #decoder = { codecs, columns: allocateColumns() };
  readonly #close: () => Promise<void>;
  readonly #open = new Map<Assignment, PartitionBridge>();
  #closing = false;
  #records = 0;
  #bytes = 0;
  #activeMs = performance.now();

  /** @throws PipelineError USAGE naming a setting that is wrong */
  constructor(settings: Settings, options: BridgeOptions) {
    const { meter, topics = EVERY_SENSOR, giveUpMs = 60_000, ...rest } = options;
    const warn = (line: string): void => {
      // Connections that end because this ends are no news.
      if (!this.#closing) options.warn(line);
    };
    const kafka = { ...kafkaOptions(settings, 'tapline-bridge'), warn };
    this.#log = new KafkaRecordLog({ ...rest, kafka, topics, giveUpMs, warn });
    const client = makePubSub(settings);
    const publishing = { deadlineMs: giveUpMs, ...(meter === undefined ? {} : { meter }) };
    const prefix = settings.topicPrefix;
    const packets = new PubSubPublisher(client, pubsubTopic(prefix, 'packets'), publishing);
    const heartbeats = new PubSubPublisher(client, pubsubTopic(prefix, 'heartbeats'), publishing);
    const deadLetters = new DeadLetters(client, prefix);
    this.#sender = new MessageSender(packets, heartbeats, deadLetters, zstd);
    this.#close = async () => {
      this.#closing = true;
      await Promise.all([packets.flush(), heartbeats.flush(), deadLetters.close()]);
      await Promise.all([client.close(), this.#log.close()]);
    };
  }

  /**
   * Carries until `stop` is called; then finishes what it took, commits, and leaves the group.
   * @param beforeClosing called when all is done, or nothing can be, while the brokers still can be asked
   * @throws PipelineError STORE for what waiting did not solve: nothing is lost, the next bridge goes on
   */
  async run(beforeClosing: (failed: boolean) => Promise<void> = () => Promise.resolve()): Promise<void> {
    this.#active();
    let failed = true;
    try {
      await this.#log.run((assignment) => this.#read(assignment));
      failed = false;
    } finally {
      await beforeClosing(failed);
      await this.#close();
    }
  }

  stop(): void {
    this.#log.stop();
  }

  stats(): BridgeStats {
    return {
      records: this.#records,
      bytes: this.#bytes,
      ...this.#sender.counts,
      heldBytes: this.#budget.used,
      partitions: this.#partitions().length,
    };
  }

  /** Where the group is in every topic. Throws PipelineError STORE. */
  positions(): Promise<PartitionPosition[]> {
    return this.#log.positions();
  }

  /** How long nothing came, nothing was under way and no partition was given to this bridge, in ms. */
  idleMs(): number {
    if (this.#partitions().some(([, { busy }]) => busy)) this.#active();
    return performance.now() - this.#activeMs;
  }

  /**
   * Records that wait in Kafka for this bridge; for the whole group while this bridge has no partition.
   * @throws PipelineError STORE
   */
  async untaken(): Promise<number> {
    const positions = await this.positions();
    const mine = new Map(this.#partitions().map(([{ topic, partition }, { next }]) => [`${topic}/${partition}`, next]));
    const fallback = (committed: number, end: number): number => (mine.size === 0 ? committed : end);
    return positions
      .map(
        ({ topic, partition, committed, end }) => end - (mine.get(`${topic}/${partition}`) ?? fallback(committed, end)),
      )
      .reduce((sum, count) => sum + Math.max(0, count), 0);
  }

  #partitions(): [Assignment, PartitionBridge][] {
    for (const assignment of this.#open.keys()) if (assignment.isRevoked()) this.#open.delete(assignment);
    return [...this.#open];
  }

  #read(assignment: Assignment): PartitionReader {
    this.#active();
    const bridge = new PartitionBridge(assignment, {
      carries: describeTopic(assignment.topic)?.carries ?? 'packets',
      sender: this.#sender,
      decoder: this.#decoder,
      budget: this.#budget,
      onCarried: (records, bytes) => {
        this.#records += records;
        this.#bytes += bytes;
        this.#active();
      },
    });
    this.#open.set(assignment, bridge);
    return {
      take: (records, endOffset) => {
        this.#active();
        return bridge.take(records, endOffset);
      },
      finish: () => bridge.finish(),
      drop: () => {
        bridge.drop();
      },
    };
  }

  #active(): void {
    this.#activeMs = performance.now();
  }
}
