/**
 * The header in front of a batch body, little-endian:
 * ```
 *  0  magic "TPLN"            4   40  minTimeUs              8
 *  4  format version          1   48  maxTimeUs              8
 *  5  codec id                1   56  count                  4
 *  6  header length           2   60  malformed              4
 *  8  sequence                8   64  body length            4   before compression
 * 16  firstNumber             8   68  stored length          4   after compression
 * 24  wireBytes               8   72  content hash           8
 * 32  sensor, session length 1+1  80  sensor, session            ASCII
 * 34  zero                    6    …  checksum               4   XXH32 of everything before it
 * ```
 * 8-byte fields are IEEE doubles that hold whole numbers. Magic and version keep their places in every version.
 */
import { PipelineError } from '../errors.ts';
import { BATCH_CAPACITY } from '../packet/columns.ts';
import { FORMAT_VERSION } from './arrow-template.ts';
import type { BatchHeader } from './batch-header.ts';
import { xxHash32 } from './content-hash.ts';

/** Header plus what only reading the body needs. */
export interface FramedHeader extends BatchHeader {
  readonly codecId: number;
  readonly headerBytes: number;
  readonly bodyBytes: number;
  readonly storedBytes: number;
}

const MAGIC = 0x4e4c_5054;
const FIXED_BYTES = 80;
const CHECKSUM_BYTES = 4;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Throws USAGE unless `name` can name a sensor or session: 1 to 64 of letters, digits, `.`, `_`, `-`. */
export function checkName(kind: 'sensor' | 'session', name: string): void {
  if (!NAME.test(name))
    throw new PipelineError('USAGE', `${kind} ${JSON.stringify(name)}: use 1 to 64 of A-Z a-z 0-9 . _ -`);
}

/** Whether the bytes claim to be a batch, by their magic. */
export function isBatch(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === MAGIC;
}

/** Header bytes of a batch of this sensor and session. */
export const headerLength = (sensor: string, session: string): number =>
  FIXED_BYTES + sensor.length + session.length + CHECKSUM_BYTES;

/** Writes the header to the front of `bytes`. Throws USAGE on names that cannot be written. */
export function writeHeader(bytes: Uint8Array, header: FramedHeader): void {
  checkName('sensor', header.sensor);
  checkName('session', header.session);
  const view = new DataView(bytes.buffer, bytes.byteOffset, header.headerBytes);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, FORMAT_VERSION);
  view.setUint8(5, header.codecId);
  view.setUint16(6, header.headerBytes, true);
  view.setFloat64(8, header.sequence, true);
  view.setFloat64(16, header.firstNumber, true);
  view.setFloat64(24, header.wireBytes, true);
  view.setUint8(32, header.sensor.length);
  view.setUint8(33, header.session.length);
  view.setFloat64(40, header.minTimeUs, true);
  view.setFloat64(48, header.maxTimeUs, true);
  view.setUint32(56, header.count, true);
  view.setUint32(60, header.malformed, true);
  view.setUint32(64, header.bodyBytes, true);
  view.setUint32(68, header.storedBytes, true);
  view.setUint32(72, Number.parseInt(header.contentHash.slice(0, 8), 16), false);
  view.setUint32(76, Number.parseInt(header.contentHash.slice(8), 16), false);
  const names = header.sensor + header.session;
  for (let index = 0; index < names.length; index++) bytes[FIXED_BYTES + index] = names.charCodeAt(index);
  const end = header.headerBytes - CHECKSUM_BYTES;
  view.setUint32(end, xxHash32(bytes.subarray(0, end)), true);
}

/** Reads and checks the header. Throws WIRE_FORMAT, WIRE_VERSION or WIRE_CORRUPT. */
export function parseHeader(bytes: Uint8Array): FramedHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 5 || view.getUint32(0, true) !== MAGIC) throw new PipelineError('WIRE_FORMAT', 'not a batch');
  const version = view.getUint8(4);
  if (version !== FORMAT_VERSION) {
    const age = version > FORMAT_VERSION ? 'newer' : 'older';
    throw new PipelineError('WIRE_VERSION', `batch format ${version} is ${age} than this build (${FORMAT_VERSION})`);
  }
  if (bytes.length < FIXED_BYTES + CHECKSUM_BYTES) throw corrupt('the header is cut short');
  const headerBytes = view.getUint16(6, true);
  const sensorEnd = FIXED_BYTES + view.getUint8(32);
  const end = sensorEnd + view.getUint8(33);
  if (headerBytes !== end + CHECKSUM_BYTES || bytes.length < headerBytes)
    throw corrupt('the header has another length');
  if (view.getUint32(end, true) !== xxHash32(bytes.subarray(0, end))) throw corrupt('the header checksum is wrong');
  const header = {
    ...fixedFields(view),
    headerBytes,
    sensor: String.fromCharCode(...bytes.subarray(FIXED_BYTES, sensorEnd)),
    session: String.fromCharCode(...bytes.subarray(sensorEnd, end)),
  };
  checkFields(header, bytes.length);
  return header;
}

function fixedFields(view: DataView): Omit<FramedHeader, 'headerBytes' | 'sensor' | 'session'> {
  return {
    codecId: view.getUint8(5),
    sequence: view.getFloat64(8, true),
    firstNumber: view.getFloat64(16, true),
    wireBytes: view.getFloat64(24, true),
    minTimeUs: view.getFloat64(40, true),
    maxTimeUs: view.getFloat64(48, true),
    count: view.getUint32(56, true),
    malformed: view.getUint32(60, true),
    bodyBytes: view.getUint32(64, true),
    storedBytes: view.getUint32(68, true),
    contentHash: hex(view.getUint32(72, false)) + hex(view.getUint32(76, false)),
  };
}

/** A checksum does not stop a forger: nothing that follows may trust more than what is checked here. */
function checkFields(header: FramedHeader, length: number): void {
  const { sequence, firstNumber, wireBytes, minTimeUs, maxTimeUs, count, malformed } = header;
  if (!NAME.test(header.sensor) || !NAME.test(header.session)) throw corrupt('a name that cannot be');
  for (const value of [sequence, firstNumber, wireBytes]) {
    if (!Number.isSafeInteger(value) || value < 0) throw corrupt('a number that cannot be');
  }
  if (!Number.isSafeInteger(minTimeUs) || !Number.isSafeInteger(maxTimeUs)) throw corrupt('a time that cannot be');
  if (count > BATCH_CAPACITY || malformed > count) throw corrupt(`${count} packets, ${malformed} malformed`);
  if (header.headerBytes + header.storedBytes !== length) throw corrupt('the batch has another length than it says');
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');

const corrupt = (what: string): PipelineError => new PipelineError('WIRE_CORRUPT', `damaged batch: ${what}`);
