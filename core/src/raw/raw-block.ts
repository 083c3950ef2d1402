/**
 * Raw records on their way through Pub/Sub: what the paper's shell pipes put on a Kafka topic (lines of tcpdump text,
 * tshark JSON, whole capture files) is joined by the bridge into one self-describing message, so that parse gets a name
 * to store it under and pays per block, not per line. Little-endian:
 * ```
 *  0  magic "TPLR"            4   24  records                4
 *  4  format version          1   28  body length            4   before compression
 *  5  codec id                1   32  stored length          4   after compression
 *  6  header length           2   36  body checksum          4   XXH32 of the body before compression
 *  8  sequence                8   40  sensor, session length 1+1
 * 16  arrivalMs               8   42  sensor, session            ASCII
 *                                 …  header checksum         4   XXH32 of everything before it
 * ```
 * 8-byte fields are IEEE doubles that hold whole numbers. The body is each record as varint length and bytes.
 */
import { PipelineError } from '../errors.ts';
import type { Codec } from '../ports.ts';
import { ByteReader } from '../sketch/byte-reader.ts';
import { ByteWriter } from '../sketch/byte-writer.ts';
import { xxHash32 } from '../wire/content-hash.ts';
import { checkName } from '../wire/header-codec.ts';

export interface RawBlock {
  readonly sensor: string;
  readonly session: string;
  /** Kafka offset of the first record, so that names never repeat; unlike a batch's it leaves holes. */
  readonly sequence: number;
  /** When the first record arrived at the broker (Kafka's time), in ms since 1970; -1 when the broker does not say. */
  readonly arrivalMs: number;
  /** At least one. */
  readonly records: readonly Uint8Array[];
}

/** Bytes of a block's body at most: what one oversized record may take. Blocks of several records stay far below. */
export const RAW_BODY_BYTES_MAX = 8_400_000;
export const RAW_RECORDS_MAX = 65_536;

const MAGIC = 0x524c_5054;
const VERSION = 1;
const FIXED_BYTES = 42;
const CHECKSUM_BYTES = 4;

/**
 * The block as bytes.
 * @throws PipelineError USAGE when sensor or session is no name, or there is no record, or more than the maxima above
 */
export function encodeRawBlock(block: RawBlock, codec: Codec): Uint8Array {
  const { sensor, session, sequence, arrivalMs, records } = block;
  checkName('sensor', sensor);
  checkName('session', session);
  const body = encodeBody(records);
  const stored = codec.compress(body);
  const end = FIXED_BYTES + sensor.length + session.length;
  const bytes = new Uint8Array(end + CHECKSUM_BYTES + stored.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, VERSION);
  view.setUint8(5, codec.id);
  view.setUint16(6, end + CHECKSUM_BYTES, true);
  view.setFloat64(8, sequence, true);
  view.setFloat64(16, arrivalMs, true);
  view.setUint32(24, records.length, true);
  view.setUint32(28, body.length, true);
  view.setUint32(32, stored.length, true);
  view.setUint32(36, xxHash32(body), true);
  view.setUint8(40, sensor.length);
  view.setUint8(41, session.length);
  const names = sensor + session;
  for (let index = 0; index < names.length; index++) bytes[FIXED_BYTES + index] = names.charCodeAt(index);
  view.setUint32(end, xxHash32(bytes.subarray(0, end)), true);
  bytes.set(stored, end + CHECKSUM_BYTES);
  return bytes;
}

function encodeBody(records: readonly Uint8Array[]): Uint8Array {
  if (records.length === 0 || records.length > RAW_RECORDS_MAX) {
    throw new PipelineError('USAGE', `a raw block of ${records.length} records: use 1 to ${RAW_RECORDS_MAX}`);
  }
  const body = new ByteWriter(records.reduce((sum, record) => sum + record.length + 4, 0));
  for (const record of records) {
    body.varint(record.length);
    body.raw(record);
  }
  if (body.length > RAW_BODY_BYTES_MAX) {
    throw new PipelineError('USAGE', `a raw block of ${body.length} bytes: at most ${RAW_BODY_BYTES_MAX}`);
  }
  return body.finish();
}

