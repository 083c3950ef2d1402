/** What each host did in a window as rows of table `hosts_by_day`, and back. */
import type { types } from 'cassandra-driver';
import { hostActivities, type HostActivity } from '@tapline/core/kpi/host-activity';
import type { FlowSlice, TopEntry } from '@tapline/core/kpi/kpi-row';
import type { TimeRange } from '@tapline/core/ports';
import type { CassandraSession, Statement } from './session.ts';
import { bucketStart, DAY_US, dayOf, microseconds, timestamp, timestampRange, whole } from './times.ts';

/** Days looked at for one answer at most: a host that is asked for over years has days that nobody can wait for. */
const DAYS_MOST = 400;
const PAGE_ROWS = 1000;

const VALUES = [
  'flows',
  'flows_started',
  'packets_sent',
  'packets_received',
  'bytes_sent',
  'bytes_received',
  'peers',
  'ports_contacted',
  'top_peers',
  'top_services',
];
const COLUMNS = ['sensor', 'host', 'day', 'window_start', ...VALUES];
const INSERT = `INSERT INTO hosts_by_day (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;
const DELETE = `DELETE FROM hosts_by_day WHERE sensor = ? AND host = ? AND day = ? AND window_start = ?`;
const SELECT = `SELECT window_start, ${VALUES.join(', ')} FROM hosts_by_day
  WHERE sensor = ? AND host = ? AND day = ? AND window_start >= ? AND window_start < ?`;
const BY_ORDER = {
  newest: `${SELECT} ORDER BY window_start DESC`,
  oldest: `${SELECT} ORDER BY window_start ASC`,
} as const;

/** The hosts of a window that have a row, and the rows. */
export function hostRows(sensor: string, windowStartUs: number, flows: readonly FlowSlice[]): Map<string, Statement> {
  const activities = hostActivities(windowStartUs, flows);
  return new Map([...activities].map(([host, activity]) => [host, hostRow(sensor, activity)]));
}

/** Takes the row of a host back that the window does not have any more. */
export function hostRemoval(sensor: string, windowStartUs: number, host: string): Statement {
  return { cql: DELETE, values: [sensor, host, dayOf(windowStartUs), timestamp(windowStartUs)] };
}

function hostRow(sensor: string, activity: HostActivity): Statement {
  const { host, windowStartUs, flows, flowsStarted, peers, portsContacted } = activity;
  const key = [sensor, host, dayOf(windowStartUs), timestamp(windowStartUs)];
  const sums = [activity.packetsSent, activity.packetsReceived, activity.bytesSent, activity.bytesReceived];
  const lists = [activity.topPeers, activity.topServices];
  return { cql: INSERT, values: [...key, flows, flowsStarted, ...sums, peers, portsContacted, ...lists] };
}

/** A host's rows of a range, a partition per day, from its newest or its oldest on; `limit` at most. */
export async function readHost(
  session: CassandraSession,
  place: { readonly sensor: string; readonly host: string },
  range: TimeRange,
  { limit, first }: { readonly limit: number; readonly first: 'newest' | 'oldest' },
): Promise<HostActivity[]> {
  const found: HostActivity[] = [];
  const [from, to] = timestampRange(range);
  for (const dayUs of days(range, first)) {
    const values = [place.sensor, place.host, dayOf(dayUs), from, to];
    const pageRows = Math.min(limit - found.length, PAGE_ROWS);
    if (pageRows <= 0) break;
    for await (const row of session.rows(BY_ORDER[first], values, pageRows)) {
      found.push(toActivity(place.host, row));
      if (found.length >= limit) return found;
    }
  }
  return found;
}

function days({ fromUs, toUs }: TimeRange, first: 'newest' | 'oldest'): number[] {
  const [firstDay, lastDay] = [bucketStart(fromUs, DAY_US), bucketStart(toUs - 1, DAY_US)];
  const count = Math.min(DAYS_MOST, Math.round((lastDay - firstDay) / DAY_US) + 1);
  return Array.from({ length: Math.max(0, count) }, (_, i) =>
    first === 'newest' ? lastDay - i * DAY_US : firstDay + i * DAY_US,
  );
}

function toActivity(host: string, row: types.Row): HostActivity {
  return {
    host,
    windowStartUs: microseconds(row['window_start'] as Date),
    flows: row['flows'] as number,
    flowsStarted: row['flows_started'] as number,
    packetsSent: whole(row['packets_sent']),
    packetsReceived: whole(row['packets_received']),
    bytesSent: whole(row['bytes_sent']),
    bytesReceived: whole(row['bytes_received']),
    peers: row['peers'] as number,
    portsContacted: row['ports_contacted'] as number,
    topPeers: toEntries(row['top_peers']),
    topServices: toEntries(row['top_services']),
  };
}

/** Cassandra knows an empty list only as none. */
function toEntries(value: unknown): TopEntry[] {
  const entries = (value ?? []) as { key: string; packets: unknown; bytes: unknown }[];
  return entries.map(({ key, packets, bytes }) => ({ key, packets: whole(packets), bytes: whole(bytes) }));
}
