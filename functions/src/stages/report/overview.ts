/** `/overview`: everything the first view of the page draws, in one answer. */
import { isAboutSensor, SEVERITIES } from '@tapline/core/detect/alert';
import type { ExplainedAlert } from '@tapline/core/history/explain-usual';
import { presentAlerts } from '@tapline/core/history/present-alerts';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import type { TimeRange } from '@tapline/core/ports';
import { conversations } from '@tapline/core/report/conversations';
import { scoreSeries, type ScoreSeries } from '@tapline/core/report/score-series';
import { SensorHealth, type SensorFinding } from '@tapline/core/report/sensor-health';
import { blindGaps, seriesGaps, trafficSeries } from '@tapline/core/report/series';
import type { Overview, PreviousTime, RunStatus } from '@tapline/core/report/snapshot';
import { rangeTops, rangeTotals } from '@tapline/core/report/tops';
import type { EarlyWindow, ReportPorts } from '../report.ts';
import { readUsual } from '../read-usual.ts';
import { readBooks } from './books.ts';
import { range, text } from './query.ts';
import { chooseSensor } from './sensors.ts';
import { triageMarks } from './triage.ts';

const ALERTS_MOST = 500;
const DEFAULT_WINDOW_US = 10_000_000;
const EMPTY_RANGE: TimeRange = { fromUs: 0, toUs: 1 };

const runOf = (ports: ReportPorts, heartbeats: readonly Heartbeat[]): RunStatus => {
  if (ports.run !== undefined) return ports.run();
  const over = heartbeats.length > 0 && heartbeats.every((heartbeat) => heartbeat.final);
  const state = heartbeats.length === 0 ? 'waiting' : over ? 'finished' : 'running';
  return { state, progress: null, source: null, speed: null };
};

const mostSevereFirst = (alerts: readonly ExplainedAlert[]): ExplainedAlert[] =>
  alerts.toSorted(
    (a, b) =>
      SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
      b.windowStartUs - a.windowStartUs ||
      (a.id < b.id ? -1 : 1),
  );

const widthOf = (heartbeats: readonly Heartbeat[]): number => heartbeats.at(-1)?.windowUs ?? DEFAULT_WINDOW_US;

export async function windowWidthUs(ports: ReportPorts, sensor: string): Promise<number> {
  return widthOf(await ports.ledger.lastHeartbeats(sensor));
}

/** Rows of the windows that overlap the range, ascending. Stores find windows by their start, so the ask begins earlier. */
export async function rowsWithin(
  ports: ReportPorts,
  sensor: string,
  within: TimeRange,
  windowUs: number,
): Promise<KpiRow[]> {
  const rows = await ports.results.kpis(sensor, { fromUs: within.fromUs - windowUs, toUs: within.toUs });
  return rows
    .filter((row) => row.windowEndUs > within.fromUs && row.windowStartUs < within.toUs)
    .sort((a, b) => a.windowStartUs - b.windowStartUs);
}

const scoresOf = async (
  ports: ReportPorts,
  sensor: string | null,
  within: TimeRange | null,
  windowUs: number,
): Promise<ScoreSeries> => {
  if (sensor === null || within === null) return scoreSeries([], EMPTY_RANGE, windowUs);
  const rows = await ports.results.scores(sensor, { fromUs: within.fromUs - windowUs, toUs: within.toUs });
  const overlapping = rows.filter(({ windowEndUs }) => windowEndUs > within.fromUs);
  return scoreSeries(overlapping, within, windowUs);
};

const healthOf = (rows: readonly KpiRow[], heartbeats: readonly Heartbeat[]): SensorFinding[] => {
  const health = new SensorHealth();
  for (const row of rows) health.add(row);
  return health.findings(heartbeats);
};

/** The whole extent widened to whole windows, so that the axis does not tremble while a capture replays. */
export const wholeWindows = (firstUs: number, lastUs: number, windowUs: number): TimeRange => ({
  fromUs: Math.floor(firstUs / windowUs) * windowUs,
  toUs: (Math.floor(lastUs / windowUs) + 1) * windowUs,
});

