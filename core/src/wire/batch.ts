/**
 * A batch of packets as bytes and back: header (header-codec.ts), then the Arrow stream of the coded columns
 * (arrow-template.ts), compressed as a whole. The content hash covers the uncompressed stream, so it is the same
 * however a batch was compressed on its way.
 */
import { PipelineError } from '../errors.ts';
import { QUALITY_MALFORMED } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import type { Codec } from '../ports.ts';
import { STREAM_BYTES_MAX, StreamReader, StreamWriter } from './arrow-template.ts';
import type { BatchHeader } from './batch-header.ts';
import { createCodingScratch } from './coding.ts';
import type { CodingScratch } from './coding.ts';
import { contentHash } from './content-hash.ts';
import { decodeColumns } from './decode-columns.ts';
import { encodeColumns } from './encode-columns.ts';
import { headerLength, parseHeader, writeHeader } from './header-codec.ts';
import type { FramedHeader } from './header-codec.ts';

/** No batch is larger than this on the wire: what every broker on the way takes as one message. */
export const BATCH_BYTES_MAX = 1_000_000;

export interface BatchMeta {
  readonly sensor: string;
  readonly session: string;
  readonly sequence: number;
}

/**
 * Working memory for encoding or decoding batches (about 1 MB). Whoever needs the flow index of a batch after coding it
 * passes a scratch of its own; everybody else shares one.
 */
export interface BatchScratch extends CodingScratch {
  readonly writer: StreamWriter;
}

export const createBatchScratch = (): BatchScratch => ({ ...createCodingScratch(), writer: new StreamWriter() });

let sharedScratch: BatchScratch | undefined;
const shared = (): BatchScratch => (sharedScratch ??= createBatchScratch());

/**
 * The first `columns.count` rows as one batch. The bytes are the caller's to keep; `scratch.index` is the batch's flow
 * index until the scratch is used again. Throws USAGE when sensor or session is not a name (see checkName).
 */
export function encodeBatch(
  columns: PacketColumns,
  meta: BatchMeta,
  codec: Codec,
  scratch: BatchScratch = shared(),
): { header: BatchHeader; bytes: Uint8Array } {
  scratch.writer.begin(columns.count);
  encodeColumns(columns, scratch, scratch.writer);
  const body = scratch.writer.finish();
  const stored = codec.compress(body);
  const { sensor, session, sequence } = meta;
  const { firstNumber } = columns;
  const header = { sensor, session, sequence, firstNumber, ...summary(columns), contentHash: contentHash(body) };
  const headerBytes = headerLength(sensor, session);
  const bytes = new Uint8Array(headerBytes + stored.length);
  const framing = { codecId: codec.id, headerBytes, bodyBytes: body.length, storedBytes: stored.length };
  writeHeader(bytes, { ...header, ...framing });
  bytes.set(stored, headerBytes);
  return { header, bytes };
}

/**
 * Decodes one whole batch into `into` (rows beyond the batch's count keep what they had); `scratch.index` is its flow
 * index until the scratch is used again. Throws WIRE_FORMAT (not a batch), WIRE_VERSION (another format version or an
 * unknown codec) or WIRE_CORRUPT; what `into` holds is then not to be used.
 */
export function decodeBatch(
  bytes: Uint8Array,
  codecs: readonly Codec[],
  into: PacketColumns,
  scratch: CodingScratch = shared(),
): BatchHeader {
  const framed = parseHeader(bytes);
  const body = decompress(bytes, framed, codecs);
  if (body.length !== framed.bodyBytes) throw corrupt('the body has another length');
  if (contentHash(body) !== framed.contentHash) throw corrupt('the content hash is wrong');
  const reader = new StreamReader(body);
  if (reader.rows !== framed.count) throw corrupt('header and body disagree');
  into.firstNumber = framed.firstNumber;
  decodeColumns(reader, into, scratch);
  const header = publicHeader(framed);
  const rows = summary(into);
  for (const name of ['wireBytes', 'malformed', 'minTimeUs', 'maxTimeUs'] as const) {
    if (rows[name] !== header[name]) throw corrupt(`header and rows disagree about ${name}`);
  }
  return header;
}

/** The header alone, without touching the body. Throws WIRE_FORMAT, WIRE_VERSION or WIRE_CORRUPT. */
export function readBatchHeader(bytes: Uint8Array): BatchHeader {
  return publicHeader(parseHeader(bytes));
}

function publicHeader(framed: FramedHeader): BatchHeader {
  const { sensor, session, sequence, firstNumber, count, wireBytes, malformed, minTimeUs, maxTimeUs, contentHash } =
    framed;
  return { sensor, session, sequence, firstNumber, count, wireBytes, malformed, minTimeUs, maxTimeUs, contentHash };
}

function decompress(bytes: Uint8Array, framed: FramedHeader, codecs: readonly Codec[]): Uint8Array {
  const codec = codecs.find(({ id }) => id === framed.codecId);
  if (codec === undefined) throw new PipelineError('WIRE_VERSION', `this build has no batch codec ${framed.codecId}`);
  if (framed.bodyBytes > STREAM_BYTES_MAX) throw corrupt(`a body of ${framed.bodyBytes} bytes`);
  return codec.decompress(bytes.subarray(framed.headerBytes), framed.bodyBytes);
}

/** What the header says about the rows. */
function summary(
  columns: PacketColumns,
): Pick<BatchHeader, 'count' | 'wireBytes' | 'malformed' | 'minTimeUs' | 'maxTimeUs'> {
  const { count, length, quality, timeUs } = columns;
  let wireBytes = 0;
  let malformed = 0;
  let minTimeUs = count === 0 ? 0 : Infinity;
  let maxTimeUs = count === 0 ? 0 : -Infinity;
  for (let row = 0; row < count; row++) {
    wireBytes += length[row]!;
    if ((quality[row]! & QUALITY_MALFORMED) !== 0) malformed++;
    const time = timeUs[row]!;
    if (time < minTimeUs) minTimeUs = time;
    if (time > maxTimeUs) maxTimeUs = time;
  }
  return { count, wireBytes, malformed, minTimeUs, maxTimeUs };
}

const corrupt = (what: string): PipelineError => new PipelineError('WIRE_CORRUPT', `damaged batch: ${what}`);
