/**
 * Statements on their way to Cassandra: prepared, a bounded number at a time, tried again while trying can help and there
 * is time, counted for the bill, and with every failure turned into the pipeline's error.
 *
 * Everything written through here is an upsert under a key made from the data, a delete, or under a condition that a second
 * sending does not meet any more, so it may be sent twice.
 */
import { errors, types, type Client } from 'cassandra-driver';
import type { Meter } from '@tapline/core/cost/meter';
import { PipelineError } from '@tapline/core/errors';
import { deepestReason } from './client.ts';
import { Gate } from './gate.ts';

/** A value of a parameter; undefined leaves the column as it is (no tombstone). */
export type CqlValue = unknown;

export interface Statement {
  /** One of few constant texts: each is prepared once. */
  readonly cql: string;
  readonly values: readonly CqlValue[];
}

export interface SessionOptions {
  readonly meter?: Meter;
  /** How long one statement may be tried, milliseconds. */
  readonly deadlineMs?: number;
}

export interface WriteOptions {
  /** Write time in microseconds: of two writes to a cell the one with the later time stands. Default: now. */
  readonly timestampUs?: number;
}

/** Well under the time that a push subscription waits for an answer. */
const DEADLINE_MS = 20_000;
const BACKOFF_MS = { first: 50, most: 2_000 };
/** Requests under way at once in this process; the others wait for their turn. */
const IN_FLIGHT = 128;
/** Bytes of values in one batch statement: Cassandra warns of more than 5 KiB and refuses more than 50 KiB. */
const BATCH_BYTES = 30_000;
const BATCH_ROWS = 400;
/** What a row costs beyond its values, when the size of a batch is estimated. */
const ROW_OVERHEAD = 24;

const { responseErrorCodes } = types;
const RETRIABLE: ReadonlySet<number> = new Set([
  responseErrorCodes.serverError,
  responseErrorCodes.unavailableException,
  responseErrorCodes.overloaded,
  responseErrorCodes.isBootstrapping,
  responseErrorCodes.writeTimeout,
  responseErrorCodes.readTimeout,
  responseErrorCodes.readFailure,
  responseErrorCodes.writeFailure,
]);

export class CassandraSession {
  readonly #client: Client;
  readonly #meter: Meter | undefined;
  readonly #deadlineMs: number;
  readonly #gate = new Gate(IN_FLIGHT);

  /** @param client of connectCassandra, with a keyspace; the session's to close */
  constructor(client: Client, options: SessionOptions = {}) {
    this.#client = client;
    this.#meter = options.meter;
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  }

  /** Writes one row (or deletes a range). Throws PipelineError STORE. */
  async write(statement: Statement, options: WriteOptions = {}): Promise<void> {
    const { cql, values } = statement;
    this.#countWrite([statement]);
    await this.#try(() => this.#client.execute(cql, toDriver(values), writeOptions(options)));
  }

  /**
   * Writes one row under the statement's own condition (a lightweight transaction: four rounds between the replicas).
   * @returns whether the condition held
   * @throws PipelineError STORE
   */
  async writeIf(statement: Statement): Promise<boolean> {
    const { cql, values } = statement;
    this.#countWrite([statement]);
    const result = await this.#try(() => this.#client.execute(cql, toDriver(values), writeOptions({})));
    return result.wasApplied();
  }

  /** Writes all of them, in any order, a bounded number at a time. Throws PipelineError STORE when one failed. */
  async writeAll(statements: readonly Statement[], options: WriteOptions = {}): Promise<void> {
    await settled(statements.map((statement) => this.write(statement, options)));
  }

