/** `/packets`: rows that match a filter, found by scanning the stored batches that overlap its time, a bounded piece at a time. */
import { PipelineError } from '@tapline/core/errors';
import { allocateColumns, type PacketColumns } from '@tapline/core/packet/columns';
import type { StoredBatch, TimeRange } from '@tapline/core/ports';
import { packetLine } from '@tapline/core/report/packet-line';
import { compileFilter, type RowTest } from '@tapline/core/report/packet-match';
import type { PacketLine, PacketPage } from '@tapline/core/report/snapshot';
import { decodeBatch } from '@tapline/core/wire/batch';
import type { ReportPorts } from '../report.ts';
import { packetFilter, pageLimit, text } from './query.ts';
import { chooseRange } from './sensors.ts';

/** Batches opened for one answer at most: about half a million packets, well under a second. */
const BATCHES_MOST = 128;

/** Where to go on: the first row not looked at yet. */
interface Cursor {
  readonly session: string;
  readonly sequence: number;
  readonly row: number;
}

const formatCursor = ({ session, sequence, row }: Cursor): string => `${session}.${sequence}.${row}`;

const readCursor = (query: URLSearchParams): Cursor | undefined => {
  const after = text(query, 'after', 300);
  if (after === undefined) return undefined;
  const match = /^(.+)\.(\d{1,15})\.(\d{1,9})$/u.exec(after);
  if (match === null) throw new PipelineError('USAGE', 'after must be the next of an earlier page');
  return { session: match[1]!, sequence: Number(match[2]), row: Number(match[3]) };
};

const isBefore = (batch: StoredBatch, cursor: Cursor): boolean =>
  batch.session < cursor.session || (batch.session === cursor.session && batch.sequence < cursor.sequence);

/** Opened batches live only between two awaits, so one set of columns serves every request of the process. */
let shared: PacketColumns | undefined;

/** The batch in columns that the next call overwrites. */
export const openBatch = (ports: ReportPorts, wire: Uint8Array): PacketColumns => {
  shared ??= allocateColumns();
  shared.count = decodeBatch(wire, ports.codecs, shared).count;
  return shared;
};

/** The page of what a test selects within a time that the request's `limit` and `after` ask for. Throws USAGE for a bad cursor. */
export async function scanPackets(
  ports: ReportPorts,
  sensor: string,
  within: TimeRange,
  test: RowTest,
  query: URLSearchParams,
): Promise<PacketPage> {
  const limit = pageLimit(query);
  const from = readCursor(query);
  const packets: PacketLine[] = [];
  let scannedBatches = 0;
  let scannedPackets = 0;
  const page = (next: Cursor | null): PacketPage => ({
    version: 1,
    packets,
    next: next === null ? null : formatCursor(next),
    scannedBatches,
    scannedPackets,
  });
  for await (const batch of ports.packets.batches(sensor, within)) {
    if (from !== undefined && isBefore(batch, from)) continue;
    const { session, sequence } = batch;
    if (scannedBatches === BATCHES_MOST) return page({ session, sequence, row: 0 });
    const wire = await ports.packets.getBatch(batch.id);
    if (wire === undefined) continue;
    const columns = openBatch(ports, wire);
    scannedBatches++;
    const first = from?.session === session && from.sequence === sequence ? from.row : 0;
    for (let row = first; row < columns.count; row++) {
      if (packets.length === limit) return page({ session, sequence, row });
      scannedPackets++;
      if (test(columns, row)) packets.push(packetLine(columns, row, session));
    }
  }
  return page(null);
}

/** Parameters: `sensor`, `from`, `to`, `host`, `peer`, `port`, `protocol`, `limit`, `after`. */
export async function packetPage(ports: ReportPorts, query: URLSearchParams): Promise<PacketPage> {
  const { sensor, within } = await chooseRange(ports, query);
  return scanPackets(ports, sensor, within, compileFilter(packetFilter(query, within)), query);
}
