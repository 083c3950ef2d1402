/**
 * `/hosts`, `/hosts/<address>`, `/hosts/<address>/flows` and `…/ports`: who was there, and what one of them did. Each answer reads a
 * bounded number of windows; one that reads less than was asked for says where it began.
 */
import { isAboutSensor, type Alert } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import type { FlowSlice } from '@tapline/core/kpi/kpi-row';
import { formatAddress, parseAddress } from '@tapline/core/packet/address';
import { splitEndpoint } from '@tapline/core/packet/host-range';
import type { TimeRange } from '@tapline/core/ports';
import {
  hostLines,
  hostSeries,
  hostTops,
  hostTotals,
  type HostFlows,
  type HostList,
  type HostReport,
} from '@tapline/core/report/host-report';
import { portMap, type HostPorts } from '@tapline/core/report/host-ports';
import { sumFlows } from './flows.ts';
import { rowsWithin } from './overview.ts';
import type { ReportPorts } from '../report.ts';
import { pageLimit, timeUs, whole } from './query.ts';
import { shownTime } from './shown.ts';

/** Windows of a host read for one answer: more than a day of ten seconds each. */
const WINDOWS_MOST = 10_000;
/** Windows whose flows are read for one answer, and flow slices of each. */
const FLOW_WINDOWS_MOST = 60;
const SLICES_PER_WINDOW_MOST = 2000;
/** The same for the map of ports, which needs all of a scan. */
const MAP_SLICES_PER_WINDOW_MOST = 5000;
const MAP_SLICES_MOST = 30_000;
const ALERTS_MOST = 200;

/** The one spelling of an address, by which it is stored. Throws USAGE when it is none. */
const addressOf = (text: string): string => {
  const address = parseAddress(text);
  if (address === undefined) throw new PipelineError('USAGE', 'a host is named by its IP or MAC address');
  return formatAddress(address.words, 0, address.type);
};

/** Hosts that an alert is about, or that it names. */
const hostsOf = ({ entity, contributors, filter }: Alert): Set<string> =>
  new Set(
    [entity, filter.host ?? '', filter.peer ?? '', ...contributors.map(({ key }) => key)]
      .map((name) => splitEndpoint(name).host)
      .filter((name) => parseAddress(name) !== undefined),
  );

const standing = (alerts: readonly Alert[]): Alert[] =>
  alerts.filter((alert) => alert.state !== 'withdrawn' && !isAboutSensor(alert));

/** Parameters: `sensor`, `from`, `to`, `limit`, `after`. */
export async function hostList(ports: ReportPorts, query: URLSearchParams): Promise<HostList> {
  const { sensor, within, windowUs } = await shownTime(ports, query);
  const limit = pageLimit(query);
  const skip = whole(query, 'after', 0, 1e9) ?? 0;
  const rows = await rowsWithin(ports, sensor, within, windowUs);
  const alertsOf = new Map<string, number>();
  for (const { entity } of standing(await ports.results.alerts(sensor, within))) {
    const { host } = splitEndpoint(entity);
    if (parseAddress(host) !== undefined) alertsOf.set(host, (alertsOf.get(host) ?? 0) + 1);
  }
  const lines = hostLines(rows, alertsOf);
  const end = skip + limit;
  return {
    version: 1,
    sensor,
    range: within,
    hosts: lines.slice(skip, end),
    total: lines.length,
    next: end < lines.length ? String(end) : null,
  };
}

const seen = async (ports: ReportPorts, sensor: string, host: string, all: TimeRange): Promise<(number | null)[]> => {
  const [[oldest], [newest]] = await Promise.all([
    ports.results.hostWindows(sensor, host, all, 1, 'oldest'),
    ports.results.hostWindows(sensor, host, all, 1, 'newest'),
  ]);
  return [oldest?.windowStartUs ?? null, newest?.windowStartUs ?? null];
};

