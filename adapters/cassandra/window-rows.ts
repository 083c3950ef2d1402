/** Rows of scored windows: writing a version of one, finding which counts, reading what belongs to it. */
import type { types } from 'cassandra-driver';
import type { Evidence } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import type { FlowSlice, KpiRow } from '@tapline/core/kpi/kpi-row';
import { windowPeriod } from '@tapline/core/kpi/rollup';
import type { PastWindow, TimeRange, WindowResult } from '@tapline/core/ports';
import { flowRow, SELECT_FLOWS, SELECT_HOST_FLOWS, toFlowSlice } from './flow-rows.ts';
import { keyText } from './key-text.ts';
import { KPI_COLUMNS, kpiValues } from './kpi-columns.ts';
import { Remembered } from './remembered.ts';
import type { CassandraSession, Statement } from './session.ts';
import {
  bucket,
  bucketStart,
  finite,
  HOUR_US,
  microseconds,
  TEN_MINUTES_US,
  timestamp,
  timestampRange,
} from './times.ts';
import { versionOf, type WindowVersion } from './window-versions.ts';

const KPI_ROWS_PER_PAGE = 200;
const FLOW_ROWS_PER_PAGE = 2000;
const KEYS_PER_PAGE = 2000;

const KPI = ['sensor', 'hour', 'window_start', 'weight', 'version', 'window_end', 'revision', 'complete'].concat(
  KPI_COLUMNS,
  ['flow_rows', 'evidence_rows', 'row'],
);
const WITHIN = `sensor = ? AND hour = ? AND window_start >= ? AND window_start < ?`;
const WINDOW = {
  kpi_by_window: `sensor = ? AND hour = ? AND window_start = ?`,
  evidence: `sensor = ? AND ten_minutes = ? AND window_start = ?`,
  observations: `sensor = ? AND ten_minutes = ? AND window_start = ?`,
  flows_by_window: `sensor = ? AND window_start = ?`,
};
type WindowTable = keyof typeof WINDOW;
const TABLES = Object.keys(WINDOW) as WindowTable[];
const older = (table: WindowTable): string => `FROM ${table} WHERE ${WINDOW[table]} AND (weight, version) < (?, ?)`;

