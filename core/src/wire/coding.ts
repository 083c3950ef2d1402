/**
 * What both directions of the column coding share: working memory, and which earlier row each row is predicted from.
 * What each coding predicts is said at `Coding` in core/src/packet/columns.ts. Columns are coded one after the other, in
 * the order of COLUMNS; each coding reads only columns that come before it, and its own earlier rows, so that decoding
 * can follow.
 */
import { BATCH_CAPACITY, LAYER } from '../packet/columns.ts';
import type { ColumnName, PacketColumns } from '../packet/columns.ts';
import type { Numbers, Words } from './coding-loops.ts';
import { createFlowIndex } from './flow-index.ts';
import type { FlowIndex } from './flow-index.ts';

/** Where residuals go: column by column of WIRE_COLUMNS, with the bitwise OR of the column. */
export interface ResidualSink {
  put(column: number, residuals: Words, union: number): void;
}

/** Where residuals come from. */
export interface ResidualSource {
  readonly rows: number;
  /** Copies a column of WIRE_COLUMNS; false when it is all zero, and then `into` is left alone. */
  load(column: number, into: Words): boolean;
  /** Whether all rows after the first are zero. */
  isFirstOnly(column: number): boolean;
}

/** Length of a shifted value array (see coding-loops.ts): the constant 0, then the rows. */
export const STRIDE = BATCH_CAPACITY + 1;

/** Working memory of a coder; reuse it from batch to batch, and never for two batches at once. */
export interface CodingScratch {
  /** Flow index of the batch coded last. */
  readonly index: FlowIndex;
  /** Shifted index of the row that each row of a `flow` column is predicted from. */
  readonly reference: Int32Array;
  /** The same for a `host` column. */
  readonly hostReference: Int32Array;
  /** The same for the first of two endpoint columns that lie one STRIDE apart in `values`. */
  readonly endpointReference: Int32Array;
  readonly values: Int32Array;
  readonly residuals: Int32Array;
  readonly secondResiduals: Int32Array;
  readonly thirdResiduals: Int32Array;
  /** Rows whose addresses differ from their prediction. */
  readonly rows: Uint16Array;
  /** Not 0 where any address residual of the row is not. */
  readonly changed: Int32Array;
  /** Residuals of the four words of two address columns. */
  readonly addressResiduals: readonly Int32Array[];
}

const rowWords = (): Int32Array => new Int32Array(BATCH_CAPACITY);

export function createCodingScratch(): CodingScratch {
  return {
    index: createFlowIndex(),
    reference: rowWords(),
    hostReference: rowWords(),
    endpointReference: rowWords(),
    values: new Int32Array(2 * STRIDE),
    residuals: rowWords(),
    secondResiduals: rowWords(),
    thirdResiduals: rowWords(),
    rows: new Uint16Array(BATCH_CAPACITY),
    changed: rowWords(),
    addressResiduals: Array.from({ length: 8 }, rowWords),
  };
}

/** Derives the references from the flow index. */
export function fillReferences(count: number, scratch: CodingScratch): void {
  const { reference, hostReference, endpointReference } = scratch;
  const { previous, opposite } = scratch.index;
  let lastBegin = 0;
  let lastReply = 0;
  for (let row = 0; row < count; row++) {
    const own = previous[row]! + 1;
    const other = opposite[row]! + 1;
    if (own > 0) {
      reference[row] = own;
      hostReference[row] = own;
      endpointReference[row] = own;
    } else if (other > 0) {
      reference[row] = other;
      hostReference[row] = lastReply > 0 ? lastReply : other;
      endpointReference[row] = STRIDE + other;
      lastReply = row + 1;
    } else {
      reference[row] = lastBegin;
      hostReference[row] = lastBegin;
      endpointReference[row] = lastBegin;
      lastBegin = row + 1;
    }
  }
}

/** A packet column of unsigned integers up to 32 bits, one per row. */
export type NumberColumn = {
  [N in ColumnName]: PacketColumns[N] extends Numbers ? N : never;
}[ColumnName];

/** Columns that are coded together with the one before; the pair is coded when the first one's turn comes. */
export const SECOND_OF_PAIR: Partial<Record<ColumnName, NumberColumn>> = {
  source: 'destination',
  sourcePort: 'destinationPort',
  outerSource: 'outerDestination',
  tcpSeq: 'tcpAck',
};
export const SECOND_COLUMNS: ReadonlySet<ColumnName> = new Set(Object.values(SECOND_OF_PAIR));

/** Sequence number that the receiver of `row` expects next (RFC 9293 §3.4: SYN and FIN take one each); 0 without TCP. */
export function nextSequence(columns: PacketColumns, row: number): number {
  if ((columns.layers[row]! & LAYER.tcp) === 0) return 0;
  const flags = columns.tcpFlags[row]!;
  return (columns.tcpSeq[row]! + columns.payloadLength[row]! + ((flags >> 1) & 1) + (flags & 1)) | 0;
}

/** Payload lengths to header lengths; the same again turns them back. */
export function toHeaderLengths({ count, length }: PacketColumns, values: Int32Array): void {
  for (let row = 0; row < count; row++) values[row + 1] = (length[row]! - values[row + 1]!) | 0;
}
