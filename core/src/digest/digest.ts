/**
 * The digest of a sensor: one hash over its final KPI, flow, alert and packet rows, and what is usual for its hosts (design §7). Left out is what the
 * way of the data may change without changing what it says: arrival times, revisions, and the names of sensor and
 * session, so that the same packets give the same digest from whatever file or sensor they came.
 */
import { isAboutSensor, type Alert } from '../detect/alert.ts';
import type { FlowSlice, KpiRow } from '../kpi/kpi-row.ts';
import { ALL_TIME, type HashSink, type PacketStore, type ResultStore } from '../ports.ts';
import { canonical } from './canonical.ts';

/** Windows read at once: memory stays bounded by these and by the flows of one window. */
const PAGE_WINDOWS = 64;

export interface DigestDeps {
  readonly results: Pick<ResultStore, 'kpis' | 'flows' | 'alerts' | 'usual'>;
  readonly packets: Pick<PacketStore, 'batches'>;
  /** A new SHA-256. */
  readonly newHash: () => HashSink;
}

/** Lower-case hex SHA-256 over everything the stores hold of the sensor. */
export async function digest(sensor: string, deps: DigestDeps): Promise<string> {
  const hash = deps.newHash();
  hash.update('tapline digest 1\n');
  await addWindows(sensor, deps, hash);
  await addAlerts(sensor, deps, hash);
  await addUsual(sensor, deps, hash);
  await addBatches(sensor, deps, hash);
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

function kpiLine(kpi: KpiRow): string {
  return `kpi ${canonical(kpi, ['sensor', 'revision'])}\n`;
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

/** Each session's content hashes in sequence make one hash; the sessions' hashes are sorted. */
async function addBatches(sensor: string, deps: DigestDeps, hash: HashSink): Promise<void> {
  const sessions: string[] = [];
  let session: string | undefined;
  let own = deps.newHash();
  for await (const batch of deps.packets.batches(sensor, ALL_TIME)) {
    if (session !== undefined && session !== batch.session) {
      sessions.push(own.hex());
      own = deps.newHash();
    }
    session = batch.session;
    own.update(`batch ${batch.sequence} ${batch.firstNumber} ${batch.count} ${batch.contentHash}\n`);
  }
  if (session !== undefined) sessions.push(own.hex());
  for (const line of sessions.sort()) hash.update(`session ${line}\n`);
}