/**
 * The extent, the windows under way after it, and the time that a blind sensor cannot see: silence at the end must not
 * look like the end.
 */
const untilNow = async (
  ports: ReportPorts,
  sensor: string | null,
  extent: TimeRange | null,
  early: readonly EarlyWindow[],
): Promise<TimeRange | null> => {
  if (sensor === null || extent === null) return extent;
  const blind = (await ports.results.provisional(sensor)).filter(isAboutSensor);
  const ends = [...early, ...blind].map(({ windowEndUs }) => windowEndUs);
  return { fromUs: extent.fromUs, toUs: Math.max(extent.toUs, ...ends) };
};

/** What is stored of the time before `within`, as long as it; nothing is before everything there is. */
const previousTime = async (
  ports: ReportPorts,
  sensor: string,
  within: TimeRange,
  windowUs: number,
  closedToUs: number | null,
): Promise<PreviousTime | null> => {
  const before = { fromUs: within.fromUs - (within.toUs - within.fromUs), toUs: within.fromUs };
  const rows = await rowsWithin(ports, sensor, before, windowUs);
  const [first] = rows;
  if (first === undefined) return null;
  const range = { fromUs: Math.max(before.fromUs, first.windowStartUs), toUs: before.toUs };
  return { range, series: trafficSeries(rows, before), gaps: seriesGaps(rows, range, closedToUs) };
};

/** Parameters: `sensor`, `from` and `to` (microseconds; default: everything), `usual` (`show`: alerts that are usual for their host, too). */
export async function overview(ports: ReportPorts, query: URLSearchParams): Promise<Overview> {
  const asked = range(query);
  const { sensors, chosen } = await chooseSensor(ports, query);
  const sensor = chosen?.sensor ?? null;
  const heartbeats = sensor === null ? [] : await ports.ledger.lastHeartbeats(sensor);
  const windowUs = widthOf(heartbeats);
  // Asked before the rows: what is scored in between is in both, and counted by its row.
  const early = sensor === null ? [] : ((await ports.early?.(sensor)) ?? []);
  const stored = chosen === undefined ? null : wholeWindows(chosen.firstUs, chosen.lastUs, windowUs);
  const extent = await untilNow(ports, sensor, stored, early);
  const within = asked ?? extent;
  const known = sensor !== null && within !== null;
  const books = await readBooks(ports, sensor);
  const rows = known ? await rowsWithin(ports, sensor, within, windowUs) : [];
  const scored = new Set(rows.map(({ windowStartUs }) => windowStartUs));
  const underWay = early.filter(({ windowStartUs }) => !scored.has(windowStartUs));
  const previous = known && asked ? await previousTime(ports, sensor, within, windowUs, books.closedToUs) : null;
  const all = known ? await ports.results.alerts(sensor, within) : [];
  const { shown, suppressed, usualHidden } = presentAlerts(all, {
    allowList: ports.allowList?.() ?? [],
    usual: await readUsual(all, ports.results),
    withUsual: text(query, 'usual', 20) === 'show',
  });
  const alerts = mostSevereFirst(shown);
  const listed = alerts.slice(0, ALERTS_MOST);
  return {
    version: 1,
    sensor,
    sensors,
    run: runOf(ports, heartbeats),
    books,
    health: healthOf(rows, heartbeats),
    extent,
    range: known ? within : null,
    windowUs,
    series: trafficSeries([...rows, ...underWay], within ?? EMPTY_RANGE),
    gaps: known ? [...seriesGaps(rows, within, books.closedToUs), ...blindGaps(all, within)] : [],
    previous,
    scores: await scoresOf(ports, sensor, within, windowUs),
    totals: rangeTotals(rows),
    tops: rangeTops(rows),
    conversations: conversations(rows),
    alerts: listed,
    suppressed,
    usualHidden,
    alertsLeftOff: alerts.length - listed.length,
    triage: await triageMarks(ports, listed),
  };
}
