/** Alerts in Cassandra: one truth by id, and copies where analysts and the page look. */
import type { types } from 'cassandra-driver';
import type { Alert } from '@tapline/core/detect/alert';
import type { TimeRange } from '@tapline/core/ports';
import type { ArrivalStamps } from './arrival-stamps.ts';
import { keyText } from './key-text.ts';
import type { CassandraSession, Statement } from './session.ts';
import { bucketStart, DAY_US, dayOf, finite, monthOf, timestamp } from './times.ts';

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
  one: `SELECT row, WRITETIME(row) AS written FROM alerts WHERE id = ?`,
  days: `SELECT began FROM alert_days WHERE sensor = ? AND day >= ? AND day <= ?`,
  byDay: `SELECT row FROM alerts_by_day WHERE sensor = ? AND day = ?`,
  provisional: `SELECT id FROM provisional_alerts WHERE sensor = ?`,
};

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
    const known = await this.#session.first(CQL.one, [keyText(alert.id)]);
    const timestampUs = this.#stamps.next((known?.['written'] as types.Long | undefined)?.toNumber());
    await this.#session.writeAll(rowsOf(alert), { timestampUs });
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

  /** The index may name one that is not provisional any more while somebody is writing: the alert itself decides. */
  async provisional(sensor: string): Promise<Alert[]> {
    const ids = await this.#session.all(CQL.provisional, [keyText(sensor)]);
    const alerts = await Promise.all(ids.map((row) => this.one(row['id'] as string)));
    return inOrder(alerts.filter((alert) => alert?.state === 'provisional') as Alert[]);
  }
}

/** By first window, then id as every store orders text. */
function inOrder(alerts: Alert[]): Alert[] {
  return alerts.sort(
    (a, b) => a.windowStartUs - b.windowStartUs || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)),
  );
}

function rowsOf(alert: Alert): Statement[] {
  const { id, sensor, entity, windowStartUs, windowEndUs, detector } = alert;
  const [start, end] = [timestamp(windowStartUs), timestamp(windowEndUs)];
  const day = dayOf(windowStartUs);
  const { severity, score, state, windows, complete, summary, attack } = alert;
  const shown = [end, severity, score, state, windows, complete, summary, attack, detector];
  const row = JSON.stringify(alert);
  const provisional =
    state === 'provisional'
      ? { cql: CQL.putProvisional, values: [keyText(sensor), id, start, end, detector, entity] }
      : { cql: CQL.dropProvisional, values: [keyText(sensor), id] };
  return [
    { cql: CQL.put, values: [...shown, keyText(id), sensor, entity, alert.detectorVersion, start, row] },
    { cql: CQL.putByDay, values: [...shown, sensor, day, start, id, entity, row] },
    { cql: CQL.putByEntity, values: [...shown, sensor, entity, monthOf(windowStartUs), start, id] },
    ...daysOf(alert).map((other) => ({ cql: CQL.putDay, values: [keyText(sensor), other, day] })),
    provisional,
  ];
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
