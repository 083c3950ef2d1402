/** Consecutive records of a spool that are published together: batches in one request, then heartbeats in another. */
import { PipelineError } from '@tapline/core/errors';
import { decodeControlMessage, encodeControlMessage } from '@tapline/core/ledger/control-message';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { readBatchHeader } from '@tapline/core/wire/batch';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import type { SpoolRecord } from './spool.ts';

export interface SpooledBatch {
  readonly header: BatchHeader;
  readonly bytes: Uint8Array;
  /** Place among the records of the group, from 0. */
  readonly place: number;
}

export interface SpooledHeartbeat {
  readonly heartbeat: Heartbeat;
  readonly place: number;
}

export interface Group {
  readonly sensor: string;
  readonly batches: readonly SpooledBatch[];
  readonly heartbeats: readonly SpooledHeartbeat[];
  /** Records of the spool that are done when the group is. */
  readonly records: number;
}

/**
 * The first of `records` that can be published together: those of one sensor, a session's last heartbeat by itself.
 * @throws PipelineError when the first record is none that this version reads
 */
export function firstGroup(records: readonly SpoolRecord[]): Group {
  const batches: SpooledBatch[] = [];
  const heartbeats: SpooledHeartbeat[] = [];
  let sensor: string | undefined;
  let place = 0;
  for (const record of records) {
    const item = readRecord(record);
    if (place > 0 && (item.sensor !== sensor || item.final)) break;
    sensor = item.sensor;
    if (item.header === undefined) heartbeats.push({ heartbeat: item.heartbeat, place });
    else batches.push({ header: item.header, bytes: record.payload, place });
    place += 1;
    if (item.final) break;
  }
  return { sensor: sensor!, batches, heartbeats, records: place };
}

type Item =
  | { readonly sensor: string; readonly final: false; readonly header: BatchHeader }
  | { readonly sensor: string; readonly final: boolean; readonly header?: undefined; readonly heartbeat: Heartbeat };

function readRecord({ kind, payload }: SpoolRecord): Item {
  if (kind === 'batch') {
    const header = readBatchHeader(payload);
    return { sensor: header.sensor, final: false, header };
  }
  const message = decodeControlMessage(new TextDecoder().decode(payload));
  if (message.kind !== 'heartbeat')
    throw new PipelineError('WIRE_FORMAT', 'the spool holds a message that is no heartbeat');
  const { heartbeat } = message;
  return { sensor: heartbeat.sensor, final: heartbeat.final, heartbeat };
}

/** A heartbeat as it lies in a spool and on its topic. */
export function encodeHeartbeat(heartbeat: Heartbeat): Uint8Array {
  return new TextEncoder().encode(encodeControlMessage({ kind: 'heartbeat', heartbeat }));
}
