/**
 * Cells from the chunks in which Bigtable answers a read: a cell may come in several chunks, names are left out while they
 * stay the same, and a row counts only once it is committed (google/bigtable/v2/bigtable.proto, ReadRowsResponse).
 */
import type { protos } from '@google-cloud/bigtable';
import { PipelineError } from '@tapline/core/errors';

export type ReadRowsResponse = protos.google.bigtable.v2.IReadRowsResponse;
type Chunk = protos.google.bigtable.v2.ReadRowsResponse.ICellChunk;

export interface Cell {
  readonly row: string;
  readonly family: string;
  readonly column: string;
  /** Arrival time in microseconds, of whole milliseconds. */
  readonly timestampUs: number;
  readonly value: Buffer;
}

/** Takes responses in the order they come; rows, families and columns here are ASCII (row-key.ts). */
export class CellReader {
  readonly #committed: Cell[] = [];
  #pending: Cell[] = [];
  #parts: Buffer[] = [];
  #row = '';
  #family = '';
  #column = '';
  #timestampUs = 0;
  /** Bytes of values, and of the names that came with them. */
  bytes = 0;

  add(response: ReadRowsResponse): void {
    for (const chunk of response.chunks ?? []) this.#addChunk(chunk);
  }

  #addChunk(chunk: Chunk): void {
    if (chunk.resetRow === true) {
      this.#pending = [];
      this.#parts = [];
      return;
    }
    const row = text(chunk.rowKey);
    const column = chunk.qualifier?.value;
    const value = binary(chunk.value);
    if (row !== '') this.#row = row;
    if (chunk.familyName?.value != null) this.#family = chunk.familyName.value;
    if (column != null) this.#column = text(column);
    // The chunks after the first of a cell say nothing but the rest of the value.
    if (this.#parts.length === 0) this.#timestampUs = Number(chunk.timestampMicros ?? 0);
    this.#parts.push(value);
    this.bytes += value.length + row.length + (column?.length ?? 0);
    if ((chunk.valueSize ?? 0) > 0) return;
    this.#endCell();
    if (chunk.commitRow === true) this.#commit();
  }

  #endCell(): void {
    const value = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#pending.push({
      row: this.#row,
      family: this.#family,
      column: this.#column,
      timestampUs: this.#timestampUs,
      value,
    });
  }

  #commit(): void {
    for (const cell of this.#pending) this.#committed.push(cell);
    this.#pending = [];
  }

  /** The cells of all rows, to be asked once the answer has ended. Throws PipelineError STORE when it ended in a row. */
  end(): Cell[] {
    if (this.#pending.length > 0 || this.#parts.length > 0) {
      throw new PipelineError('STORE', 'Bigtable: an answer ended within a row', { retriable: true });
    }
    return this.#committed;
  }
}

function binary(value: Uint8Array | string | null | undefined): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  return value == null ? Buffer.alloc(0) : Buffer.from(value.buffer, value.byteOffset, value.length);
}

function text(value: Uint8Array | string | null | undefined): string {
  return value == null ? '' : binary(value).toString('latin1');
}
