/**
 * Seconds, minutes and hours of KPIs, kept in step with the windows. Each is written from what the store holds, and then the
 * store is read again: only when minute and hour say what their windows say now is the work done. So of several processes
 * that score windows of the same minute, whoever writes last has also looked last, and all end with the same rows.
 */
import { types } from 'cassandra-driver';
import { PipelineError } from '@tapline/core/errors';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import { foldPeriods, windowPeriod, type KpiPeriod } from '@tapline/core/kpi/rollup';
import type { ArrivalStamps } from './arrival-stamps.ts';
import { keyText } from './key-text.ts';
import { KPI_COLUMNS, kpiValues, PERIOD_COLUMNS, toPeriod } from './kpi-columns.ts';
import type { CassandraSession, CqlValue, Statement } from './session.ts';
import { bucket, bucketStart, dayOf, HOUR_US, MINUTE_US, timestamp, whole, yearOf } from './times.ts';

const ROUNDS_MOST = 16;

const FOLDED = ['windows', 'incomplete_windows', 'first_window', 'last_window', 'weight', 'version', ...KPI_COLUMNS];
const insert = (table: string, key: readonly string[]): string =>
  `INSERT INTO ${table} (${[...key, ...FOLDED].join(', ')}) VALUES (${[...key, ...FOLDED].map(() => '?').join(', ')})`;
const STORED = `windows, weight, version, WRITETIME(windows) AS written`;
const WINDOWS = `FROM kpi_by_window WHERE sensor = ? AND hour = ? AND window_start >= ? AND window_start < ?`;
const MINUTES = `FROM kpi_by_minute WHERE sensor = ? AND day = ? AND minute >= ? AND minute < ?`;
const CLASSES = ['tcp', 'udp', 'icmp', 'arp', 'other'];
const SECOND = ['sensor', 'hour', 'second', 'packets', 'bytes'].concat(
  CLASSES.map((name) => `${name}_packets`),
  CLASSES.map((name) => `${name}_bytes`),
);

const CQL = {
  windowStamps: `SELECT window_start, weight, version ${WINDOWS}`,
  windows: `SELECT window_start, weight, version, row ${WINDOWS}`,
  minute: `SELECT ${STORED} FROM kpi_by_minute WHERE sensor = ? AND day = ? AND minute = ?`,
  putMinute: insert('kpi_by_minute', ['sensor', 'day', 'minute']),
  minuteStamps: `SELECT windows, weight, version ${MINUTES}`,
  minutes: `SELECT weight, version, ${PERIOD_COLUMNS.join(', ')} ${MINUTES}`,
  hour: `SELECT ${STORED} FROM kpi_by_hour WHERE sensor = ? AND year = ? AND hour = ?`,
  putHour: insert('kpi_by_hour', ['sensor', 'year', 'hour']),
  putHourIndex: `INSERT INTO hours (sensor, hour, windows, first_window, last_window) VALUES (?, ?, ?, ?, ?)`,
  putSecond: `INSERT INTO kpi_by_second (${SECOND.join(', ')}) VALUES (${SECOND.map(() => '?').join(', ')})`,
  dropSecond: `DELETE FROM kpi_by_second WHERE sensor = ? AND hour = ? AND second = ?`,
};

/** What a folded row was folded from, in numbers that change whenever that changes. */
interface Sums {
  readonly windows: number;
  readonly weight: bigint;
  readonly version: bigint;
}

export class KpiRollups {
  readonly #session: CassandraSession;
  readonly #stamps: ArrivalStamps;

  constructor(session: CassandraSession, stamps: ArrivalStamps) {
    this.#session = session;
    this.#stamps = stamps;
  }

  /**
   * Brings minute and hour of a window up to date with the store. Resolves when they are.
   * @throws PipelineError STORE, retriable when others change them all the time
   */
  async update(sensor: string, windowStartUs: number): Promise<void> {
    await this.#updateMinute(sensor, windowStartUs);
    await this.#updateHour(sensor, windowStartUs);
  }

