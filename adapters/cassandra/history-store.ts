/** HistoryStore in Cassandra: one row per sensor, replaced under the condition that nobody has replaced it since. */
import type { HistoryStore, StoredHistory } from '@tapline/core/ports';
import { keyText } from './key-text.ts';
import type { CassandraSession } from './session.ts';
import { whole } from './times.ts';

const CQL = {
  load: `SELECT version, bytes FROM histories WHERE sensor = ?`,
  begin: `INSERT INTO histories (sensor, version, bytes) VALUES (?, 1, ?) IF NOT EXISTS`,
  replace: `UPDATE histories SET version = ?, bytes = ? WHERE sensor = ? IF version = ?`,
};

export class CassandraHistoryStore implements HistoryStore {
  readonly #session: CassandraSession;

  constructor(session: CassandraSession) {
    this.#session = session;
  }

  async load(sensor: string): Promise<StoredHistory | undefined> {
    const row = await this.#session.first(CQL.load, [keyText(sensor)]);
    return row && { version: whole(row['version']), bytes: row['bytes'] as Uint8Array };
  }

  /** A statement that is tried again may find its own first try: then it says false, and the caller looks again. */
  save(sensor: string, bytes: Uint8Array, replaces: number): Promise<boolean> {
    const value = Buffer.from(bytes);
    return replaces === 0
      ? this.#session.writeIf({ cql: CQL.begin, values: [keyText(sensor), value] })
      : this.#session.writeIf({ cql: CQL.replace, values: [replaces + 1, value, keyText(sensor), replaces] });
  }
}
