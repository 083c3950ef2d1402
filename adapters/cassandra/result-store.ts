/** ResultStore in Cassandra. How a window is replaced as a whole, without locks, is told in window-versions.ts. */
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import type { UsualRow } from '@tapline/core/detect/usual';
import { PipelineError } from '@tapline/core/errors';
import type { ScoreRow } from '@tapline/core/history/score-row';
import type { HostActivity } from '@tapline/core/kpi/host-activity';
import type { FlowSlice, KpiRow } from '@tapline/core/kpi/kpi-row';
import type { HostOrder, PastWindow, ResultStore, SensorSummary, TimeRange, WindowResult } from '@tapline/core/ports';
import { AlertRows } from './alert-rows.ts';
import { ArrivalStamps } from './arrival-stamps.ts';
import type { Directory } from './directory.ts';
import { hostRemoval, hostRows, readHost } from './host-rows.ts';
import { keyText } from './key-text.ts';
import { KpiRollups } from './kpi-rollups.ts';
import { ScoreRows } from './score-rows.ts';
import type { CassandraSession } from './session.ts';
import { microseconds } from './times.ts';
import { UsualRows } from './usual-rows.ts';
import { WindowRows, type CountingWindow } from './window-rows.ts';
import { isSame, weightOf } from './window-versions.ts';

/** Times that a window is looked at again while others score it. */
const ROUNDS_MOST = 16;
const PAGE_ROWS = 1000;

const SELECT_HOURS = `SELECT windows, first_window, last_window FROM hours WHERE sensor = ?`;

export class CassandraResultStore implements ResultStore {
  readonly #session: CassandraSession;
  readonly #directory: Directory;
  readonly #stamps: ArrivalStamps;
  readonly #windows: WindowRows;
  readonly #rollups: KpiRollups;
  readonly #alerts: AlertRows;
  readonly #usual: UsualRows;
  readonly #scores: ScoreRows;

  constructor(session: CassandraSession, directory: Directory) {
    this.#session = session;
    this.#directory = directory;
    this.#stamps = new ArrivalStamps(directory);
    this.#windows = new WindowRows(session);
    this.#rollups = new KpiRollups(session, this.#stamps);
    this.#alerts = new AlertRows(session, this.#stamps);
    this.#usual = new UsualRows(session, this.#stamps);
    this.#scores = new ScoreRows(session, this.#stamps);
  }

  /**
   * Writes the window, and then brings what is made from it into step with whichever scoring of it counts now: usually
   * this one; a better one when somebody else knew more of the window.
   */
  async putWindow(result: WindowResult): Promise<void> {
    const { sensor, windowStartUs } = result.kpi;
    const own = { weight: weightOf(result.kpi), version: this.#stamps.next() };
    await this.#directory.addSensor(sensor);
    await this.#windows.put(result, own);
    let settled: CountingWindow | undefined;
    let hosts: ReadonlySet<string> | undefined;
    for (let round = 0; round < ROUNDS_MOST; round++) {
      const best = await this.#windows.counting(sensor, windowStartUs);
      if (best === undefined || isSame(best, settled)) return;
      hosts = await this.#follow(best, isSame(best, own) ? result : await this.#read(sensor, best), hosts);
      settled = best;
    }
    throw changing(sensor, windowStartUs);
  }

  /**
   * Brings what is made from a window into step. Rows of worse scorings go last: as long as they are there, whoever comes
   * next knows that the rest may not be done.
   * @param before hosts with rows that this call has written from a scoring that does not count any more, if it has
   * @returns hosts with rows now
   */
  async #follow(
    best: CountingWindow,
    { kpi, flows }: Pick<WindowResult, 'kpi' | 'flows'>,
    before: ReadonlySet<string> | undefined,
  ): Promise<ReadonlySet<string>> {
    const { sensor, windowStartUs } = kpi;
    const older = await this.#windows.older(sensor, windowStartUs, best);
    const hosts = hostRows(sensor, windowStartUs, flows);
    const gone = [...older.hosts, ...(before ?? [])].filter((host) => !hosts.has(host));
    const isReplaced = older.any || before !== undefined;
    await Promise.all([
      this.#rollups.putSeconds(kpi, isReplaced),
      this.#rollups.update(sensor, windowStartUs),
      this.#session.writeAll([...hosts.values(), ...gone.map((host) => hostRemoval(sensor, windowStartUs, host))]),
    ]);
    if (older.any) await this.#windows.dropOlder(sensor, windowStartUs, best);
    return new Set(hosts.keys());
  }

