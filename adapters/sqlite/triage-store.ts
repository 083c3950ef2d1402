/** TriageStore in SQLite. */
import type { TriageStore, TriageSubject } from '@tapline/core/ports';
import type { TriageAction, TriageEntry } from '@tapline/core/triage/triage-entry';
import { inOrder } from '@tapline/core/triage/triage-state';
import type { SqliteDatabase } from './database.ts';

const SQL = {
  add: `INSERT INTO triage VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  one: `SELECT * FROM triage WHERE alert_id = ? AND id = ?`,
  entries: `SELECT * FROM triage WHERE alert_id = ?`,
};

type Row = Readonly<Record<string, unknown>>;

const entryOf = (row: Row): TriageEntry => ({
  id: row['id'] as string,
  action: row['action'] as TriageAction,
  text: row['text'] as string,
  ...(row['until_us'] === null ? {} : { untilUs: Number(row['until_us']) }),
  ...(row['undoes'] === null ? {} : { undoes: row['undoes'] as string }),
  by: row['who'] as string,
  atUs: Number(row['at_us']),
});

export class SqliteTriageStore implements TriageStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async add({ id: alertId }: TriageSubject, entry: TriageEntry): Promise<TriageEntry> {
    let standing = entry;
    await this.#database.write(() => {
      const { id, action, text, untilUs = null, undoes = null, by, atUs } = entry;
      this.#database.statement(SQL.add).run(alertId, id, action, text, untilUs, undoes, by, atUs);
      standing = entryOf(this.#database.statement(SQL.one).get(alertId, id) as Row);
    });
    return standing;
  }

  entries(alerts: readonly TriageSubject[]): Promise<ReadonlyMap<string, readonly TriageEntry[]>> {
    return this.#database.read(() => {
      const statement = this.#database.statement(SQL.entries);
      const found = alerts.map(({ id }) => [id, inOrder((statement.all(id) as Row[]).map(entryOf))] as const);
      return new Map(found.filter(([, entries]) => entries.length > 0));
    });
  }
}
