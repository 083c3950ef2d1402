/** HistoryStore in SQLite. */
import type { HistoryStore, StoredHistory } from '@tapline/core/ports';
import type { SqliteDatabase } from './database.ts';

const SQL = {
  load: `SELECT version, bytes FROM history WHERE sensor_id = ?`,
  save: `INSERT INTO history SELECT ?1, ?3 + 1, ?2
    WHERE ?3 = coalesce((SELECT version FROM history WHERE sensor_id = ?1), 0)
    ON CONFLICT (sensor_id) DO UPDATE SET version = excluded.version, bytes = excluded.bytes`,
};

export class SqliteHistoryStore implements HistoryStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  load(sensor: string): Promise<StoredHistory | undefined> {
    return this.#database.read(() => {
      const row = this.#database.statement(SQL.load).get(this.#database.findNameId(sensor) ?? null);
      return row && { version: Number(row['version']), bytes: row['bytes'] as Uint8Array };
    });
  }

  async save(sensor: string, bytes: Uint8Array, replaces: number): Promise<boolean> {
    let changes: number | bigint = 0;
    await this.#database.write(() => {
      ({ changes } = this.#database.statement(SQL.save).run(this.#database.nameId(sensor), bytes, replaces));
    });
    return changes > 0;
  }
}