/** Whether the bytes claim to be a raw block, by their magic. */
export function isRawBlock(bytes: Uint8Array): boolean {
  return bytes.length >= 5 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === MAGIC;
}

/**
 * Reads one whole block; its records are views of `bytes` or of memory of their own.
 * @throws PipelineError WIRE_FORMAT (no raw block), WIRE_VERSION (another version, an unknown codec) or WIRE_CORRUPT
 */
export function decodeRawBlock(bytes: Uint8Array, codecs: readonly Codec[]): RawBlock {
  const header = readHeader(bytes);
  const codec = codecs.find(({ id }) => id === header.codecId);
  if (codec === undefined) throw new PipelineError('WIRE_VERSION', `this build has no codec ${header.codecId}`);
  const body = codec.decompress(bytes.subarray(header.headerBytes), header.bodyBytes);
  if (body.length !== header.bodyBytes) throw corrupt('the body has another length');
  if (xxHash32(body) !== header.bodyHash) throw corrupt('the checksum is wrong');
  const reader = new ByteReader(body);
  const records: Uint8Array[] = [];
  for (let index = 0; index < header.count; index++) {
    records.push(reader.raw(reader.bounded(reader.remaining, 'bytes in a record')));
  }
  reader.end();
  const { sensor, session, sequence, arrivalMs } = header;
  return { sensor, session, sequence, arrivalMs, records };
}

interface RawHeader extends Omit<RawBlock, 'records'> {
  readonly codecId: number;
  readonly headerBytes: number;
  readonly bodyBytes: number;
  readonly bodyHash: number;
  readonly count: number;
}

/** A checksum does not stop a forger: nothing that follows may trust more than what is checked here. */
function readHeader(bytes: Uint8Array): RawHeader {
  if (!isRawBlock(bytes)) throw new PipelineError('WIRE_FORMAT', 'not a raw block');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(4);
  if (version !== VERSION) {
    throw new PipelineError('WIRE_VERSION', `a raw block of version ${version}, this build reads ${VERSION}`);
  }
  if (bytes.length < FIXED_BYTES + CHECKSUM_BYTES) throw corrupt('the header is cut short');
  const headerBytes = view.getUint16(6, true);
  const sensorEnd = FIXED_BYTES + view.getUint8(40);
  const end = sensorEnd + view.getUint8(41);
  if (headerBytes !== end + CHECKSUM_BYTES || bytes.length < headerBytes) {
    throw corrupt('the header has another length');
  }
  if (view.getUint32(end, true) !== xxHash32(bytes.subarray(0, end))) throw corrupt('the header checksum is wrong');
  if (headerBytes + view.getUint32(32, true) !== bytes.length) throw corrupt('it has another length than it says');
  const header = {
    sensor: String.fromCharCode(...bytes.subarray(FIXED_BYTES, sensorEnd)),
    session: String.fromCharCode(...bytes.subarray(sensorEnd, end)),
    sequence: view.getFloat64(8, true),
    arrivalMs: view.getFloat64(16, true),
    codecId: view.getUint8(5),
    headerBytes,
    bodyBytes: view.getUint32(28, true),
    bodyHash: view.getUint32(36, true),
    count: view.getUint32(24, true),
  };
  checkHeader(header);
  return header;
}

function checkHeader({ sensor, session, sequence, arrivalMs, bodyBytes, count }: RawHeader): void {
  try {
    checkName('sensor', sensor);
    checkName('session', session);
  } catch (cause) {
    throw new PipelineError('WIRE_CORRUPT', 'damaged raw block: a name that cannot be', { cause });
  }
  if (!Number.isSafeInteger(sequence) || sequence < 0) throw corrupt('a sequence that cannot be');
  if (!Number.isSafeInteger(arrivalMs) || arrivalMs < -1) throw corrupt('an arrival time that cannot be');
  if (count < 1 || count > RAW_RECORDS_MAX) throw corrupt(`${count} records`);
  if (bodyBytes < count || bodyBytes > RAW_BODY_BYTES_MAX) throw corrupt(`a body of ${bodyBytes} bytes`);
}

const corrupt = (what: string): PipelineError => new PipelineError('WIRE_CORRUPT', `damaged raw block: ${what}`);