/** Parameters: `sensor`, `from`, `to`. Throws USAGE when `name` is no address. */
export async function hostReport(ports: ReportPorts, query: URLSearchParams, name: string): Promise<HostReport> {
  const host = addressOf(name);
  const { sensor, within, all, windowUs } = await shownTime(ports, query);
  const [windows, [firstSeenUs = null, lastSeenUs = null], alerts] = await Promise.all([
    ports.results.hostWindows(sensor, host, { ...within, fromUs: within.fromUs - windowUs + 1 }, WINDOWS_MOST),
    seen(ports, sensor, host, all),
    ports.results.alerts(sensor, within),
  ]);
  const fromUs = windows.length < WINDOWS_MOST ? within.fromUs : windows[0]!.windowStartUs;
  return {
    version: 1,
    sensor,
    host,
    range: within,
    read: { ...within, fromUs },
    windowUs,
    firstSeenUs,
    lastSeenUs,
    series: hostSeries(windows, within, windowUs),
    totals: hostTotals(windows),
    ...hostTops(windows),
    alerts: alerts
      .filter((alert) => !isAboutSensor(alert) && hostsOf(alert).has(host))
      .reverse()
      .slice(0, ALERTS_MOST),
  };
}

/** The newest windows first, until enough is read. Parameters: `sensor`, `from`, `to`. Throws USAGE when `name` is no address. */
export async function hostPorts(ports: ReportPorts, query: URLSearchParams, name: string): Promise<HostPorts> {
  const host = addressOf(name);
  const { sensor, within, windowUs } = await shownTime(ports, query);
  const range = { ...within, fromUs: within.fromUs - windowUs + 1 };
  const windows = await ports.results.hostWindows(sensor, host, range, FLOW_WINDOWS_MOST + 1);
  const slices: FlowSlice[] = [];
  let readFromUs: number | null = null;
  let flowsLeftOff = 0;
  for (const { windowStartUs, flows } of windows.toReversed().slice(0, FLOW_WINDOWS_MOST)) {
    if (slices.length >= MAP_SLICES_MOST) break;
    const found = await ports.results.hostFlows(sensor, host, windowStartUs, MAP_SLICES_PER_WINDOW_MOST);
    readFromUs = windowStartUs;
    flowsLeftOff += Math.max(0, flows - found.length);
    slices.push(...found);
  }
  const truncated = readFromUs !== null && windows[0]!.windowStartUs < readFromUs;
  return { version: 1, sensor, host, range: within, readFromUs, truncated, flowsLeftOff, ...portMap(host, slices) };
}

/** Parameters: `sensor`, `from`, `to`, `limit`, `after` (the `next` of an earlier answer: windows before it are read). */
export async function hostFlows(ports: ReportPorts, query: URLSearchParams, name: string): Promise<HostFlows> {
  const host = addressOf(name);
  const { sensor, within, windowUs } = await shownTime(ports, query);
  const limit = pageLimit(query);
  const after = timeUs(query, 'after') ?? within.toUs;
  const range = { fromUs: within.fromUs - windowUs + 1, toUs: Math.min(after, within.toUs) };
  // One more than is read tells whether there is an earlier one.
  const windows = await ports.results.hostWindows(sensor, host, range, FLOW_WINDOWS_MOST + 1);
  const newestFirst = windows.toReversed().slice(0, FLOW_WINDOWS_MOST);
  const slices: FlowSlice[] = [];
  let readFromUs: number | null = null;
  for (const { windowStartUs } of newestFirst) {
    if (slices.length >= limit) break;
    readFromUs = windowStartUs;
    slices.push(...(await ports.results.hostFlows(sensor, host, windowStartUs, SLICES_PER_WINDOW_MOST)));
  }
  const flows = sumFlows(slices);
  const isMore = readFromUs !== null && windows[0]!.windowStartUs < readFromUs;
  return {
    version: 1,
    flows: flows.slice(0, limit),
    leftOff: Math.max(0, flows.length - limit),
    readFromUs,
    next: isMore ? String(readFromUs) : null,
  };
}