  async #read(sensor: string, window: CountingWindow): Promise<Pick<WindowResult, 'kpi' | 'flows'>> {
    const { windowStartUs } = window;
    const [kpi] = await this.kpis(sensor, { fromUs: windowStartUs, toUs: windowStartUs + 1 });
    const flows = await this.#windows.flows(sensor, window, Infinity);
    if (kpi === undefined) throw changing(sensor, windowStartUs);
    return { kpi, flows };
  }

  async kpis(sensor: string, range: TimeRange, limit = Infinity): Promise<KpiRow[]> {
    const rows: KpiRow[] = [];
    if (limit <= 0) return rows;
    for await (const row of this.#windows.rows(sensor, range)) {
      rows.push(JSON.parse(row) as KpiRow);
      if (rows.length >= limit) break;
    }
    return rows;
  }

  pastWindows(sensor: string, range: TimeRange, limit: number): Promise<PastWindow[]> {
    return this.#windows.past(sensor, range, limit);
  }

  async flows(sensor: string, range: TimeRange, limit = Infinity): Promise<FlowSlice[]> {
    const slices: FlowSlice[] = [];
    for await (const window of this.#windows.windows(sensor, range)) {
      const room = limit - slices.length;
      if (room <= 0) break;
      const read = (counting: CountingWindow): Promise<FlowSlice[]> => this.#windows.flows(sensor, counting, room);
      const own = await this.#whole(sensor, window, read, (counting) => Math.min(counting.flowRows, room));
      for (const slice of own) slices.push(slice);
    }
    return slices;
  }

  async hostWindows(
    sensor: string,
    host: string,
    range: TimeRange,
    limit: number,
    first: HostOrder = 'newest',
  ): Promise<HostActivity[]> {
    const found = await readHost(this.#session, { sensor, host }, range, { limit, first });
    return first === 'newest' ? found.reverse() : found;
  }

  async hostFlows(sensor: string, host: string, windowStartUs: number, limit: number): Promise<FlowSlice[]> {
    const window = await this.#windows.counting(sensor, windowStartUs);
    return window === undefined ? [] : this.#windows.hostFlows(sensor, host, window, limit);
  }

  async evidence(sensor: string, range: TimeRange): Promise<Evidence[]> {
    const found: Evidence[] = [];
    for await (const window of this.#windows.windows(sensor, range)) {
      const read = (counting: CountingWindow): Promise<Evidence[]> => this.#windows.evidence(sensor, counting);
      found.push(...(await this.#whole(sensor, window, read, (counting) => counting.evidenceRows)));
    }
    return found;
  }

  /**
   * The rows of a window, all of one version. Where some are missing, a better version has just taken its place; where
   * none has, they have expired.
   */
  async #whole<T>(
    sensor: string,
    window: CountingWindow,
    read: (counting: CountingWindow) => Promise<T[]>,
    expected: (counting: CountingWindow) => number,
  ): Promise<T[]> {
    let counting = window;
    for (let round = 0; round < ROUNDS_MOST; round++) {
      const rows = await read(counting);
      if (rows.length >= expected(counting)) return rows;
      const now = await this.#windows.counting(sensor, window.windowStartUs);
      if (now === undefined || isSame(now, counting)) return rows;
      counting = now;
    }
    throw changing(sensor, window.windowStartUs);
  }

  async putAlerts(alerts: readonly Alert[]): Promise<void> {
    await Promise.all([...new Set(alerts.map(({ sensor }) => sensor))].map((one) => this.#directory.addSensor(one)));
    await this.#alerts.put(alerts);
  }

  concludeAlerts(alerts: readonly Alert[]): Promise<void> {
    return this.#alerts.conclude(alerts);
  }

  alerts(sensor: string, range: TimeRange): Promise<Alert[]> {
    return this.#alerts.overlapping(sensor, range);
  }

  alert(id: string): Promise<Alert | undefined> {
    return this.#alerts.one(id);
  }

  provisional(sensor: string): Promise<Alert[]> {
    return this.#alerts.provisional(sensor);
  }

  putUsual(rows: readonly UsualRow[]): Promise<void> {
    return this.#usual.put(rows);
  }

  usual(sensor: string, range: TimeRange): Promise<UsualRow[]> {
    return this.#usual.within(sensor, range);
  }

  putScores(rows: readonly ScoreRow[]): Promise<void> {
    return this.#scores.put(rows);
  }

  scores(sensor: string, range: TimeRange): Promise<ScoreRow[]> {
    return this.#scores.within(sensor, range);
  }

  async sensors(): Promise<SensorSummary[]> {
    const found: SensorSummary[] = [];
    for await (const sensor of this.#directory.sensors()) {
      const summary = await this.#summary(sensor);
      if (summary.windows > 0) found.push(summary);
    }
    return found;
  }

  async #summary(sensor: string): Promise<SensorSummary> {
    let windows = 0;
    let firstUs = Infinity;
    let lastUs = -Infinity;
    for await (const row of this.#session.rows(SELECT_HOURS, [keyText(sensor)], PAGE_ROWS)) {
      const own = row['windows'] as number | null;
      // The row of an hour is there before its first window is.
      if (own === null) continue;
      windows += own;
      firstUs = Math.min(firstUs, microseconds(row['first_window'] as Date));
      lastUs = Math.max(lastUs, microseconds(row['last_window'] as Date));
    }
    return { sensor, windows, firstUs, lastUs };
  }
}

function changing(sensor: string, windowStartUs: number): PipelineError {
  return new PipelineError(
    'STORE',
    `window ${windowStartUs} of sensor ${sensor} is being scored by others all the time`,
    {
      retriable: true,
    },
  );
}
