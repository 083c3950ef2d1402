/** ResultStore in SQLite: KPI, evidence and alert rows with their nested parts as JSON, flow slices as plain columns. */
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import type { UsualRow } from '@tapline/core/detect/usual';
import { isSameAlert } from '@tapline/core/digest/same-alert';
import type { ScoreRow } from '@tapline/core/history/score-row';
import { hostActivities, type HostActivity } from '@tapline/core/kpi/host-activity';
import type { FlowSlice, KpiRow } from '@tapline/core/kpi/kpi-row';
import type {
  Clock,
  HostOrder,
  PastWindow,
  ResultStore,
  SensorSummary,
  TimeRange,
  WindowResult,
} from '@tapline/core/ports';
import type { SqliteDatabase } from './database.ts';
import { flowValues, FLOW_COLUMNS, toFlowSlice } from './flow-row.ts';

/** Flow rows per INSERT: a row costs less the more share a statement; SQLite allows 32,766 values. */
const ROWS_PER_INSERT = 50;

/** A LIMIT is a whole number to SQLite, and -1 is its word for none. */
const sqlLimit = (limit: number): number => (Number.isFinite(limit) ? limit : -1);

const insertFlows = (rows: number): string => {
  const row = `(${FLOW_COLUMNS.map(() => '?').join(',')})`;
  return `INSERT INTO flow (${FLOW_COLUMNS.join(',')}) VALUES ${Array<string>(rows).fill(row).join(',')}`;
};

const SQL = {
  putKpi: `INSERT OR REPLACE INTO kpi VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  dropFlows: `DELETE FROM flow WHERE sensor_id = ? AND window_start_us = ?`,
  dropEvidence: `DELETE FROM evidence WHERE sensor_id = ? AND window_start_us = ?`,
  putEvidence: `INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?, ?)`,
  putAlert: `INSERT OR REPLACE INTO alert VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  oneFlow: insertFlows(1),
  manyFlows: insertFlows(ROWS_PER_INSERT),
  kpis: `SELECT row FROM kpi WHERE sensor_id = ? AND window_start_us >= ? AND window_start_us < ?
    ORDER BY window_start_us LIMIT ?`,
  pastWindows: `SELECT row, observations FROM kpi WHERE sensor_id = ? AND window_start_us >= ? AND window_start_us < ?
    ORDER BY window_start_us LIMIT ?`,
  flows: `SELECT ${FLOW_COLUMNS.join(',')} FROM flow WHERE sensor_id = ? AND window_start_us >= ? AND window_start_us < ?
    ORDER BY window_start_us, session_id, flow`,
  firstFlows: `SELECT ${FLOW_COLUMNS.join(',')} FROM flow JOIN name ON name.id = session_id
    WHERE sensor_id = ? AND window_start_us >= ? AND window_start_us < ?
    ORDER BY window_start_us, name.text, flow LIMIT ?`,
  hostFlows: `SELECT ${FLOW_COLUMNS.join(',')} FROM flow JOIN name ON name.id = session_id
    WHERE sensor_id = ? AND window_start_us = ? AND (source = ? OR destination = ?) ORDER BY name.text, flow LIMIT ?`,
  putHost: `INSERT INTO host VALUES (?, ?, ?, ?)`,
  // Left to itself, SQLite walks through all hosts of the sensor.
  dropHosts: `DELETE FROM host INDEXED BY host_window WHERE sensor_id = ? AND window_start_us = ?`,
  newestOfHost: `SELECT window_start_us, row FROM host WHERE sensor_id = ? AND host = ? AND window_start_us >= ? AND window_start_us < ?
    ORDER BY window_start_us DESC LIMIT ?`,
  oldestOfHost: `SELECT window_start_us, row FROM host WHERE sensor_id = ? AND host = ? AND window_start_us >= ? AND window_start_us < ?
    ORDER BY window_start_us LIMIT ?`,
  sessionOrder: `SELECT id FROM name ORDER BY text`,
  evidence: `SELECT row FROM evidence WHERE sensor_id = ? AND window_start_us >= ? AND window_start_us < ?
    ORDER BY window_start_us, detector, entity`,
  // Alerts of any length overlap a range, so one index finds them from the first on, the other from the last.
  alertExtent: `SELECT (SELECT min(window_start_us) FROM alert WHERE sensor_id = ?1) AS first_us,
    (SELECT max(window_end_us) FROM alert WHERE sensor_id = ?1) AS last_us`,
  earlyAlerts: `SELECT row FROM alert WHERE sensor_id = ? AND window_start_us < ? AND +window_end_us > ?
    ORDER BY window_start_us, id`,
  lateAlerts: `SELECT row FROM alert WHERE sensor_id = ? AND +window_start_us < ? AND window_end_us > ?
    ORDER BY window_start_us, id`,
  provisional: `SELECT row FROM alert INDEXED BY alert_provisional
    WHERE sensor_id = ? AND state = 'provisional' ORDER BY window_start_us, id`,
  alert: `SELECT row FROM alert WHERE id = ?`,
  putUsual: `INSERT OR REPLACE INTO usual VALUES (?, ?, ?, ?, ?, ?)`,
  usual: `SELECT row FROM usual WHERE sensor_id = ? AND window_start_us >= ? AND window_start_us < ?
    ORDER BY window_start_us, detector, feature, entity`,
  putScore: `INSERT OR REPLACE INTO history_score VALUES (?, ?, ?)`,
  scores: `SELECT row FROM history_score WHERE sensor_id = ? AND window_start_us >= ? AND window_start_us < ?
    ORDER BY window_start_us`,
  sensors: `SELECT name.text AS sensor, count(*) AS windows, min(window_start_us) AS first_us, max(window_start_us) AS last_us
    FROM kpi INDEXED BY kpi_window JOIN name ON name.id = sensor_id GROUP BY sensor_id ORDER BY name.text`,
};

