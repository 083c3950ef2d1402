/** What every row output offers: a head, rows batch by batch, an end. Concatenated they are one document. */
import type { PacketColumns } from '../packet/columns.ts';

export interface RowWriter {
  head(): Uint8Array;
  /** Rows [from, to) of a batch; by default all. The bytes are the caller's to keep. */
  rows(columns: PacketColumns, from?: number, to?: number): Uint8Array;
  end(): Uint8Array;
}
