/** Rows that parse makes of raw records, kept beyond the call: columns in batches of BATCH_CAPACITY rows, in order. */
import { allocateColumns, BATCH_CAPACITY } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { rawRows } from '@tapline/core/raw/raw-rows';

export interface Rows {
  readonly batches: readonly PacketColumns[];
  readonly count: number;
}

/** Rows of records that arrived at `arrivalMs`, as the block at offset `sequence`. */
export function rowsOf(records: readonly Uint8Array[], { arrivalMs = 0, sequence = 0 } = {}): Rows {
  const batches: PacketColumns[] = [];
  const block = { sensor: 'instance-1', session: 'raw-0-20261124', sequence, arrivalMs, records };
  const count = rawRows(block, allocateColumns(), (columns) => {
    const kept = allocateColumns(columns.buffer.slice(0));
    kept.count = columns.count;
    kept.firstNumber = columns.firstNumber;
    batches.push(kept);
  });
  return { batches, count };
}

/** Rows of a text that came as one record, or as one record per line. */
export function rowsOfText(
  text: string,
  options: { arrivalMs?: number; sequence?: number; lines?: boolean } = {},
): Rows {
  const lines = options.lines === true ? text.replace(/\n$/, '').split('\n') : [text];
  return rowsOf(
    lines.map((line) => Buffer.from(line, 'latin1')),
    options,
  );
}

/** Batch and place in it of row `index` from 0. */
export function rowAt(rows: Pick<Rows, 'batches'>, index: number): [columns: PacketColumns, row: number] {
  return [rows.batches[Math.floor(index / BATCH_CAPACITY)]!, index % BATCH_CAPACITY];
}
