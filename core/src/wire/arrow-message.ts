/**
 * The metadata of an Arrow IPC stream (Apache Arrow columnar format 1.5, "Serialization and Interprocess Communication";
 * field numbers from its Schema.fbs and Message.fbs): schema and record batch messages, framed, with
 * the places that differ from batch to batch marked so that one message serves as the template for all.
 */
import { flatbuffer, int16, int32, int64, int8, structs, table, text, vector } from './flatbuffer.ts';
import type { Flatbuffer, Node } from './flatbuffer.ts';

/** MetadataVersion.V5. */
const METADATA_V5 = 4;
const HEADER = { schema: 1, recordBatch: 3 } as const;
const TYPE = { int: 2, utf8: 5, timestamp: 10 } as const;
const NANOSECOND = 3;

/** Bytes in front of a message's metadata: continuation marker and metadata length. */
export const MESSAGE_PREFIX_BYTES = 8;
/** End of stream: continuation marker and a length of zero. */
export const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

export type ArrowType =
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'utf8' }
  /** Signed 64-bit nanoseconds since 1970 in UTC. */
  | { readonly kind: 'timestampNs' };

export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
  readonly nullable: boolean;
}

/** A framed message: prefix and metadata, a multiple of 8 bytes; `marks` count from the start of the prefix. */
export interface MessageTemplate {
  readonly bytes: Uint8Array;
  readonly marks: ReadonlyMap<string, number>;
}

/** Schema message. The bit width of integer field i is marked `bits:i`. */
export function schemaMessage(
  fields: readonly ArrowField[],
  metadata: Readonly<Record<string, string>>,
): MessageTemplate {
  const schema = table(int16(0), vector(fields.map(fieldNode)), keyValues(metadata));
  return frame(flatbuffer(table(int16(METADATA_V5), int8(HEADER.schema), schema, int64(0))));
}

/**
 * Record batch message for `fields` columns and `buffers` buffers. Marks: `bodyLength`, `rows`, `nodes` (length and null
 * count per column) and `buffers` (offset and length per buffer), all 64-bit.
 */
export function recordBatchMessage(fields: number, buffers: number): MessageTemplate {
  const header = table(int64(0, 'rows'), structs(fields, 2, 'nodes'), structs(buffers, 2, 'buffers'));
  return frame(flatbuffer(table(int16(METADATA_V5), int8(HEADER.recordBatch), header, int64(0, 'bodyLength'))));
}

function fieldNode(field: ArrowField, index: number): Node {
  const { type } = field;
  // Readers in C++ insist on a vector of children even when there are none.
  return table(
    text(field.name),
    int8(field.nullable ? 1 : 0),
    int8(typeTag(type)),
    typeNode(type, index),
    undefined,
    vector([]),
  );
}

const typeTag = (type: ArrowType): number =>
  ({ int: TYPE.int, utf8: TYPE.utf8, timestampNs: TYPE.timestamp })[type.kind];

function typeNode(type: ArrowType, index: number): Node {
  switch (type.kind) {
    case 'int':
      return intNode(type.bits, type.signed, `bits:${index}`);
    case 'utf8':
      return table();
    case 'timestampNs':
      return table(int16(NANOSECOND), text('UTC'));
  }
}

const intNode = (bits: number, signed: boolean, mark?: string): Node => table(int32(bits, mark), int8(signed ? 1 : 0));

const keyValues = (pairs: Readonly<Record<string, string>>): Node =>
  vector(Object.entries(pairs).map(([key, value]) => table(text(key), text(value))));

function frame(metadata: Flatbuffer): MessageTemplate {
  const bytes = new Uint8Array(MESSAGE_PREFIX_BYTES + metadata.bytes.length);
  bytes.fill(0xff, 0, 4);
  new DataView(bytes.buffer).setUint32(4, metadata.bytes.length, true);
  bytes.set(metadata.bytes, MESSAGE_PREFIX_BYTES);
  const marks = new Map<string, number>();
  for (const [name, at] of metadata.marks) marks.set(name, at + MESSAGE_PREFIX_BYTES);
  return { bytes, marks };
}