  /**
   * Writes rows of one partition in unlogged batches, each of which is one mutation. The batches are independent of each
   * other: only what is in one of them is written as a whole.
   */
  async writePartition(statements: readonly Statement[], options: WriteOptions = {}): Promise<void> {
    await settled(cutBatches(statements).map((batch) => this.#writeBatch(batch, options)));
  }

  async #writeBatch(batch: readonly Statement[], options: WriteOptions): Promise<void> {
    if (batch.length === 1) {
      await this.write(batch[0]!, options);
      return;
    }
    this.#countWrite(batch);
    const queries = batch.map(({ cql, values }) => ({ query: cql, params: toDriver(values) }));
    await this.#try(() => this.#client.batch(queries, { ...writeOptions(options), logged: false }));
  }

  /** All rows of an answer that is known to be small. Throws PipelineError STORE. */
  async all(cql: string, values: readonly CqlValue[]): Promise<types.Row[]> {
    const rows: types.Row[] = [];
    for await (const page of this.pages(cql, values, 1000)) rows.push(...page);
    return rows;
  }

  async first(cql: string, values: readonly CqlValue[]): Promise<types.Row | undefined> {
    return (await this.#page(cql, values, 1, null)).rows[0];
  }

  /** The rows of an answer of any size, read a page of `pageRows` at a time. */
  async *rows(cql: string, values: readonly CqlValue[], pageRows: number): AsyncGenerator<types.Row> {
    for await (const page of this.pages(cql, values, pageRows)) yield* page;
  }

  /** The same, page by page. */
  async *pages(cql: string, values: readonly CqlValue[], pageRows: number): AsyncGenerator<types.Row[]> {
    let state: string | null = null;
    do {
      const page = await this.#page(cql, values, pageRows, state);
      yield page.rows;
      state = pageAfter(page);
    } while (state !== null);
  }

  async #page(
    cql: string,
    values: readonly CqlValue[],
    pageRows: number,
    pageState: string | null,
  ): Promise<types.ResultSet> {
    const more = pageState === null ? {} : { pageState };
    const options = { prepare: true, isIdempotent: true, fetchSize: pageRows, ...more };
    const page = await this.#try(() => this.#client.execute(cql, toDriver(values), options));
    this.#countRead(page.rows);
    return page;
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    const untilMs = performance.now() + this.#deadlineMs;
    for (let backoffMs = BACKOFF_MS.first; ; backoffMs = Math.min(2 * backoffMs, BACKOFF_MS.most)) {
      try {
        return await this.#gate.run(work);
      } catch (error) {
        // Somewhere between half of it and all, so that many do not come back at once.
        const pauseMs = backoffMs * (0.5 + Math.random() / 2);
        if (!isRetriable(error) || performance.now() + pauseMs > untilMs) throw storeError(error);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  #countWrite(statements: readonly Statement[]): void {
    if (this.#meter === undefined) return;
    const bytes = statements.reduce((sum, { values }) => sum + sizeOf(values), 0);
    this.#meter.add('cassandra.writes', 1);
    this.#meter.add('cassandra.rowsWritten', statements.length);
    this.#meter.add('cassandra.bytesWritten', bytes);
    // A mutation is billed by its bytes, rounded up to whole kilobytes.
    this.#meter.add('cassandra.writeUnits', Math.max(1, Math.ceil(bytes / 1024)));
  }

  #countRead(rows: readonly types.Row[]): void {
    if (this.#meter === undefined) return;
    const bytes = rows.reduce((sum, row) => sum + sizeOf(row.values()), 0);
    this.#meter.add('cassandra.reads', 1);
    this.#meter.add('cassandra.rowsRead', rows.length);
    this.#meter.add('cassandra.bytesRead', bytes);
    this.#meter.add('cassandra.readUnits', Math.max(1, Math.ceil(bytes / 4096)));
  }
}

function writeOptions({ timestampUs }: WriteOptions): { prepare: true; isIdempotent: true; timestamp?: number } {
  return { prepare: true, isIdempotent: true, ...(timestampUs !== undefined && { timestamp: timestampUs }) };
}

/** The driver says null where there is no further page, whatever its types say. */
const pageAfter = (page: types.ResultSet): string | null => page.pageState;

const toDriver = (values: readonly CqlValue[]): unknown[] =>
  values.map((value) => (value === undefined ? types.unset : value));

/** Waits for all, also when one fails: nothing is left under way that nobody waits for. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}

function cutBatches(statements: readonly Statement[]): Statement[][] {
  const batches: Statement[][] = [];
  let batch: Statement[] = [];
  let bytes = 0;
  for (const statement of statements) {
    const size = ROW_OVERHEAD + sizeOf(statement.values);
    if (batch.length > 0 && (bytes + size > BATCH_BYTES || batch.length === BATCH_ROWS)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(statement);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** About the bytes that values take on the wire. */
function sizeOf(values: readonly CqlValue[]): number {
  let bytes = 0;
  for (const value of values) bytes += sizeOfOne(value);
  return bytes;
}

function sizeOfOne(value: CqlValue): number {
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number') return 8;
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof Uint8Array) return value.byteLength;
  if (value instanceof Date || value instanceof types.LocalDate || value instanceof types.Long) return 8;
  if (value instanceof Map) return sizeOf([...value.keys(), ...value.values()]) + 8 * value.size;
  return sizeOf(Object.values(value));
}

/** Errors of the driver about what it was asked; any other that no node answered with is about the way there. */
const ABOUT_THE_REQUEST = [
  errors.ArgumentError,
  errors.AuthenticationError,
  errors.NotSupportedError,
  TypeError,
  RangeError,
];

function isRetriable(error: unknown): boolean {
  if (error instanceof errors.ResponseError) return RETRIABLE.has(error.code);
  return !ABOUT_THE_REQUEST.some((type) => error instanceof type);
}

function storeError(cause: unknown): PipelineError {
  if (cause instanceof PipelineError) return cause;
  const reason = deepestReason(cause);
  if (/table .* does not exist|unconfigured table|undefined column|unknown (?:identifier|type)/i.test(reason)) {
    return new PipelineError('STORE', `Cassandra: ${reason}: run "tapline migrate"`, { cause });
  }
  return new PipelineError('STORE', `Cassandra: ${reason}`, { retriable: isRetriable(cause), cause });
}