export class SqliteResultStore implements ResultStore {
  readonly #database: SqliteDatabase;
  readonly #clock: Clock;

  constructor(database: SqliteDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  putWindow(result: WindowResult): Promise<void> {
    return this.#database.write(() => {
      const { kpi, flows, evidence } = result;
      const key = [this.#database.nameId(kpi.sensor), kpi.windowStartUs] as const;
      this.#database
        .statement(SQL.putKpi)
        .run(
          ...key,
          kpi.windowEndUs,
          kpi.revision,
          kpi.complete ? 1 : 0,
          kpi.arrived.packets,
          kpi.arrived.bytes,
          this.#clock.nowUs(),
          JSON.stringify(kpi),
          result.observations ?? null,
        );
      this.#database.statement(SQL.dropEvidence).run(...key);
      for (const found of evidence) {
        const { detector, entity } = found;
        this.#database.statement(SQL.putEvidence).run(...key, detector, entity, JSON.stringify(found));
      }
      this.#database.statement(SQL.dropFlows).run(...key);
      this.#putFlows(key[0], flows);
      this.#putHosts(...key, flows);
    });
  }

  #putFlows(sensorId: number, flows: readonly FlowSlice[]): void {
    const many = this.#database.statement(SQL.manyFlows);
    const one = this.#database.statement(SQL.oneFlow);
    const values: (number | string)[] = [];
    for (let i = 0; i < flows.length; i++) {
      const slice = flows[i]!;
      flowValues(sensorId, this.#database.nameId(slice.session), slice, values);
      if (values.length === ROWS_PER_INSERT * FLOW_COLUMNS.length) {
        many.run(...values);
        values.length = 0;
      }
    }
    for (let i = 0; i < values.length; i += FLOW_COLUMNS.length) one.run(...values.slice(i, i + FLOW_COLUMNS.length));
  }

