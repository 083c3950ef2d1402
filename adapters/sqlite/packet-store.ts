/**
 * PacketStore in a folder: every batch is one file, byte for byte as it came, and an index row that is written after it.
 * A crash between the two leaves a file without a row: nobody reads it, and the redelivered batch replaces it.
 */
import { readFileSync, statSync } from 'node:fs';
import { ALL_TIME, type Clock, type PacketStore, type StoredBatch, type TimeRange } from '@tapline/core/ports';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import { batchId } from '@tapline/core/wire/batch-header';
import { batchPath, writeWhole } from './batch-file.ts';
import type { SqliteDatabase } from './database.ts';
import { storeError } from './database.ts';

const PAGE_ROWS = 512;

const FIELDS = `batch.session_id, batch.sequence, first_number, count, wire_bytes, malformed, min_time_us, max_time_us,
  content_hash, file_bytes`;

const SQL = {
  put: `INSERT OR REPLACE INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  sessions: `SELECT DISTINCT session_id, name.text AS session FROM batch JOIN name ON name.id = session_id
    WHERE sensor_id = ? ORDER BY name.text`,
  page: `SELECT ${FIELDS} FROM batch WHERE sensor_id = ? AND session_id = ? AND sequence > ?
    AND min_time_us < ? AND max_time_us >= ? ORDER BY sequence LIMIT ?`,
};

export class SqlitePacketStore implements PacketStore {
  readonly #database: SqliteDatabase;
  readonly #clock: Clock;

  constructor(database: SqliteDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  putBatch(header: BatchHeader, wire: Uint8Array): Promise<void> {
    return this.#database.write(() => {
      writeWhole(batchPath(this.#database.folder, header), wire);
      this.#database
        .statement(SQL.put)
        .run(
          this.#database.nameId(header.sensor),
          this.#database.nameId(header.session),
          header.sequence,
          header.firstNumber,
          header.count,
          header.wireBytes,
          header.malformed,
          header.minTimeUs,
          header.maxTimeUs,
          header.contentHash,
          wire.byteLength,
          this.#clock.nowUs(),
        );
    });
  }

  getBatch(id: string): Promise<Uint8Array | undefined> {
    const batch = this.#parseId(id);
    if (batch === undefined) return Promise.resolve(undefined);
    try {
      return Promise.resolve(readFileSync(batchPath(this.#database.folder, batch)));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT' || code === 'ENOTDIR') return Promise.resolve(undefined);
      return Promise.reject(storeError(`cannot read batch ${id}`, error));
    }
  }

  /** Names may hold slashes themselves, so every cut of the id is tried against the index. */
  #parseId(id: string): Pick<BatchHeader, 'sensor' | 'session' | 'sequence'> | undefined {
    const last = id.lastIndexOf('/');
    const sequence = Number(id.slice(last + 1));
    for (let cut = id.indexOf('/'); cut >= 0 && cut < last; cut = id.indexOf('/', cut + 1)) {
      const sensor = id.slice(0, cut);
      const session = id.slice(cut + 1, last);
      const sensorId = this.#database.findNameId(sensor);
      const sessionId = this.#database.findNameId(session);
      if (sensorId === undefined || sessionId === undefined) continue;
      const [row] = this.#database.statement(SQL.page).all(sensorId, sessionId, sequence - 1, Infinity, -Infinity, 1);
      if (row?.['sequence'] === sequence) return { sensor, session, sequence };
    }
    return undefined;
  }

  async *batches(sensor: string, range: TimeRange): AsyncIterable<StoredBatch> {
    const sessions = await this.#database.read(() =>
      this.#database.statement(SQL.sessions).all(this.#database.findNameId(sensor) ?? null),
    );
    for (const row of sessions) yield* this.#list(sensor, row['session'] as string, range);
  }

  sessionBatches(sensor: string, session: string): AsyncIterable<StoredBatch> {
    return this.#list(sensor, session, ALL_TIME);
  }

  async *#list(sensor: string, session: string, range: TimeRange): AsyncIterable<StoredBatch> {
    let after = -1;
    for (;;) {
      const rows = await this.#database.read(() => {
        const sensorId = this.#database.findNameId(sensor) ?? null;
        const sessionId = this.#database.findNameId(session) ?? null;
        return this.#database.statement(SQL.page).all(sensorId, sessionId, after, range.toUs, range.fromUs, PAGE_ROWS);
      });
      for (const row of rows) {
        const batch = toBatch(sensor, session, row);
        after = batch.sequence;
        // A file that was removed, or that a power cut left short, is not a stored batch.
        const file = statSync(batchPath(this.#database.folder, batch), { throwIfNoEntry: false });
        if (file?.size === row['file_bytes']) yield batch;
      }
      if (rows.length < PAGE_ROWS) return;
    }
  }
}

function toBatch(sensor: string, session: string, row: Record<string, unknown>): StoredBatch {
  const sequence = Number(row['sequence']);
  return {
    id: batchId({ sensor, session, sequence }),
    sensor,
    session,
    sequence,
    firstNumber: Number(row['first_number']),
    count: Number(row['count']),
    wireBytes: Number(row['wire_bytes']),
    malformed: Number(row['malformed']),
    minTimeUs: Number(row['min_time_us']),
    maxTimeUs: Number(row['max_time_us']),
    contentHash: row['content_hash'] as string,
  };
}
