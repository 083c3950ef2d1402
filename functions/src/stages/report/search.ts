/**
 * `/search`: packets by the language of the filter bar (docs/query.md), a page at a time, and `/packet`: everything about
 * one. A search says beforehand what it would read, and one that would read too much is refused with what to add.
 */
import type { PacketFilter } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import { formatTime } from '@tapline/core/packet/time';
import type { TimeRange } from '@tapline/core/ports';
import { parseQuery, QUERY_LENGTH_MOST } from '@tapline/core/query/parse-query';
import { alertIds, formatQuery, timeBounds, type Query } from '@tapline/core/query/query';
import { queryCql } from '@tapline/core/query/query-cql';
import { dayStartUs } from '@tapline/core/query/query-time';
import { packetDetail, type PacketDetail } from '@tapline/core/report/packet-detail';
import { compileQuery } from '@tapline/core/report/query-match';
import type { SearchPage, SearchPlan } from '@tapline/core/report/search-report';
import { NotFound, NotUnderstood, TooBroad, type ReportPorts } from '../report.ts';
import { findAlert } from './alerts.ts';
import { openBatch, scanPackets } from './packets.ts';
import { text, timeUs, whole } from './query.ts';
import { chooseSensor } from './sensors.ts';
import { shownTime } from './shown.ts';

/** Batches that one search may lead through: about eight million packets, sixteen answers of BATCHES_MOST each. */
export const SEARCH_BATCHES_MOST = 2048;
const ALERTS_MOST = 8;
const SESSION_MOST = 255;

/** The query as a tree. Throws NotUnderstood with the place of what is wrong. */
const queryOf = (written: string, dayUs: number): Query => {
  const parsed = parseQuery(written, dayUs);
  if ('error' in parsed) throw new NotUnderstood(parsed.error);
  return parsed.query;
};

const alertsOf = async (ports: ReportPorts, query: Query): Promise<Map<string, PacketFilter>> => {
  const ids = alertIds(query);
  if (ids.length > ALERTS_MOST) throw new PipelineError('USAGE', `a query names at most ${ALERTS_MOST} alerts`);
  const alerts = await Promise.all(ids.map((id) => findAlert(ports, id)));
  return new Map(alerts.map(({ id, filter }) => [id, filter]));
};

const clock = (us: number): string => formatTime(us, 0).slice(0, 19);

/** Counts what would be read. Throws TooBroad when that is more than a search may. */
const planOf = async (ports: ReportPorts, sensor: string, within: TimeRange): Promise<SearchPlan> => {
  let batches = 0;
  let packets = 0;
  for await (const batch of ports.packets.batches(sensor, within)) {
    if (batches === SEARCH_BATCHES_MOST) throw tooBroad(within, packets, batch.minTimeUs);
    batches++;
    packets += batch.count;
  }
  return { batches, packets };
};

const tooBroad = ({ fromUs }: TimeRange, packets: number, reachedUs: number): TooBroad => {
  const most = `more than ${packets.toLocaleString('en')} packets in ${SEARCH_BATCHES_MOST.toLocaleString('en')} batches`;
  const until =
    reachedUs > fromUs + 1_000_000
      ? ` up to ${clock(reachedUs)}, for example: time ${clock(fromUs)}..${clock(reachedUs)}`
      : '';
  return new TooBroad(
    `this would read ${most}: batches are found by their time alone, so every packet of the time would be looked at. Add a time${until}`,
  );
};

/** Parameters: `q`, `sensor`, `from`, `to` (where the query has no time of its own), `limit`, `after`. */
export async function searchPage(ports: ReportPorts, parameters: URLSearchParams): Promise<SearchPage> {
  const { sensor, within: shown } = await shownTime(ports, parameters);
  const query = queryOf(text(parameters, 'q', QUERY_LENGTH_MOST) ?? '', dayStartUs(shown.fromUs));
  const alerts = await alertsOf(ports, query);
  const own = timeBounds(query, alerts);
  const within = {
    fromUs: Number.isFinite(own.fromUs) ? own.fromUs : shown.fromUs,
    toUs: Number.isFinite(own.toUs) ? own.toUs : shown.toUs,
  };
  const isFirst = text(parameters, 'after', 300) === undefined;
  const plan = isFirst ? await planOf(ports, sensor, within) : null;
  // Batches reach beyond the time by which they are found.
  const inside: Query = { kind: 'and', parts: [query, { kind: 'time', range: within, text: '' }] };
  const page = await scanPackets(ports, sensor, within, compileQuery(inside, alerts), parameters);
  const cql = queryCql(sensor, query, within, formatQuery);
  return { ...page, sensor, query: formatQuery(query), within, plan, cql };
}

/** Parameters: `sensor`, `session`, `number`, `at` (the packet's time in microseconds, by which its batch is found). */
export async function packetOf(ports: ReportPorts, parameters: URLSearchParams): Promise<PacketDetail> {
  const { chosen } = await chooseSensor(ports, parameters);
  const session = text(parameters, 'session', SESSION_MOST);
  const number = whole(parameters, 'number', 1, Number.MAX_SAFE_INTEGER);
  const at = timeUs(parameters, 'at');
  if (session === undefined || number === undefined || at === undefined) {
    throw new PipelineError('USAGE', 'a packet is named by its session, its number and its time (at)');
  }
  if (chosen === undefined) throw new NotFound('no sensor has sent anything yet');
  for await (const batch of ports.packets.batches(chosen.sensor, { fromUs: at, toUs: at + 1 })) {
    const row = number - batch.firstNumber;
    if (batch.session !== session || row < 0 || row >= batch.count) continue;
    const wire = await ports.packets.getBatch(batch.id);
    if (wire !== undefined) return packetDetail(openBatch(ports, wire), row, session);
  }
  throw new NotFound('this packet is not kept, or not any more');
}
