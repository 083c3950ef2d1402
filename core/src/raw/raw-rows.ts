/** Rows of a block of raw records, whatever format they have, numbered so that no other block of the session has the same. */
import { PipelineError } from '../errors.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { NEWLINE } from '../text/byte-text.ts';
import { tcpdumpRows } from '../text/tcpdump-rows.ts';
import { tsharkRows } from '../text/tshark-rows.ts';
import { captureRows } from './capture-rows.ts';
import type { RawBlock } from './raw-block.ts';
import { rawFormat } from './raw-format.ts';
import { ROWS_MAX, RowFiller } from './row-filler.ts';

/** Where the numbers of blocks begin whose records hold many packets each: above every Kafka offset. */
const SPREAD_START = 2 ** 44;
const SPREAD_SEQUENCES = 2 ** 32;

/**
 * Calls `take` with up to BATCH_CAPACITY rows at a time; they are valid only during the call.
 *
 * A packet of a block of lines has the number of its place among the block's rows, counted from the Kafka offset of the
 * first record: a line holds at most one packet, so numbers never meet those of the next block. Where one record holds many
 * packets (a capture file, a file of text sent as one), each block has ROWS_MAX numbers of its own from 2^44 on.
 * @param block `arrivalMs` must be known
 * @param columns working memory
 * @returns how many rows
 * @throws PipelineError WIRE_FORMAT or CAPTURE_* when there is no packet in it
 */
export function rawRows(block: RawBlock, columns: PacketColumns, take: (columns: PacketColumns) => void): number {
  const { records, sequence, arrivalMs } = block;
  const joined = join(records);
  const format = rawFormat(joined);
  const rows = new RowFiller(columns, firstNumber(sequence, isByLine(format, records)), take);
  const arrivalUs = arrivalMs * 1000;
  switch (format) {
    case 'capture':
      for (const record of records) captureRows(record, rows);
      break;
    case 'tshark':
      tsharkRows(joined, arrivalUs, rows);
      break;
    case 'tcpdump':
      tcpdumpRows(joined, arrivalUs, rows);
      break;
  }
  rows.flush();
  return rows.rows;
}

/** The records as lines of one text; a single record as it is. */
function join(records: readonly Uint8Array[]): Uint8Array {
  if (records.length === 1) return records[0]!;
  const length = records.reduce((sum, record) => sum + record.length + 1, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
    bytes[at++] = NEWLINE;
  }
  return bytes;
}

/** Whether every record is one line at most. */
function isByLine(format: string, records: readonly Uint8Array[]): boolean {
  if (format === 'capture') return false;
  return records.every((record) => {
    const end = record.indexOf(NEWLINE);
    return end < 0 || end === record.length - 1;
  });
}

function firstNumber(sequence: number, byLine: boolean): number {
  if (byLine) return sequence + 1;
  if (sequence >= SPREAD_SEQUENCES) {
    throw new PipelineError('WIRE_FORMAT', `a raw record of many packets at offset ${sequence}: no numbers are left`);
  }
  return SPREAD_START + sequence * ROWS_MAX + 1;
}
