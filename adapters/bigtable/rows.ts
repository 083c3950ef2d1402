/**
 * Writing one row and reading cells, straight on the service's interface: one request each, counted, limited in time, and
 * tried again while that can help. Every mutation here may be applied twice, so all of them may be tried again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { v2, type protos } from '@google-cloud/bigtable';
import type { Meter } from '@tapline/core/cost/meter';
import { bigtableError, isPassing } from './bigtable-error.ts';
import { CellReader, type Cell, type ReadRowsResponse } from './cells.ts';
import type { BigtableTable } from './client.ts';

export type RowFilter = protos.google.bigtable.v2.IRowFilter;
export type RowMutation = protos.google.bigtable.v2.IMutation;

/** Together less than the time a push may take, so that the caller hears of it before its message is delivered again. */
const REQUEST_MS = 5_000;
const TOTAL_MS = 15_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

/** What window state needs of a table. */
export interface Rows {
  /** Applies all mutations to the row at once, or none. */
  mutate(row: string, mutations: readonly RowMutation[], doing: string): Promise<void>;
  /** The cells of these rows that pass the filter, by row, family and column; rows that do not exist have none. */
  read(rows: readonly string[], filter: RowFilter, doing: string): Promise<Cell[]>;
}

export class BigtableRows implements Rows {
  readonly #client: v2.BigtableClient;
  readonly #tableName: string;
  readonly #meter: Meter | undefined;
  readonly #totalMs: number;
  readonly #requestMs: number;
  #isClosed = false;

  /**
   * @param meter counts `bigtable.mutations`, `.reads` (requests) and `.writtenBytes`, `.readBytes`
   * @param totalMs how long a request is tried again
   */
  constructor({ client, table }: BigtableTable, meter?: Meter, totalMs = TOTAL_MS) {
    this.#client = new v2.BigtableClient(client.options.BigtableClient);
    this.#tableName = table.name;
    this.#meter = meter;
    this.#totalMs = totalMs;
    this.#requestMs = Math.min(REQUEST_MS, totalMs);
  }

  async mutate(row: string, mutations: readonly RowMutation[], doing: string): Promise<void> {
    const request = { tableName: this.#tableName, rowKey: Buffer.from(row), mutations: [...mutations] };
    await this.#again(doing, async () => {
      this.#meter?.add('bigtable.mutations', 1);
      this.#meter?.add('bigtable.writtenBytes', row.length + sizeOf(mutations));
      await this.#client.mutateRow(request, { timeout: this.#requestMs, retry: { retryCodes: [] } });
    });
  }

  async read(rows: readonly string[], filter: RowFilter, doing: string): Promise<Cell[]> {
    if (rows.length === 0) return [];
    const request = { tableName: this.#tableName, rows: { rowKeys: rows.map((row) => Buffer.from(row)) }, filter };
    return this.#again(doing, async () => {
      const reader = new CellReader();
      this.#meter?.add('bigtable.reads', 1);
      const stream = this.#client.readRows(request, { timeout: this.#requestMs });
      for await (const response of stream as AsyncIterable<ReadRowsResponse>) reader.add(response);
      this.#meter?.add('bigtable.readBytes', reader.bytes);
      return reader.end();
    });
  }

  async #again<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
    const endMs = performance.now() + this.#totalMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return await attempt();
      } catch (error) {
        if (this.#isClosed || !isPassing(error) || performance.now() + pauseMs > endMs)
          throw bigtableError(error, doing);
      }
      await sleep(pauseMs * (0.5 + Math.random()));
    }
  }

  /** Ends what is under way with an error. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#client.close();
  }
}

function sizeOf(mutations: readonly RowMutation[]): number {
  let bytes = 0;
  for (const { setCell, deleteFromColumn } of mutations) {
    bytes += (setCell?.columnQualifier?.length ?? 0) + (setCell?.value?.length ?? 0);
    bytes += deleteFromColumn?.columnQualifier?.length ?? 0;
  }
  return bytes;
}

/** Sets a cell; the timestamp is the arrival time in whole milliseconds, as the service asks for. */
export function setCell(familyName: string, column: string, arrivalUs: number, value: Uint8Array): RowMutation {
  const timestampMicros = wholeMilliseconds(arrivalUs);
  return { setCell: { familyName, columnQualifier: Buffer.from(column), timestampMicros, value } };
}

/** Deletes a column with all its versions. */
export function deleteColumn(familyName: string, column: string): RowMutation {
  return { deleteFromColumn: { familyName, columnQualifier: Buffer.from(column) } };
}

export function wholeMilliseconds(timeUs: number): number {
  return Math.floor(timeUs / 1000) * 1000;
}
