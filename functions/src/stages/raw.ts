/**
 * What is no batch yet, into batches: raw blocks of the bridge, and bare captures or text that came over another bridge.
 * The same payload always gives the same batches under the same names, so a redelivery writes over itself.
 */
import { PipelineError } from '@tapline/core/errors';
import { allocateColumns, type PacketColumns } from '@tapline/core/packet/columns';
import type { Codec } from '@tapline/core/ports';
import { decodeRawBlock, isRawBlock, type RawBlock } from '@tapline/core/raw/raw-block';
import { rawRows } from '@tapline/core/raw/raw-rows';
import { encodeBatch } from '@tapline/core/wire/batch';
import { xxHash32 } from '@tapline/core/wire/content-hash';

/** Bytes of a payload that no bridge made, at most: more than Pub/Sub carries. */
const BARE_BYTES_MAX = 16_777_216;
const SESSION_SEED = 0x5e55;

export interface RawDeps {
  /** Codecs of raw blocks. */
  readonly codecs: readonly Codec[];
  /** Codec of the batches that are made. */
  readonly codec: Codec;
  /** Name of the sensor of payloads that do not say one. */
  readonly sensor: string;
  /** When the message was published, microseconds since 1970: where a payload does not say when it arrived. */
  readonly publishedUs: number;
}

let scratch: PacketColumns | undefined;

/**
 * Batches of at most BATCH_CAPACITY packets, in order; sequence is the number of a batch's first packet, less one.
 * A payload that no bridge named belongs to the session `raw-<hex>` and has its numbers from a hash of its bytes: two
 * different payloads meet with a chance of one in 2^40.
 * @param bytes a raw block, or a whole capture, tcpdump text or tshark output
 * @throws PipelineError WIRE_* or CAPTURE_* when no packet can be made of it, saying what it looks like
 */
export function batchesOfRaw(bytes: Uint8Array, deps: RawDeps): Uint8Array[] {
  const block = isRawBlock(bytes) ? decodeRawBlock(bytes, deps.codecs) : bareBlock(bytes, deps.sensor);
  const arrivalMs = block.arrivalMs < 0 ? Math.floor(deps.publishedUs / 1000) : block.arrivalMs;
  const batches: Uint8Array[] = [];
  const { sensor, session } = block;
  const rows = rawRows({ ...block, arrivalMs }, (scratch ??= allocateColumns()), (columns) => {
    const meta = { sensor, session, sequence: columns.firstNumber - 1 };
    batches.push(encodeBatch(columns, meta, deps.codec).bytes);
  });
  if (rows === 0) throw new PipelineError('WIRE_FORMAT', 'no packet in it');
  return batches;
}

/** The payload as one record of a block whose name comes from its content. */
function bareBlock(bytes: Uint8Array, sensor: string): RawBlock {
  if (bytes.length > BARE_BYTES_MAX) {
    throw new PipelineError('WIRE_FORMAT', `${bytes.length} bytes that are no batch: at most ${BARE_BYTES_MAX}`);
  }
  const session = `raw-${(xxHash32(bytes, SESSION_SEED) >>> 24).toString(16).padStart(2, '0')}`;
  return { sensor, session, sequence: xxHash32(bytes), arrivalMs: -1, records: [bytes] };
}
