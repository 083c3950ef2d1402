/**
 * The digest of a sensor: one hash over its final KPI, flow, alert and packet rows, and what its history says is
 * usual and how unlike it each window is (design §7). Left out is what the way of the data may change without changing what it says: arrival times, revisions, how packets were cut into batches,
 * and the names of sensor and session, so that the same packets give the same digest from whatever file, wire or sensor
 * they came.
 */
import { isAboutSensor, type Alert } from '../detect/alert.ts';
import type { FlowSlice, KpiRow } from '../kpi/kpi-row.ts';
import { PipelineError } from '../errors.ts';
import type { WindowCount } from '../ledger/heartbeat.ts';
import { allocateColumns, type PacketColumns } from '../packet/columns.ts';
import { ALL_TIME, type Codec, type HashSink, type PacketStore, type ResultStore, type StoredBatch } from '../ports.ts';
import { decodeBatch } from '../wire/batch.ts';
import { canonical } from './canonical.ts';
import { RowsHash } from './rows-hash.ts';

/** Windows read at once: memory stays bounded by these and by the flows of one window. */
const PAGE_WINDOWS = 64;

export interface DigestDeps {
  readonly results: Pick<ResultStore, 'kpis' | 'flows' | 'alerts' | 'usual' | 'scores'>;
  readonly packets: Pick<PacketStore, 'batches' | 'getBatch'>;
  readonly codecs: readonly Codec[];
  /** A new SHA-256. */
  readonly newHash: () => HashSink;
}

/** Lower-case hex SHA-256 over everything the stores hold of the sensor. */
export async function digest(sensor: string, deps: DigestDeps): Promise<string> {
  const hash = deps.newHash();
  hash.update('tapline digest 3\n');
  await addWindows(sensor, deps, hash);
  await addAlerts(sensor, deps, hash);
  await addUsual(sensor, deps, hash);
  await addScores(sensor, deps, hash);
  await addPackets(sensor, deps, hash);
  return hash.hex();
}

async function addWindows(sensor: string, deps: DigestDeps, hash: HashSink): Promise<void> {
  let fromUs = -Infinity;
  for (;;) {
    const page = await deps.results.kpis(sensor, { fromUs, toUs: Infinity }, PAGE_WINDOWS);
    for (const kpi of page) {
      fromUs = kpi.windowStartUs + 1;
      hash.update(kpiLine(kpi));
      const flows = await deps.results.flows(sensor, { fromUs: kpi.windowStartUs, toUs: fromUs });
      hash.update(flowLines(flows));
    }
    if (page.length < PAGE_WINDOWS) return;
  }
}

function kpiLine({ announced, arrived, ...kpi }: KpiRow): string {
  const counts = { announced: uncut(announced), arrived: uncut(arrived) };
  return `kpi ${canonical({ ...kpi, ...counts }, ['sensor', 'revision'])}\n`;
}

/** What of a count does not depend on how packets were cut into batches. */
function uncut({ packets, bytes }: WindowCount): Omit<WindowCount, 'batches'> {
  return { packets, bytes };
}

/** By flow number; flows come sorted by session first, whose name must not decide the order. */
function flowLines(flows: readonly FlowSlice[]): string {
  const lines = flows.map(flowLine);
  if (flows.length > 0 && flows[0]!.session !== flows[flows.length - 1]!.session) lines.sort();
  return lines.join('');
}

function flowLine(slice: FlowSlice): string {
  return (
    `flow ${slice.flow} ${slice.protocol} ${slice.source} ${slice.sourcePort} ${slice.destination} ` +
    `${slice.destinationPort} ${slice.firstUs} ${slice.lastUs} ${slice.packetsForward} ${slice.packetsReverse} ` +
    `${slice.bytesForward} ${slice.bytesReverse} ${slice.flagsForward} ${slice.flagsReverse}\n`
  );
}

/**
 * Withdrawn alerts are not part of it: had the data come in order, they would never have been raised. Nor is what
 * heartbeats that came late say of the sensor: that depends on the way, and not on the packets.
 */
async function addAlerts(sensor: string, deps: DigestDeps, hash: HashSink): Promise<void> {
  const alerts = await deps.results.alerts(sensor, ALL_TIME);
  const lines = alerts.filter((alert) => alert.state !== 'withdrawn' && !isAboutSensor(alert)).map(alertLine);
  hash.update(lines.sort().join(''));
}

/** Without the id, which is made from the sensor's name and from fields that are here, and without how sure time made us. */
function alertLine(alert: Alert): string {
  return `alert ${canonical(alert, ['id', 'sensor', 'state'])}\n`;
}

/** What is usual for the hosts of the evidence; withdrawn rows are no part of it, as withdrawn alerts are not. */
async function addUsual(sensor: string, deps: DigestDeps, hash: HashSink): Promise<void> {
  const rows = await deps.results.usual(sensor, ALL_TIME);
  for (const row of rows) {
    if (row.isWithdrawn !== true) hash.update(`usual ${canonical(row, ['sensor'])}\n`);
  }
}

/** As it is with what is usual: a fold over the final windows in time order, the same on any way. */
async function addScores(sensor: string, deps: DigestDeps, hash: HashSink): Promise<void> {
  const rows = await deps.results.scores(sensor, ALL_TIME);
  for (const row of rows) {
    if (row.isWithdrawn !== true) hash.update(`score ${canonical(row, ['sensor'])}\n`);
  }
}

/** Each session's rows make one text; the sessions' texts are sorted. */
async function addPackets(sensor: string, deps: DigestDeps, hash: HashSink): Promise<void> {
  const sessions: string[] = [];
  const columns = allocateColumns();
  let session: string | undefined;
  let rows = new RowsHash(deps.newHash);
  for await (const batch of deps.packets.batches(sensor, ALL_TIME)) {
    if (session !== undefined && session !== batch.session) {
      sessions.push(rows.text());
      rows = new RowsHash(deps.newHash);
    }
    session = batch.session;
    if (await read(batch, deps, columns)) rows.add(columns);
    else rows.addUnreadable(batch.firstNumber, batch.count);
  }
  if (session !== undefined) sessions.push(rows.text());
  for (const text of sessions.sort()) hash.update(`session ${text}\n`);
}

/** @returns false when the batch is gone or damaged */
async function read({ id }: StoredBatch, { packets, codecs }: DigestDeps, into: PacketColumns): Promise<boolean> {
  const wire = await packets.getBatch(id);
  if (wire === undefined) return false;
  try {
    decodeBatch(wire, codecs, into);
    return true;
  } catch (error) {
    if (error instanceof PipelineError) return false;
    throw error;
  }
}
