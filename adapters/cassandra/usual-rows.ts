/** What is usual for hosts in Cassandra: rows by the day of their window, and which days there are. The day is written first. */
import type { types } from 'cassandra-driver';
import type { UsualRow } from '@tapline/core/detect/usual';
import type { TimeRange } from '@tapline/core/ports';
import type { ArrivalStamps } from './arrival-stamps.ts';
import { keyText } from './key-text.ts';
import { Remembered } from './remembered.ts';
import type { CassandraSession, Statement } from './session.ts';
import { dayOf, finite, timestamp } from './times.ts';

const PAGE_ROWS = 500;

const CQL = {
  put: `INSERT INTO usual_by_day (sensor, day, window_start, detector, feature, entity, class, value, unit, median, p99, windows,
    since, ratio, probability, row) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  putDay: `INSERT INTO usual_days (sensor, day) VALUES (?, ?)`,
  days: `SELECT day FROM usual_days WHERE sensor = ? AND day >= ? AND day <= ?`,
  byDay: `SELECT row FROM usual_by_day WHERE sensor = ? AND day = ?`,
};

export class UsualRows {
  readonly #session: CassandraSession;
  readonly #stamps: ArrivalStamps;
  readonly #known = new Remembered();

  constructor(session: CassandraSession, stamps: ArrivalStamps) {
    this.#session = session;
    this.#stamps = stamps;
  }

  /** Of a row that is there twice the last stands. */
  async put(rows: readonly UsualRow[]): Promise<void> {
    for (const { sensor, windowStartUs } of rows) {
      const day = dayOf(windowStartUs);
      await this.#known.once([sensor, day.toString()], () =>
        this.#session.write({ cql: CQL.putDay, values: [keyText(sensor), day] }),
      );
    }
    await Promise.all(rows.map((row) => this.#session.write(statementOf(row), { timestampUs: this.#stamps.next() })));
  }

  /** Rows of the windows that start in the range, in order: days ascend, and so do the rows of a day. */
  async within(sensor: string, range: TimeRange): Promise<UsualRow[]> {
    const { fromUs, toUs } = finite(range);
    const days = await this.#session.all(CQL.days, [keyText(sensor), dayOf(fromUs), dayOf(toUs)]);
    const found: UsualRow[] = [];
    for (const { day } of days as unknown as { readonly day: types.LocalDate }[]) {
      for await (const row of this.#session.rows(CQL.byDay, [sensor, day], PAGE_ROWS)) {
        const usual = JSON.parse(row['row'] as string) as UsualRow;
        if (usual.windowStartUs >= fromUs && usual.windowStartUs < toUs) found.push(usual);
      }
    }
    return found;
  }
}

function statementOf(row: UsualRow): Statement {
  const { sensor, windowStartUs, detector, feature, entity, value, unit, baseline, comparison } = row;
  const { median, p99, windows, sinceUs } = baseline;
  const { ratio, probability } = comparison;
  const key = [sensor, dayOf(windowStartUs), timestamp(windowStartUs), detector, feature, entity];
  const kind = row.isWithdrawn === true ? 'withdrawn' : comparison.class;
  const numbers = [value, unit, median, p99, windows, timestamp(sinceUs), ratio, probability];
  return { cql: CQL.put, values: [...key, kind, ...numbers, JSON.stringify(row)] };
}