  async #updateMinute(sensor: string, windowStartUs: number): Promise<void> {
    const minuteUs = bucketStart(windowStartUs, MINUTE_US);
    const key = [sensor, dayOf(minuteUs), timestamp(minuteUs)];
    const within = [sensor, bucket(minuteUs, HOUR_US), timestamp(minuteUs), timestamp(minuteUs + MINUTE_US)];
    await this.#settle({
      stored: () => this.#session.first(CQL.minute, key),
      stamps: async () => counting(await this.#session.all(CQL.windowStamps, within)),
      parts: async () => counting(await this.#session.all(CQL.windows, within)),
      period: (row) => windowPeriod(JSON.parse(row['row'] as string) as KpiRow),
      write: (folded, timestampUs) =>
        this.#session.write({ cql: CQL.putMinute, values: [...key, ...folded.values] }, { timestampUs }),
    });
  }

  async #updateHour(sensor: string, windowStartUs: number): Promise<void> {
    const hourUs = bucketStart(windowStartUs, HOUR_US);
    const hour = timestamp(hourUs);
    const key = [sensor, yearOf(hourUs), hour];
    const within = [sensor, dayOf(hourUs), hour, timestamp(hourUs + HOUR_US)];
    await this.#settle({
      stored: () => this.#session.first(CQL.hour, key),
      stamps: () => this.#session.all(CQL.minuteStamps, within),
      parts: () => this.#session.all(CQL.minutes, within),
      period: toPeriod,
      write: async ({ values, period: { windows, firstWindowUs, lastWindowUs } }, timestampUs) => {
        const index = [keyText(sensor), hour, windows, timestamp(firstWindowUs), timestamp(lastWindowUs)];
        await this.#session.write({ cql: CQL.putHourIndex, values: index }, { timestampUs });
        await this.#session.write({ cql: CQL.putHour, values: [...key, ...values] }, { timestampUs });
      },
    });
  }

  async #settle(fold: Fold): Promise<void> {
    for (let round = 0; round < ROUNDS_MOST; round++) {
      const [stored, stamps] = await Promise.all([fold.stored(), fold.stamps()]);
      if (stamps.length === 0 || isFrom(stored, sumsOf(stamps))) return;
      const parts = await fold.parts();
      const period = foldPeriods(parts.map(fold.period));
      const sums = sumsOf(parts);
      // Clocks of several machines differ: what is written now has to be later than what it replaces.
      const written = stored?.['written'] as types.Long | null | undefined;
      await fold.write({ period, values: foldedValues(period, sums) }, this.#stamps.next(written?.toNumber()));
    }
    throw new PipelineError('STORE', 'the windows of a minute are being scored by others all the time', {
      retriable: true,
    });
  }

  /** The seconds of a window's row; and takes those back that an earlier scoring of it may have had. */
  async putSeconds(row: KpiRow, isReplaced: boolean): Promise<void> {
    const { sensor, windowStartUs, windowEndUs } = row;
    const hour = bucket(windowStartUs, HOUR_US);
    const present = new Set(row.seconds.map(({ startUs }) => startUs));
    const statements = row.seconds.map(({ startUs, packets, bytes }): Statement => {
      const values: CqlValue[] = [sensor, hour, timestamp(startUs), sum(packets), sum(bytes), ...packets, ...bytes];
      return { cql: CQL.putSecond, values };
    });
    for (let startUs = windowStartUs; isReplaced && startUs < windowEndUs; startUs += 1_000_000) {
      if (present.has(startUs)) continue;
      statements.push({ cql: CQL.dropSecond, values: [sensor, hour, timestamp(startUs)] });
    }
    await this.#session.writePartition(statements);
  }
}

interface Folded {
  readonly period: KpiPeriod;
  /** In the order of FOLDED. */
  readonly values: readonly CqlValue[];
}

/** How one row is folded from others. */
interface Fold {
  /** The folded row as it is. */
  readonly stored: () => Promise<types.Row | undefined>;
  /** The rows it is folded from, ascending: of what they are, and all of them. */
  readonly stamps: () => Promise<types.Row[]>;
  readonly parts: () => Promise<types.Row[]>;
  readonly period: (row: types.Row) => KpiPeriod;
  readonly write: (folded: Folded, timestampUs: number) => Promise<void>;
}

/** The first version of each window is the one that counts. */
function counting(rows: readonly types.Row[]): types.Row[] {
  return rows.filter((row, i) => whole(rows[i - 1]?.['window_start']) !== whole(row['window_start']));
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const bigint = (value: unknown): bigint => BigInt(String(value));

/** Windows have no count of windows: each is one. */
function sumsOf(rows: readonly types.Row[]): Sums {
  const total = (name: string): bigint =>
    BigInt.asIntN(
      64,
      rows.reduce((all, row) => all + bigint(row[name]), 0n),
    );
  const windows = sum(rows.map((row) => (row['windows'] as number | undefined) ?? 1));
  return { windows, weight: total('weight'), version: total('version') };
}

function isFrom(stored: types.Row | undefined, sums: Sums): boolean {
  return (
    stored?.['windows'] === sums.windows &&
    bigint(stored['weight']) === sums.weight &&
    bigint(stored['version']) === sums.version
  );
}

function foldedValues(period: KpiPeriod, { weight, version }: Sums): CqlValue[] {
  const { windows, incompleteWindows, firstWindowUs, lastWindowUs } = period;
  const long = (value: bigint): CqlValue => types.Long.fromString(String(value));
  const times = [timestamp(firstWindowUs), timestamp(lastWindowUs)];
  return [windows, incompleteWindows, ...times, long(weight), long(version), ...kpiValues(period)];
}