const CQL = {
  putKpi: `INSERT INTO kpi_by_window (${KPI.join(', ')}) VALUES (${KPI.map(() => '?').join(', ')})`,
  putEvidence: `INSERT INTO evidence (sensor, ten_minutes, window_start, weight, version, detector, entity, features, row)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  hour: `INSERT INTO hours (sensor, hour) VALUES (?, ?)`,
  hours: `SELECT hour FROM hours WHERE sensor = ? AND hour >= ? AND hour < ?`,
  putObservations: `INSERT INTO observations (sensor, ten_minutes, window_start, weight, version, bytes)
    VALUES (?, ?, ?, ?, ?, ?)`,
  observations: `SELECT bytes FROM observations WHERE ${WINDOW.observations} AND weight = ? AND version = ?`,
  past: `SELECT window_start, weight, version, row FROM kpi_by_window WHERE ${WITHIN}`,
  rows: `SELECT window_start, row FROM kpi_by_window WHERE ${WITHIN}`,
  keys: `SELECT window_start, weight, version, flow_rows, evidence_rows FROM kpi_by_window WHERE ${WITHIN}`,
  evidence: `SELECT row FROM evidence WHERE ${WINDOW.evidence} AND weight = ? AND version = ?`,
};

/** A window's version that counts, and how many rows it has. */
export interface CountingWindow extends WindowVersion {
  readonly windowStartUs: number;
  readonly flowRows: number;
  readonly evidenceRows: number;
}

export interface OlderRows {
  readonly any: boolean;
  readonly hosts: ReadonlySet<string>;
}

export class WindowRows {
  readonly #session: CassandraSession;
  readonly #known = new Remembered();

  constructor(session: CassandraSession) {
    this.#session = session;
  }

  /** Writes a version of a window; it counts when this resolves, unless a better one does. */
  async put({ kpi, flows, evidence, observations }: WindowResult, version: WindowVersion): Promise<void> {
    const { sensor, windowStartUs } = kpi;
    if (windowStartUs % 1000 !== 0) {
      throw new PipelineError('USAGE', `a window cannot start at ${windowStartUs} µs: Cassandra keeps milliseconds`);
    }
    const hour = bucket(windowStartUs, HOUR_US);
    await Promise.all([
      this.#known.once([sensor, hour.getTime()], () =>
        this.#session.write({ cql: CQL.hour, values: [keyText(sensor), hour] }),
      ),
      this.#session.writePartition(flows.map((slice) => flowRow(slice, version))),
      this.#session.writePartition(evidence.map((found) => evidenceRow(found, version))),
      ...(observations === undefined ? [] : [this.#putObservations(kpi, version, observations)]),
    ]);
    const key = [sensor, hour, timestamp(windowStartUs), version.weight, version.version];
    const state = [timestamp(kpi.windowEndUs), kpi.revision, kpi.complete, ...kpiValues(windowPeriod(kpi))];
    const values = [...key, ...state, flows.length, evidence.length, JSON.stringify(kpi)];
    await this.#session.write({ cql: CQL.putKpi, values });
  }

  #putObservations(
    { sensor, windowStartUs }: KpiRow,
    { weight, version }: WindowVersion,
    bytes: Uint8Array,
  ): Promise<void> {
    const values = [...windowKey('observations', sensor, windowStartUs), weight, version, Buffer.from(bytes)];
    return this.#session.write({ cql: CQL.putObservations, values });
  }

  /** At most `limit` windows that count with their observations, in time order. */
  async past(sensor: string, range: TimeRange, limit: number): Promise<PastWindow[]> {
    const windows: { kpi: KpiRow; version: WindowVersion }[] = [];
    if (limit <= 0) return [];
    for await (const row of this.#within(CQL.past, sensor, range, KPI_ROWS_PER_PAGE)) {
      windows.push({ kpi: JSON.parse(row['row'] as string) as KpiRow, version: versionOf(row) });
      if (windows.length >= limit) break;
    }
    return Promise.all(
      windows.map(async ({ kpi, version: { weight, version } }) => {
        const key = [...windowKey('observations', sensor, kpi.windowStartUs), weight, version];
        const row = await this.#session.first(CQL.observations, key);
        return { kpi, observations: row?.['bytes'] as Uint8Array | undefined };
      }),
    );
  }

  /** The version of a window that counts; undefined when it was never scored. */
  async counting(sensor: string, windowStartUs: number): Promise<CountingWindow | undefined> {
    for await (const window of this.windows(sensor, { fromUs: windowStartUs, toUs: windowStartUs + 1 })) return window;
    return undefined;
  }

  /** Whether there are rows of a window that are worse than `best`, and the hosts of their flows. */
  async older(sensor: string, windowStartUs: number, best: WindowVersion): Promise<OlderRows> {
    const found = await Promise.all(
      TABLES.map((table) =>
        this.#session.first(`SELECT weight ${older(table)} LIMIT 1`, olderKey(table, sensor, windowStartUs, best)),
      ),
    );
    const hosts = new Set<string>();
    if (found.every((row) => row === undefined)) return { any: false, hosts };
    const flows = `SELECT source, destination ${older('flows_by_window')}`;
    const key = olderKey('flows_by_window', sensor, windowStartUs, best);
    for await (const row of this.#session.rows(flows, key, FLOW_ROWS_PER_PAGE)) {
      for (const host of [row['source'], row['destination']]) hosts.add(host as string);
    }
    return { any: true, hosts };
  }

  /** Deletes what is worse than `best`: it can never count again, also when somebody is still writing it. */
  async dropOlder(sensor: string, windowStartUs: number, best: WindowVersion): Promise<void> {
    await this.#session.writeAll(
      TABLES.map((table) => ({
        cql: `DELETE ${older(table)}`,
        values: olderKey(table, sensor, windowStartUs, best),
      })),
    );
  }

  /** Stored texts of the KPI rows that count, in time order. */
  async *rows(sensor: string, range: TimeRange): AsyncGenerator<string> {
    for await (const row of this.#within(CQL.rows, sensor, range, KPI_ROWS_PER_PAGE)) yield row['row'] as string;
  }

  /** The windows that count, in time order. */
  async *windows(sensor: string, range: TimeRange): AsyncGenerator<CountingWindow> {
    for await (const row of this.#within(CQL.keys, sensor, range, KEYS_PER_PAGE)) {
      yield {
        windowStartUs: microseconds(row['window_start'] as Date),
        ...versionOf(row),
        flowRows: row['flow_rows'] as number,
        evidenceRows: row['evidence_rows'] as number,
      };
    }
  }

  async *#within(cql: string, sensor: string, range: TimeRange, pageRows: number): AsyncGenerator<types.Row> {
    const [from, to] = timestampRange(range);
    for await (const hour of this.#hours(sensor, range)) {
      let last = NaN;
      for await (const row of this.#session.rows(cql, [sensor, hour, from, to], pageRows)) {
        const start = (row['window_start'] as Date).getTime();
        if (start !== last) yield row;
        last = start;
      }
    }
  }

  /** The hours with windows, asked of the index unless the range is so short that looking is as cheap. */
  async *#hours(sensor: string, range: TimeRange): AsyncGenerator<Date> {
    const { fromUs, toUs } = finite(range);
    const firstUs = bucketStart(fromUs, HOUR_US);
    if (toUs <= firstUs + HOUR_US) {
      if (toUs > fromUs) yield timestamp(firstUs);
      return;
    }
    const ends = [timestamp(firstUs), new Date(Math.ceil(toUs / 1000))];
    for await (const row of this.#session.rows(CQL.hours, [keyText(sensor), ...ends], KEYS_PER_PAGE)) {
      yield row['hour'] as Date;
    }
  }

  /** At most `limit` slices of a window's version, by session and flow. */
  async flows(sensor: string, window: CountingWindow, limit: number): Promise<FlowSlice[]> {
    const { windowStartUs, weight, version, flowRows } = window;
    const slices: FlowSlice[] = [];
    if (flowRows === 0) return slices;
    const key = [...windowKey('flows_by_window', sensor, windowStartUs), weight, version];
    const pageRows = Math.min(limit, FLOW_ROWS_PER_PAGE);
    for await (const row of this.#session.rows(SELECT_FLOWS, key, pageRows)) {
      slices.push(toFlowSlice(sensor, windowStartUs, row));
      if (slices.length >= limit) break;
    }
    return slices;
  }

  /** Those of them that a host is an end of; at most `limit`. */
  async hostFlows(sensor: string, host: string, window: CountingWindow, limit: number): Promise<FlowSlice[]> {
    const { windowStartUs, weight, version } = window;
    const key = [...windowKey('flows_by_window', sensor, windowStartUs), weight, version, host];
    const found = new Map<string, FlowSlice>();
    for (const cql of Object.values(SELECT_HOST_FLOWS)) {
      let read = 0;
      for await (const row of this.#session.rows(cql, key, Math.min(limit, FLOW_ROWS_PER_PAGE))) {
        const slice = toFlowSlice(sensor, windowStartUs, row);
        found.set(`${slice.flow}/${slice.session}`, slice);
        if (++read >= limit) break;
      }
    }
    const bySession = (a: FlowSlice, b: FlowSlice): number =>
      Buffer.compare(Buffer.from(a.session), Buffer.from(b.session));
    return [...found.values()].sort((a, b) => bySession(a, b) || a.flow - b.flow).slice(0, limit);
  }

  /** The evidence of a window's version, by detector and entity. */
  async evidence(
    sensor: string,
    { windowStartUs, weight, version, evidenceRows }: CountingWindow,
  ): Promise<Evidence[]> {
    if (evidenceRows === 0) return [];
    const rows = await this.#session.all(CQL.evidence, [
      ...windowKey('evidence', sensor, windowStartUs),
      weight,
      version,
    ]);
    return rows.map((row) => JSON.parse(row['row'] as string) as Evidence);
  }
}

function windowKey(table: WindowTable, sensor: string, windowStartUs: number): unknown[] {
  const start = timestamp(windowStartUs);
  switch (table) {
    case 'kpi_by_window':
      return [sensor, bucket(windowStartUs, HOUR_US), start];
    case 'evidence':
    case 'observations':
      return [sensor, bucket(windowStartUs, TEN_MINUTES_US), start];
    case 'flows_by_window':
      return [sensor, start];
  }
}

function olderKey(table: WindowTable, sensor: string, windowStartUs: number, best: WindowVersion): unknown[] {
  return [...windowKey(table, sensor, windowStartUs), best.weight, best.version];
}

function evidenceRow(found: Evidence, { weight, version }: WindowVersion): Statement {
  const { sensor, windowStartUs, detector, entity, features } = found;
  const key = [...windowKey('evidence', sensor, windowStartUs), weight, version, detector, entity];
  return { cql: CQL.putEvidence, values: [...key, new Map(Object.entries(features)), JSON.stringify(found)] };
}
