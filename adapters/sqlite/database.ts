/**
 * The one SQLite file of a data folder: opening, schema version, statements, and writes gathered into transactions.
 *
 * WAL lets several processes read while one writes. `synchronous = NORMAL` never leaves a damaged file; a power cut may
 * take the last moments, whose batches are then missing in the books and are delivered or replayed again.
 * Writes that are asked for in the same turn of the event loop share one transaction, and their promises resolve when it
 * is committed: a stage that has its answer may acknowledge the message.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { PipelineError } from '@tapline/core/errors';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';

const PRAGMAS = `
  PRAGMA page_size = 8192;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 4096;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA cache_size = -16384;
`;

/** SQLITE_BUSY, LOCKED, IOERR and FULL pass; the rest of SQLite's errors will happen again. */
const RETRIABLE = new Set([5, 6, 10, 13]);

/** Any fault of the store as the pipeline's error. */
export function storeError(what: string, cause: unknown): PipelineError {
  if (cause instanceof PipelineError) return cause;
  const code = (cause as { errcode?: number }).errcode ?? 0;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PipelineError('STORE', `${what}: ${reason}`, { retriable: RETRIABLE.has(code & 0xff), cause });
}

interface Group {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: PipelineError) => void;
}

export class SqliteDatabase {
  /** The data folder; batch files live beside the database. */
  readonly folder: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #nameIds = new Map<string, number>();
  readonly #names = new Map<number, string>();
  #group: Group | undefined;

  /**
   * Opens `folder/tapline.db`, creates what is missing and migrates an older file forward.
   * @throws PipelineError STORE when the folder cannot be written, the file is not ours, or a newer version wrote it.
   */
  constructor(folder: string) {
    this.folder = folder;
    try {
      mkdirSync(folder, { recursive: true });
      this.#db = new DatabaseSync(join(folder, 'tapline.db'), { timeout: 10_000 });
    } catch (error) {
      throw storeError(`cannot use the data folder ${folder}`, error);
    }
    try {
      this.#refuseForeignFile();
      this.#db.exec(PRAGMAS);
      this.#migrate();
    } catch (error) {
      this.#db.close();
      throw storeError(`cannot open ${join(folder, 'tapline.db')}`, error);
    }
  }

  #pragma(name: string): number {
    const row = this.#db.prepare(`PRAGMA ${name}`).get();
    return Number(Object.values(row ?? {})[0] ?? 0);
  }

  #refuseForeignFile(): void {
    const tables = this.#db.prepare('SELECT count(*) AS n FROM sqlite_schema').get();
    if (Number(tables?.['n']) > 0 && this.#pragma('application_id') !== APPLICATION_ID) {
      throw new Error('the file is a database of another program');
    }
  }

  #migrate(): void {
    if (this.#pragma('user_version') === MIGRATIONS.length) return;
    // Another process may be opening the same folder: look again once the write lock is ours.
    this.#db.exec('BEGIN IMMEDIATE');
    const version = this.#pragma('user_version');
    if (version > MIGRATIONS.length) {
      throw new Error(`it was written by a newer version (schema ${version}, this build reads ${MIGRATIONS.length})`);
    }
    for (const step of MIGRATIONS.slice(version)) this.#db.exec(step);
    this.#db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
  }

  /** The prepared statement for `sql`; prepared once, so `sql` must be one of few constant texts. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  /** Runs statements that only read, with SQLite's errors turned into the pipeline's. */
  read<T>(work: () => T): Promise<T> {
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(storeError('cannot read the store', error));
    }
  }

  /**
   * Runs statements inside the transaction of this turn; resolves when that is committed. A failing statement rolls the
   * whole group back and rejects every write of it: nothing of a write is kept unless all of it is.
   */
  write(work: () => void): Promise<void> {
    try {
      const group = (this.#group ??= this.#begin());
      work();
      return group.done;
    } catch (error) {
      return Promise.reject(this.#rollback(error));
    }
  }

  #begin(): Group {
    this.statement('BEGIN IMMEDIATE').run();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    // Each writer sees its own rejection; a group whose only writer failed synchronously has no other listener.
    promise.catch(() => undefined);
    setImmediate(() => {
      this.#commit();
    });
    return {
      done: promise,
      resolve: () => {
        resolve(undefined);
      },
      reject,
    };
  }

  #commit(): void {
    const group = this.#group;
    if (group === undefined) return;
    try {
      this.statement('COMMIT').run();
      this.#group = undefined;
      group.resolve();
    } catch (error) {
      this.#rollback(error);
    }
  }

  #rollback(cause: unknown): PipelineError {
    const error = storeError('cannot write the store', cause);
    const group = this.#group;
    this.#group = undefined;
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    // Ids given out in the transaction are gone with it.
    this.#nameIds.clear();
    this.#names.clear();
    group?.reject(error);
    return error;
  }

  /** Id of a sensor's or session's name; makes one, so only inside `write`. */
  nameId(text: string): number {
    const known = this.findNameId(text);
    if (known !== undefined) return known;
    const id = Number(this.statement('INSERT INTO name (text) VALUES (?)').run(text).lastInsertRowid);
    this.#nameIds.set(text, id);
    return id;
  }

  /** Id of a name that was written before, or undefined. */
  findNameId(text: string): number | undefined {
    const cached = this.#nameIds.get(text);
    if (cached !== undefined) return cached;
    const row = this.statement('SELECT id FROM name WHERE text = ?').get(text);
    if (row === undefined) return undefined;
    this.#nameIds.set(text, Number(row['id']));
    return Number(row['id']);
  }

  /** The name behind an id read from a row. */
  name(id: number): string {
    let text = this.#names.get(id);
    if (text === undefined) {
      text = String(this.statement('SELECT text FROM name WHERE id = ?').get(id)?.['text']);
      this.#names.set(id, text);
    }
    return text;
  }

  /** Commits what is open and closes the file. */
  close(): void {
    this.#commit();
    this.#statements.clear();
    this.#db.close();
  }
}