  #putHosts(sensorId: number, windowStartUs: number, flows: readonly FlowSlice[]): void {
    this.#database.statement(SQL.dropHosts).run(sensorId, windowStartUs);
    for (const { host, windowStartUs: startUs, ...activity } of hostActivities(windowStartUs, flows).values()) {
      this.#database.statement(SQL.putHost).run(sensorId, host, startUs, JSON.stringify(activity));
    }
  }

  kpis(sensor: string, range: TimeRange, limit = Infinity): Promise<KpiRow[]> {
    return this.#rows<KpiRow>(SQL.kpis, sensor, range.fromUs, range.toUs, sqlLimit(limit));
  }

  pastWindows(sensor: string, { fromUs, toUs }: TimeRange, limit: number): Promise<PastWindow[]> {
    return this.#database.read(() => {
      const place = [this.#database.findNameId(sensor) ?? null, fromUs, toUs, sqlLimit(limit)] as const;
      const rows = this.#database.statement(SQL.pastWindows).all(...place);
      return rows.map((row) => ({
        kpi: JSON.parse(row['row'] as string) as KpiRow,
        observations: (row['observations'] as Uint8Array | null) ?? undefined,
      }));
    });
  }

  flows(sensor: string, range: TimeRange, limit = Infinity): Promise<FlowSlice[]> {
    return this.#database.read(() => {
      const place = [this.#database.findNameId(sensor) ?? null, range.fromUs, range.toUs] as const;
      if (Number.isFinite(limit)) return this.#slices(sensor, SQL.firstFlows, ...place, limit);
      // The order of the key needs no sorting; ids have the order of names unless a range holds several sessions.
      const slices = this.#slices(sensor, SQL.flows, ...place);
      const isOneSession = slices.every((slice) => slice.session === slices[0]!.session);
      return isOneSession ? slices : this.#sortBySession(slices);
    });
  }

  hostWindows(
    sensor: string,
    host: string,
    { fromUs, toUs }: TimeRange,
    limit: number,
    first: HostOrder = 'newest',
  ): Promise<HostActivity[]> {
    return this.#database.read(() => {
      const statement = this.#database.statement(first === 'newest' ? SQL.newestOfHost : SQL.oldestOfHost);
      const rows = statement.all(this.#database.findNameId(sensor) ?? null, host, fromUs, toUs, sqlLimit(limit));
      const found = rows.map((row) => ({
        ...(JSON.parse(row['row'] as string) as Omit<HostActivity, 'host' | 'windowStartUs'>),
        host,
        windowStartUs: Number(row['window_start_us']),
      }));
      return first === 'newest' ? found.reverse() : found;
    });
  }

  hostFlows(sensor: string, host: string, windowStartUs: number, limit: number): Promise<FlowSlice[]> {
    return this.#database.read(() => {
      const sensorId = this.#database.findNameId(sensor) ?? null;
      return this.#slices(sensor, SQL.hostFlows, sensorId, windowStartUs, host, host, limit);
    });
  }

  #slices(sensor: string, sql: string, ...values: (number | string | null)[]): FlowSlice[] {
    const statement = this.#database.statement(sql);
    statement.setReturnArrays(true);
    const rows = statement.all(...values) as unknown as (number | string)[][];
    return rows.map((row) => toFlowSlice(sensor, this.#database.name(row[2] as number), row));
  }

  #sortBySession(slices: FlowSlice[]): FlowSlice[] {
    const ids = this.#database.statement(SQL.sessionOrder).all();
    const rank = new Map(ids.map((row, i) => [this.#database.name(Number(row['id'])), i]));
    return slices.sort(
      (a, b) => a.windowStartUs - b.windowStartUs || rank.get(a.session)! - rank.get(b.session)! || a.flow - b.flow,
    );
  }

  evidence(sensor: string, range: TimeRange): Promise<Evidence[]> {
    return this.#rows<Evidence>(SQL.evidence, sensor, range.fromUs, range.toUs);
  }

  putAlerts(alerts: readonly Alert[]): Promise<void> {
    return this.#database.write(() => {
      this.#putAlerts(alerts);
    });
  }

  concludeAlerts(alerts: readonly Alert[]): Promise<void> {
    return this.#database.write(() => {
      this.#putAlerts(
        alerts.filter((alert) => {
          const known = this.#alert(alert.id);
          return known !== undefined && isSameAlert(known, alert);
        }),
      );
    });
  }

  #putAlerts(alerts: readonly Alert[]): void {
    for (const alert of alerts) {
      this.#database
        .statement(SQL.putAlert)
        .run(
          alert.id,
          this.#database.nameId(alert.sensor),
          alert.detector,
          alert.entity,
          alert.windowStartUs,
          alert.windowEndUs,
          alert.severity,
          alert.score,
          alert.state,
          this.#clock.nowUs(),
          JSON.stringify(alert),
        );
    }
  }

  alerts(sensor: string, { fromUs, toUs }: TimeRange): Promise<Alert[]> {
    const extent = this.#database.statement(SQL.alertExtent).get(this.#database.findNameId(sensor) ?? null);
    const before = Math.max(0, toUs - Number(extent?.['first_us']));
    const after = Math.max(0, Number(extent?.['last_us']) - fromUs);
    return this.#rows<Alert>(after < before ? SQL.lateAlerts : SQL.earlyAlerts, sensor, toUs, fromUs);
  }

  alert(id: string): Promise<Alert | undefined> {
    return this.#database.read(() => this.#alert(id));
  }

  #alert(id: string): Alert | undefined {
    const row = this.#database.statement(SQL.alert).get(id);
    return row && (JSON.parse(row['row'] as string) as Alert);
  }

  provisional(sensor: string): Promise<Alert[]> {
    return this.#rows<Alert>(SQL.provisional, sensor);
  }

  putUsual(rows: readonly UsualRow[]): Promise<void> {
    return this.#database.write(() => {
      for (const row of rows) {
        const { sensor, windowStartUs, detector, feature, entity } = row;
        const key = [this.#database.nameId(sensor), windowStartUs, detector, feature, entity] as const;
        this.#database.statement(SQL.putUsual).run(...key, JSON.stringify(row));
      }
    });
  }

  usual(sensor: string, range: TimeRange): Promise<UsualRow[]> {
    return this.#rows<UsualRow>(SQL.usual, sensor, range.fromUs, range.toUs);
  }

  putScores(rows: readonly ScoreRow[]): Promise<void> {
    return this.#database.write(() => {
      for (const row of rows) {
        const key = [this.#database.nameId(row.sensor), row.windowStartUs] as const;
        this.#database.statement(SQL.putScore).run(...key, JSON.stringify(row));
      }
    });
  }

  scores(sensor: string, range: TimeRange): Promise<ScoreRow[]> {
    return this.#rows<ScoreRow>(SQL.scores, sensor, range.fromUs, range.toUs);
  }

  sensors(): Promise<SensorSummary[]> {
    return this.#database.read(() => {
      const rows = this.#database.statement(SQL.sensors).all();
      return rows.map((row) => ({
        sensor: row['sensor'] as string,
        windows: Number(row['windows']),
        firstUs: Number(row['first_us']),
        lastUs: Number(row['last_us']),
      }));
    });
  }

  #rows<T>(sql: string, sensor: string, ...values: number[]): Promise<T[]> {
    return this.#database.read(() => {
      const rows = this.#database.statement(sql).all(this.#database.findNameId(sensor) ?? null, ...values);
      return rows.map((row) => JSON.parse(row['row'] as string) as T);
    });
  }
}
