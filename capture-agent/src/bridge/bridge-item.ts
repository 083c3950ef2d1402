/** What a record of a Kafka topic is, and what the bridge has to do with it. */
import { PipelineError } from '@tapline/core/errors';
import { countMinutes, minutesOfHeader } from '@tapline/core/ledger/batch-minutes';
import { decodeControlMessage } from '@tapline/core/ledger/control-message';
import type { PacketColumns } from '@tapline/core/packet/columns';
import type { Codec, HopEntry } from '@tapline/core/ports';
import type { LogRecord } from '@tapline/core/record-log';
import { RAW_BODY_BYTES_MAX } from '@tapline/core/raw/raw-block';
import type { PushedKind } from '@tapline/core/settings/topics';
import { decodeBatch, readBatchHeader } from '@tapline/core/wire/batch';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import { isBatch } from '@tapline/core/wire/header-codec';
import { PAYLOAD_BYTES_MAX } from '@tapline/adapters/pubsub/publisher';
import type { CutBlock } from './raw-cutter.ts';

export type BridgeItem = BatchItem | ControlItem | PoisonItem | RawItem;

interface BatchItem {
  readonly kind: 'batch';
  readonly record: LogRecord;
  readonly header: BatchHeader;
  readonly minutes: HopEntry['minutes'];
}

interface ControlItem {
  readonly kind: 'control';
  readonly record: LogRecord;
}

/** What no retry can help: it goes to the dead letters. */
interface PoisonItem {
  readonly kind: 'poison';
  readonly record: LogRecord;
  readonly to: PushedKind;
  readonly code: string;
  readonly reason: string;
}

interface RawItem {
  readonly kind: 'raw';
  readonly block: CutBlock;
}

/** A raw record may be this large: its length takes a few bytes of the block's body too. */
const RAW_RECORD_BYTES_MAX = RAW_BODY_BYTES_MAX - 8;

export interface Decoder {
  readonly codecs: readonly Codec[];
  /** Overwritten by every batch that must be decoded. */
  readonly columns: PacketColumns;
}

/** A record of a packet topic; undefined for a raw record, which others are joined to. */
export function readPacketRecord(record: LogRecord, decoder: Decoder): BridgeItem | undefined {
  const { value } = record;
  const poison = (code: string, reason: string): BridgeItem => ({
    kind: 'poison',
    to: 'packets',
    record,
    code,
    reason,
  });
  if (!isBatch(value)) {
    if (value.length <= RAW_RECORD_BYTES_MAX) return undefined;
    return poison('OVERSIZE', `a raw record of ${value.length} bytes, at most ${RAW_RECORD_BYTES_MAX} can be sent on`);
  }
  if (value.length > PAYLOAD_BYTES_MAX) {
    return poison('OVERSIZE', `a batch of ${value.length} bytes, at most ${PAYLOAD_BYTES_MAX} can be sent on`);
  }
  try {
    const header = readBatchHeader(value);
    return { kind: 'batch', record, header, minutes: minutesOfHeader(header) ?? minutesOfRows(value, decoder) };
  } catch (error) {
    if (error instanceof PipelineError) return poison(error.code, error.message);
    throw error;
  }
}

function minutesOfRows(value: Uint8Array, { codecs, columns }: Decoder): HopEntry['minutes'] {
  decodeBatch(value, codecs, columns);
  return countMinutes(columns);
}

/** A record of a heartbeat topic. */
export function readControlRecord(record: LogRecord): BridgeItem {
  const { value } = record;
  try {
    if (value.length > PAYLOAD_BYTES_MAX) {
      throw new PipelineError('WIRE_FORMAT', `${value.length} bytes, at most ${PAYLOAD_BYTES_MAX} can be sent on`);
    }
    decodeControlMessage(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
    return { kind: 'control', record };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { kind: 'poison', to: 'heartbeats', record, code: error.code, reason: error.message };
  }
}

/** Offset after an item. */
export function endOf(item: BridgeItem): number {
  return item.kind === 'raw' ? item.block.end : item.record.offset + 1;
}
