/** One partition of a log in memory, and Pub/Sub in memory, both of which can fail at a chosen operation, as in a crash. */
import { codecs } from '@tapline/adapters/codec/codecs';
import { noCodec } from '@tapline/core/wire/no-codec';
import { ByteBudget } from '@tapline/capture-agent/bridge/byte-budget';
import { MessageSender } from '@tapline/capture-agent/bridge/message-sender';
import { PartitionBridge } from '@tapline/capture-agent/bridge/partition-bridge';
import type { RawLimits } from '@tapline/capture-agent/bridge/raw-cutter';
import { allocateColumns } from '@tapline/core/packet/columns';
import type { Publisher } from '@tapline/core/ports';
import { AssignmentLost, type Assignment, type LogRecord } from '@tapline/core/record-log';
import type { PushedKind } from '@tapline/core/settings/topics';

const decoder = { codecs, columns: allocateColumns() };

export interface Published {
  readonly to: PushedKind | 'dead-letters';
  readonly payload: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

export class MemoryLine {
  readonly topic: string;
  readonly records: LogRecord[] = [];
  readonly published: Published[] = [];
  /** Every commit, oldest first. */
  readonly commits: { offset: number; note: string }[] = [];
  readonly budget = new ByteBudget(1 << 20);
  readonly failures: unknown[] = [];
  /** Operations that still succeed; then all fail, with a publish half of the time after it was done. */
  operationsLeft = Infinity;
  #limits: RawLimits | undefined;

  constructor(topic: string, limits?: RawLimits) {
    this.topic = topic;
    this.#limits = limits;
  }

  append(...values: (Uint8Array | string)[]): void {
    for (const value of values) {
      const offset = this.records.length;
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      this.records.push({ offset, arrivalMs: 1_499_348_400_000 + offset, value: Uint8Array.from(bytes) });
    }
  }

  get position(): { offset: number; note: string } {
    return this.commits.at(-1) ?? { offset: 0, note: '' };
  }

  publishedTo(to: Published['to']): Published[] {
    return this.published.filter((message) => message.to === to);
  }

  /** A reader of the partition, from what is committed. */
  open(): { bridge: PartitionBridge; take: (count: number) => Promise<void>; revoke: () => void } {
    const start = this.position;
    let revoked = false;
    const assignment: Assignment = {
      topic: this.topic,
      partition: 0,
      startOffset: start.offset,
      note: start.note,
      isRevoked: () => revoked,
      commit: async (offset, note) => {
        await Promise.resolve();
        if (revoked) throw new AssignmentLost();
        this.#operate();
        this.commits.push({ offset, note });
      },
      fail: (error) => this.failures.push(error),
    };
    const bridge = new PartitionBridge(assignment, {
      carries: this.topic.endsWith('-heartbeat') ? 'heartbeats' : 'packets',
      sender: new MessageSender(this.#publisher('packets'), this.#publisher('heartbeats'), this.#graveyard(), noCodec),
      decoder,
      budget: this.budget,
      onCarried: () => undefined,
      ...(this.#limits === undefined ? {} : { rawLimits: this.#limits }),
    });
    let next = start.offset;
    return {
      bridge,
      take: async (count) => {
        const records = this.records.slice(next, next + count);
        next += records.length;
        await bridge.take(records, this.records.length);
      },
      revoke: () => {
        revoked = true;
        bridge.drop();
      },
    };
  }

  #operate(): void {
    if (this.operationsLeft <= 0) throw new AssignmentLost();
    this.operationsLeft -= 1;
  }

  #publisher(to: Published['to']): Publisher {
    return {
      publish: async (payload, attributes = {}) => {
        await Promise.resolve();
        const last = this.operationsLeft <= 0;
        // Stored, but the process dies before it hears of it.
        if (!last || this.published.length % 2 === 0) this.published.push({ to, payload, attributes });
        this.#operate();
      },
    };
  }

  #graveyard(): ConstructorParameters<typeof MessageSender>[2] {
    const publisher = this.#publisher('dead-letters');
    return {
      put: ({ kind, payload, attributes }, problem) =>
        publisher.publish(payload, { ...attributes, origin: kind, ...problem }),
    };
  }
}
