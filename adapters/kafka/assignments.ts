/**
 * The partitions that this member of a consumer group has at present. Everything is revoked the moment the member goes
 * to join again, before it can learn its new generation: a commit that was meant for the old one is then refused here,
 * where it would otherwise pass as one of the new.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { PartitionAssigner } from 'kafkajs';
import type { Assignment, LogPartition, PartitionReader } from '@tapline/core/record-log';
import { AssignmentLost } from '@tapline/core/record-log';
import { kafkaError } from './kafka-error.ts';

export type CommitRequest = LogPartition & { readonly offset: number; readonly note: string };
/** Sends one commit with the generation of the member at this moment. */
export type SendCommit = (request: CommitRequest) => Promise<void>;

/** Answers to a commit that mean the partition is another's, or soon will be. */
const LOST = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID'];
const RETRY_MS = 250;

/** A partition that is read: the reader, and where its next record is. */
export class OpenPartition implements Assignment {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly note: string;
  readonly fail: (error: unknown) => void;
  #revoked = false;
  readonly #send: SendCommit;
  readonly #commitDeadlineMs: number;
  reader: PartitionReader | undefined;
  /** Offset of the next record for the reader. */
  next: number;
  /** Whether another reader would start from the same offset as this one did. */
  anchored = true;

  constructor(
    { topic, partition }: LogPartition,
    start: { readonly offset: number; readonly note: string },
    send: SendCommit,
    commitDeadlineMs: number,
    fail: (error: unknown) => void,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.startOffset = start.offset;
    this.next = start.offset;
    this.note = start.note;
    this.#send = send;
    this.#commitDeadlineMs = commitDeadlineMs;
    this.fail = fail;
  }

  isRevoked(): boolean {
    return this.#revoked;
  }

  revoke(): void {
    this.#revoked = true;
    this.reader?.drop();
  }

  async commit(offset: number, note: string): Promise<void> {
    const { topic, partition } = this;
    const deadlineMs = performance.now() + this.#commitDeadlineMs;
    for (;;) {
      // Checked and sent in one go: no new generation can begin in between.
      if (this.isRevoked()) throw new AssignmentLost();
      try {
        await this.#send({ topic, partition, offset, note });
        return;
      } catch (cause) {
        const type = (cause as { type?: unknown }).type;
        if (this.isRevoked() || (typeof type === 'string' && LOST.includes(type))) throw new AssignmentLost();
        const error = kafkaError(cause, `committing offset ${offset} of ${topic}`);
        if (!error.retriable || performance.now() > deadlineMs) throw error;
        await sleep(RETRY_MS);
      }
    }
  }
}

/** Kafka's round robin, telling when a member sets out to join. */
export function assignerTelling(onJoining: () => void): PartitionAssigner {
  return (config) => {
    const assigner = kafkajs.PartitionAssigners.roundRobin(config);
    return {
      ...assigner,
      protocol(subscription) {
        onJoining();
        return assigner.protocol(subscription);
      },
    };
  };
}
