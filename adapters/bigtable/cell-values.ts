/**
 * Values of the cells: text for what is small, so that `cbt read` shows it, and bytes for partials. Arrival times are in
 * the values because the timestamps of cells have milliseconds only.
 */
import { PipelineError } from '@tapline/core/errors';
import type { WindowCount } from '@tapline/core/ledger/heartbeat';
import type { EmittedWindow } from '@tapline/core/ports';

/** Packets and bytes before the partial, as float64, little-endian. */
const PARTIAL_HEADER = 16;

export interface Contribution {
  readonly packets: number;
  readonly bytes: number;
}

export function encodePartialCell({ packets, bytes }: Contribution, partial: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(PARTIAL_HEADER + partial.length);
  value.writeDoubleLE(packets, 0);
  value.writeDoubleLE(bytes, 8);
  value.set(partial, PARTIAL_HEADER);
  return value;
}

export function decodePartialCell(value: Buffer): Contribution & { partial: Uint8Array } {
  if (value.length < PARTIAL_HEADER) throw damaged('partial', value);
  return {
    packets: value.readDoubleLE(0),
    bytes: value.readDoubleLE(8),
    partial: value.subarray(PARTIAL_HEADER),
  };
}

/** What a batch brought, and when. */
export function encodeCount({ packets, bytes }: Contribution, arrivalUs: number): Buffer {
  return Buffer.from(`${packets} ${bytes} ${arrivalUs}`);
}

export function decodeCount(value: Buffer): Contribution & { arrivalUs: number } {
  const [packets, bytes, arrivalUs] = numbers(value.toString('latin1'), 3, 'count', value);
  return { packets: packets!, bytes: bytes!, arrivalUs: arrivalUs! };
}

/** Totals as the end of a column: each distinct announcement of a session has a column of its own. */
export function encodeTotal({ batches, packets, bytes }: WindowCount): string {
  return `${batches} ${packets} ${bytes}`;
}

export function decodeTotal(text: string): WindowCount {
  const [batches, packets, bytes] = numbers(text, 3, 'announcement', Buffer.from(text));
  return { batches: batches!, packets: packets!, bytes: bytes! };
}

export function encodeArrival(arrivalUs: number): Buffer {
  return Buffer.from(String(arrivalUs));
}

export function decodeArrival(value: Buffer): number {
  return numbers(value.toString('latin1'), 1, 'arrival time', value)[0]!;
}

export interface EmittedCell {
  readonly emitted: EmittedWindow;
  readonly arrivalUs: number;
}

export function encodeEmitted(cell: EmittedCell): Buffer {
  return Buffer.from(JSON.stringify(cell));
}

export function decodeEmitted(value: Buffer): EmittedCell {
  try {
    return JSON.parse(value.toString()) as EmittedCell;
  } catch {
    throw damaged('emitted', value);
  }
}

function numbers(text: string, expected: number, what: string, value: Buffer): number[] {
  const found = text.split(' ').map(Number);
  if (found.length !== expected || !found.every(Number.isFinite)) throw damaged(what, value);
  return found;
}

function damaged(what: string, value: Buffer): PipelineError {
  const shown = JSON.stringify(value.subarray(0, 32).toString('latin1'));
  return new PipelineError(
    'STORE',
    `Bigtable: a cell holds no ${what} but ${shown}: something else writes to this table`,
  );
}
