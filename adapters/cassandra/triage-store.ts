/**
 * TriageStore in Cassandra: one partition per sensor and month in which the alerts began, so that the list of a range needs
 * few reads. People write here, seldom, so a condition may keep the second of two entries out.
 */
import type { types } from 'cassandra-driver';
import type { TriageStore, TriageSubject } from '@tapline/core/ports';
import type { TriageAction, TriageEntry } from '@tapline/core/triage/triage-entry';
import { inOrder } from '@tapline/core/triage/triage-state';
import type { CassandraSession } from './session.ts';
import { microseconds, monthOf, timestamp, whole } from './times.ts';

const PAGE_ROWS = 500;
/** Alerts up to which each is read by itself: a page of one alert does not read the month. */
const SINGLE_MOST = 4;

const CQL = {
  add: `INSERT INTO triage (sensor, month, alert, id, action, text, until, undoes, who, at, at_us)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS`,
  one: `SELECT * FROM triage WHERE sensor = ? AND month = ? AND alert = ? AND id = ?`,
  alert: `SELECT * FROM triage WHERE sensor = ? AND month = ? AND alert = ?`,
  month: `SELECT * FROM triage WHERE sensor = ? AND month = ?`,
};

const entryOf = (row: types.Row): TriageEntry => ({
  id: row['id'] as string,
  action: row['action'] as TriageAction,
  text: row['text'] as string,
  ...(row['until'] === null ? {} : { untilUs: microseconds(row['until'] as Date) }),
  ...(row['undoes'] === null ? {} : { undoes: row['undoes'] as string }),
  by: row['who'] as string,
  atUs: whole(row['at_us']),
});

export class CassandraTriageStore implements TriageStore {
  readonly #session: CassandraSession;

  constructor(session: CassandraSession) {
    this.#session = session;
  }

  /** A statement that is tried again finds its own first try, which says the same. */
  async add(alert: TriageSubject, entry: TriageEntry): Promise<TriageEntry> {
    const { id, action, text, untilUs, undoes, by, atUs } = entry;
    const key = [alert.sensor, monthOf(alert.windowStartUs), alert.id, id];
    const until = untilUs === undefined ? undefined : timestamp(untilUs);
    const values = [...key, action, text, until, undoes, by, timestamp(atUs), atUs];
    if (await this.#session.writeIf({ cql: CQL.add, values })) return entry;
    const row = await this.#session.first(CQL.one, key);
    return row === undefined ? entry : entryOf(row);
  }

  async entries(alerts: readonly TriageSubject[]): Promise<ReadonlyMap<string, readonly TriageEntry[]>> {
    const found = new Map<string, TriageEntry[]>();
    const wanted = new Set(alerts.map(({ id }) => id));
    const parts = new Map(alerts.map((alert) => partOf(alert, alerts.length <= SINGLE_MOST)));
    for (const { cql, values } of parts.values()) {
      for await (const row of this.#session.rows(cql, values, PAGE_ROWS)) {
        const alert = row['alert'] as string;
        if (!wanted.has(alert)) continue;
        const known = found.get(alert);
        if (known === undefined) found.set(alert, [entryOf(row)]);
        else known.push(entryOf(row));
      }
    }
    return new Map([...found].map(([alert, entries]) => [alert, inOrder(entries)]));
  }
}

interface Part {
  readonly cql: string;
  readonly values: readonly unknown[];
}

function partOf({ sensor, windowStartUs, id }: TriageSubject, isSingle: boolean): [string, Part] {
  const month = monthOf(windowStartUs);
  const values = [sensor, month];
  if (isSingle) return [JSON.stringify([sensor, month.toString(), id]), { cql: CQL.alert, values: [...values, id] }];
  return [JSON.stringify([sensor, month.toString()]), { cql: CQL.month, values }];
}
