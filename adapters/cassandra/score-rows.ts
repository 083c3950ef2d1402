/** Scores of the history in Cassandra: rows by the day of their window, and which days there are. The day is written first. */
import type { types } from 'cassandra-driver';
import type { ScoreRow } from '@tapline/core/history/score-row';
import type { TimeRange } from '@tapline/core/ports';
import type { ArrivalStamps } from './arrival-stamps.ts';
import { keyText } from './key-text.ts';
import { Remembered } from './remembered.ts';
import type { CassandraSession, Statement } from './session.ts';
import { dayOf, finite, timestamp } from './times.ts';

const PAGE_ROWS = 2000;

const CQL = {
  put: `INSERT INTO history_scores_by_day (sensor, day, window_start, window_end, state, learned_windows, score, threshold, feature,
    unit, value, usual, row) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  putDay: `INSERT INTO history_score_days (sensor, day) VALUES (?, ?)`,
  days: `SELECT day FROM history_score_days WHERE sensor = ? AND day >= ? AND day <= ?`,
  within: `SELECT row FROM history_scores_by_day WHERE sensor = ? AND day = ? AND window_start >= ? AND window_start <= ?`,
};

export class ScoreRows {
  readonly #session: CassandraSession;
  readonly #stamps: ArrivalStamps;
  readonly #known = new Remembered();

  constructor(session: CassandraSession, stamps: ArrivalStamps) {
    this.#session = session;
    this.#stamps = stamps;
  }

  /** One batch per day: what comes of a step of the history is in one partition, but for midnight. */
  async put(rows: readonly ScoreRow[]): Promise<void> {
    const days = Map.groupBy(rows, ({ sensor, windowStartUs }) => JSON.stringify([sensor, dayOf(windowStartUs)]));
    for (const [place, own] of days) {
      const { sensor, windowStartUs } = own[0]!;
      const values = [keyText(sensor), dayOf(windowStartUs)];
      await this.#known.once([place], () => this.#session.write({ cql: CQL.putDay, values }));
      await this.#session.writePartition(own.map(statementOf), { timestampUs: this.#stamps.next() });
    }
  }

  /** Rows of the windows that start in the range, ascending. */
  async within(sensor: string, range: TimeRange): Promise<ScoreRow[]> {
    const { fromUs, toUs } = finite(range);
    const days = await this.#session.all(CQL.days, [keyText(sensor), dayOf(fromUs), dayOf(toUs)]);
    const found: ScoreRow[] = [];
    for (const { day } of days as unknown as { readonly day: types.LocalDate }[]) {
      // The column has milliseconds: what of the last one is too late is left out below.
      const values = [sensor, day, timestamp(fromUs), timestamp(toUs)];
      for await (const row of this.#session.rows(CQL.within, values, PAGE_ROWS)) {
        const score = JSON.parse(row['row'] as string) as ScoreRow;
        if (score.windowStartUs >= fromUs && score.windowStartUs < toUs) found.push(score);
      }
    }
    return found;
  }
}

function statementOf(row: ScoreRow): Statement {
  const { sensor, windowStartUs, windowEndUs, learnedWindows, score, threshold, feature } = row;
  const key = [sensor, dayOf(windowStartUs), timestamp(windowStartUs), timestamp(windowEndUs)];
  const state = row.isWithdrawn === true ? 'withdrawn' : row.state;
  const most = [feature?.name ?? null, feature?.unit ?? null, feature?.value ?? null, feature?.usual ?? null];
  return { cql: CQL.put, values: [...key, state, learnedWindows, score, threshold, ...most, JSON.stringify(row)] };
}
