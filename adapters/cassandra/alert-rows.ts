/**
 * Alerts in Cassandra: the row of the day decides what an alert is, and is written after the rows by id and by entity, so
 * that a writer who dies on the way has left it as it was. A provisional alert is in the index before it is anywhere else,
 * and leaves it last.
 */
import type { types } from 'cassandra-driver';
import type { Alert } from '@tapline/core/detect/alert';
import { isSameAlert } from '@tapline/core/digest/same-alert';
import type { TimeRange } from '@tapline/core/ports';
import type { ArrivalStamps } from './arrival-stamps.ts';
import { keyText } from './key-text.ts';
import type { CassandraSession, Statement } from './session.ts';
import { bucketStart, DAY_US, dayOf, finite, microseconds, monthOf, timestamp } from './times.ts';

const PAGE_ROWS = 500;
/** Days that one alert is found under; an episode of a year is one that no pause ever ended. */
const DAYS_MOST = 400;

const SHOWN = ['window_end', 'severity', 'score', 'state', 'windows', 'complete', 'summary', 'attack', 'detector'];
const insert = (table: string, columns: readonly string[]): string =>
  `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;

const CQL = {
  put: insert('alerts', [...SHOWN, 'id', 'sensor', 'entity', 'detector_version', 'window_start', 'row']),
  putByDay: insert('alerts_by_day', [...SHOWN, 'sensor', 'day', 'window_start', 'id', 'entity', 'row']),
  putByEntity: insert('alerts_by_entity', [...SHOWN, 'sensor', 'entity', 'month', 'window_start', 'id']),
  putDay: insert('alert_days', ['sensor', 'day', 'began']),
  putProvisional: insert('provisional_alerts', ['sensor', 'id', 'window_start', 'window_end', 'detector', 'entity']),
  dropProvisional: `DELETE FROM provisional_alerts WHERE sensor = ? AND id = ?`,
  one: `SELECT row FROM alerts WHERE id = ?`,
  known: `SELECT row, WRITETIME(row) AS written FROM alerts_by_day
    WHERE sensor = ? AND day = ? AND window_start = ? AND id = ?`,
  days: `SELECT began FROM alert_days WHERE sensor = ? AND day >= ? AND day <= ?`,
  byDay: `SELECT row FROM alerts_by_day WHERE sensor = ? AND day = ?`,
  provisional: `SELECT id, window_start FROM provisional_alerts WHERE sensor = ?`,
};

type AlertKey = Pick<Alert, 'sensor' | 'windowStartUs' | 'id'>;

export class AlertRows {
  readonly #session: CassandraSession;
  readonly #stamps: ArrivalStamps;

  constructor(session: CassandraSession, stamps: ArrivalStamps) {
    this.#session = session;
    this.#stamps = stamps;
  }

  /** Of an alert that is there twice the last stands, as when they are put one after the other. */
  async put(alerts: readonly Alert[]): Promise<void> {
    const last = new Map(alerts.map((alert) => [alert.id, alert]));
    await Promise.all(Array.from(last.values(), (alert) => this.#putOne(alert)));
  }

  /**
   * All rows of an alert are written with one time, so that when two processes write the same alert, every table ends with
   * the same of the two. The time is later than that of what is there: whoever looked at it and changes it wins, however
   * the clocks of the machines differ.
   */
  async #putOne(alert: Alert): Promise<void> {
    const known = await this.#known(alert);
    await this.#write(alert, this.#stamps.next(known?.writtenUs));
  }

  /**
   * Gives alerts their state where they are as they are given but for it. Written a microsecond after what was read: it
   * replaces that, and nothing that anybody writes who has read the same.
   */
  async conclude(alerts: readonly Alert[]): Promise<void> {
    await Promise.all(
      alerts.map(async (alert) => {
        const known = await this.#known(alert);
        if (known !== undefined && isSameAlert(known.alert, alert)) await this.#write(alert, known.writtenUs + 1);
      }),
    );
  }

  async #write(alert: Alert, timestampUs: number): Promise<void> {
    const { before, day, after } = rowsOf(alert);
    for (const statements of [...before, [day], after]) await this.#session.writeAll(statements, { timestampUs });
  }

  async #known({ sensor, windowStartUs, id }: AlertKey): Promise<{ alert: Alert; writtenUs: number } | undefined> {
    const key = [sensor, dayOf(windowStartUs), timestamp(windowStartUs), id];
    const row = await this.#session.first(CQL.known, key);
    if (row === undefined) return undefined;
    return { alert: JSON.parse(row['row'] as string) as Alert, writtenUs: (row['written'] as types.Long).toNumber() };
  }

  async one(id: string): Promise<Alert | undefined> {
    const row = await this.#session.first(CQL.one, [keyText(id)]);
    return row && (JSON.parse(row['row'] as string) as Alert);
  }

  /** Alerts whose windows overlap the range, in order. */
  async overlapping(sensor: string, range: TimeRange): Promise<Alert[]> {
    const { fromUs, toUs } = finite(range);
    const began = new Map<string, types.LocalDate>();
    const within = [keyText(sensor), dayOf(fromUs), dayOf(toUs)];
    for await (const row of this.#session.rows(CQL.days, within, PAGE_ROWS)) {
      const day = row['began'] as types.LocalDate;
      began.set(day.toString(), day);
    }
    const found: Alert[] = [];
    for (const day of began.values()) {
      for await (const row of this.#session.rows(CQL.byDay, [sensor, day], PAGE_ROWS)) {
        const alert = JSON.parse(row['row'] as string) as Alert;
        if (alert.windowStartUs < toUs && alert.windowEndUs > fromUs) found.push(alert);
      }
    }
    return inOrder(found);
  }

  /** The index may name one that is not provisional any more, or not there yet, while somebody is writing. */
  async provisional(sensor: string): Promise<Alert[]> {
    const index = await this.#session.all(CQL.provisional, [keyText(sensor)]);
    const known = await Promise.all(
      index.map((row) => {
        const windowStartUs = microseconds(row['window_start'] as Date);
        return this.#known({ sensor, windowStartUs, id: row['id'] as string });
      }),
    );
    return inOrder(known.flatMap((one) => (one?.alert.state === 'provisional' ? [one.alert] : [])));
  }
}

/** By first window, then id as every store orders text. */
function inOrder(alerts: Alert[]): Alert[] {
  return alerts.sort(
    (a, b) => a.windowStartUs - b.windowStartUs || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)),
  );
}

/** Statements that are each made after the ones before. */
interface AlertStatements {
  readonly before: readonly (readonly Statement[])[];
  readonly day: Statement;
  readonly after: readonly Statement[];
}

function rowsOf(alert: Alert): AlertStatements {
  const { id, sensor, entity, windowStartUs, windowEndUs, detector } = alert;
  const [start, end] = [timestamp(windowStartUs), timestamp(windowEndUs)];
  const day = dayOf(windowStartUs);
  const { severity, score, state, windows, complete, summary, attack } = alert;
  const shown = [end, severity, score, state, windows, complete, summary, attack, detector];
  const row = JSON.stringify(alert);
  const isProvisional = state === 'provisional';
  const indexed = { cql: CQL.putProvisional, values: [keyText(sensor), id, start, end, detector, entity] };
  const dropped = { cql: CQL.dropProvisional, values: [keyText(sensor), id] };
  const copies = [
    { cql: CQL.put, values: [...shown, keyText(id), sensor, entity, alert.detectorVersion, start, row] },
    { cql: CQL.putByEntity, values: [...shown, sensor, entity, monthOf(windowStartUs), start, id] },
    ...daysOf(alert).map((other) => ({ cql: CQL.putDay, values: [keyText(sensor), other, day] })),
  ];
  return {
    before: isProvisional ? [[indexed], copies] : [copies],
    day: { cql: CQL.putByDay, values: [...shown, sensor, day, start, id, entity, row] },
    after: isProvisional ? [] : [dropped],
  };
}

/** The days an alert has windows on. */
function daysOf({ windowStartUs, windowEndUs }: Alert): types.LocalDate[] {
  const days: types.LocalDate[] = [];
  for (let dayUs = bucketStart(windowStartUs, DAY_US); days.length < DAYS_MOST; dayUs += DAY_US) {
    if (days.length > 0 && dayUs >= windowEndUs) break;
    days.push(dayOf(dayUs));
  }
  return days;
}
