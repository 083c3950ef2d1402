/** Publishes what a round of the bridge consists of, and counts it. */
import type { Codec, Publisher } from '@tapline/core/ports';
import type { LogPartition } from '@tapline/core/record-log';
import { encodeRawBlock } from '@tapline/core/raw/raw-block';
import { describeTopic, type PushedKind } from '@tapline/core/settings/topics';
import { batchId } from '@tapline/core/wire/batch-header';
import { checkName } from '@tapline/core/wire/header-codec';
import type { BridgeItem } from './bridge-item.ts';
import type { CutBlock } from './raw-cutter.ts';
import { receiptMessages } from './receipts.ts';

/** Where messages go that nobody can use. */
export interface Graveyard {
  put(
    message: { kind: PushedKind; payload: Uint8Array; attributes: Readonly<Record<string, string>> },
    problem: { code: string; reason: string },
  ): Promise<void>;
}

export interface SenderCounts {
  batches: number;
  rawBlocks: number;
  heartbeats: number;
  receipts: number;
  deadLetters: number;
  publishedBytes: number;
}

export class MessageSender {
  readonly #packets: Publisher;
  readonly #heartbeats: Publisher;
  readonly #graveyard: Graveyard;
  readonly #codec: Codec;
  readonly counts: SenderCounts = {
    batches: 0,
    rawBlocks: 0,
    heartbeats: 0,
    receipts: 0,
    deadLetters: 0,
    publishedBytes: 0,
  };

  /** @param codec for the bodies of raw blocks; what is a batch already is sent as it is */
  constructor(packets: Publisher, heartbeats: Publisher, graveyard: Graveyard, codec: Codec) {
    this.#packets = packets;
    this.#heartbeats = heartbeats;
    this.#graveyard = graveyard;
    this.#codec = codec;
  }

  /**
   * Publishes all items side by side, then the receipts of the batches. Resolves when everything is acknowledged.
   * @throws PipelineError STORE
   */
  async send(source: LogPartition, items: readonly BridgeItem[]): Promise<void> {
    await Promise.all(items.map((item) => this.#sendOne(source, item)));
    await Promise.all(
      receiptMessages(items).map(async (receipt) => {
        await this.#publish(this.#heartbeats, receipt, {});
        this.counts.receipts += 1;
      }),
    );
  }

  async #sendOne(source: LogPartition, item: BridgeItem): Promise<void> {
    switch (item.kind) {
      case 'batch': {
        const { header, record } = item;
        const eventTime = String(Math.floor(header.minTimeUs / 1_000));
        await this.#publish(this.#packets, record.value, { batchId: batchId(header), eventTime });
        this.counts.batches += 1;
        return;
      }
      case 'control':
        await this.#publish(this.#heartbeats, item.record.value, {});
        this.counts.heartbeats += 1;
        return;
      case 'raw':
        await this.#sendBlock(source, item.block);
        return;
      case 'poison': {
        const { record, to, code, reason } = item;
        await this.#bury(source, record.offset, record.value, to, { code, reason });
      }
    }
  }

  async #sendBlock(source: LogPartition, { records, start }: CutBlock): Promise<void> {
    const { topic, partition } = source;
    const sensor = describeTopic(topic)?.sensor ?? topic;
    const { arrivalMs } = records[0]!;
    const names = { sensor, session: rawSession(partition, arrivalMs), sequence: start };
    const values = records.map(({ value }) => value);
    try {
      checkName('sensor', sensor);
    } catch (error) {
      const reason = `raw records under a topic whose name cannot name a sensor: ${(error as Error).message}`;
      await this.#bury(source, start, Buffer.concat(values), 'packets', { code: 'USAGE', reason });
      return;
    }
    const bytes = encodeRawBlock({ ...names, arrivalMs, records: values }, this.#codec);
    const eventTime = arrivalMs < 0 ? {} : { eventTime: String(arrivalMs) };
    await this.#publish(this.#packets, bytes, { batchId: batchId(names), ...eventTime });
    this.counts.rawBlocks += 1;
  }

  async #bury(
    { topic, partition }: LogPartition,
    offset: number,
    payload: Uint8Array,
    kind: PushedKind,
    problem: { code: string; reason: string },
  ): Promise<void> {
    const attributes = { kafkaTopic: topic, kafkaPartition: String(partition), kafkaOffset: String(offset) };
    await this.#graveyard.put({ kind, payload, attributes }, problem);
    this.counts.deadLetters += 1;
  }

  async #publish(publisher: Publisher, payload: Uint8Array, attributes: Record<string, string>): Promise<void> {
    await publisher.publish(payload, attributes);
    this.counts.publishedBytes += payload.length;
  }
}

/**
 * A session per partition and day of arrival (UTC), so that none grows without end and a topic that is made anew another
 * day does not write over what the old one left.
 */
function rawSession(partition: number, arrivalMs: number): string {
  const day = arrivalMs < 0 ? 'undated' : new Date(arrivalMs).toISOString().slice(0, 10).replaceAll('-', '');
  return `raw-${partition}-${day}`;
}
