/** A flow slice as a row of table `flows_by_window`, and back. */
import type { types } from 'cassandra-driver';
import type { FlowSlice } from '@tapline/core/kpi/kpi-row';
import { flagsText, parseFlags } from '@tapline/core/packet/flags';
import type { Statement } from './session.ts';
import { timestamp, whole } from './times.ts';
import type { WindowVersion } from './window-versions.ts';

const COLUMNS = [
  'session',
  'flow',
  'source',
  'destination',
  'source_port',
  'destination_port',
  'protocol',
  'first_us',
  'last_us',
  'packets_forward',
  'packets_reverse',
  'bytes_forward',
  'bytes_reverse',
  'flags_forward',
  'flags_reverse',
];
const ALL = ['sensor', 'window_start', 'weight', 'version', ...COLUMNS, 'first_time', 'last_time'];
const INSERT = `INSERT INTO flows_by_window (${ALL.join(', ')}) VALUES (${ALL.map(() => '?').join(', ')})`;

/** The slices of one version of a window, by session and flow. */
export const SELECT_FLOWS = `SELECT ${COLUMNS.join(', ')} FROM flows_by_window
  WHERE sensor = ? AND window_start = ? AND weight = ? AND version = ?`;

/** Those of them that a host is the source, or the destination, of: the partition is one window. */
export const SELECT_HOST_FLOWS = {
  source: `${SELECT_FLOWS} AND source = ? ALLOW FILTERING`,
  destination: `${SELECT_FLOWS} AND destination = ? ALLOW FILTERING`,
} as const;

export function flowRow(slice: FlowSlice, { weight, version }: WindowVersion): Statement {
  return {
    cql: INSERT,
    values: [
      slice.sensor,
      timestamp(slice.windowStartUs),
      weight,
      version,
      slice.session,
      slice.flow,
      slice.source,
      slice.destination,
      slice.sourcePort,
      slice.destinationPort,
      slice.protocol,
      slice.firstUs,
      slice.lastUs,
      slice.packetsForward,
      slice.packetsReverse,
      slice.bytesForward,
      slice.bytesReverse,
      flagsText(slice.flagsForward),
      flagsText(slice.flagsReverse),
      timestamp(slice.firstUs),
      timestamp(slice.lastUs),
    ],
  };
}

export function toFlowSlice(sensor: string, windowStartUs: number, row: types.Row): FlowSlice {
  return {
    sensor,
    session: row['session'] as string,
    flow: whole(row['flow']),
    windowStartUs,
    source: row['source'] as string,
    destination: row['destination'] as string,
    sourcePort: row['source_port'] as number,
    destinationPort: row['destination_port'] as number,
    protocol: row['protocol'] as string,
    firstUs: whole(row['first_us']),
    lastUs: whole(row['last_us']),
    packetsForward: whole(row['packets_forward']),
    packetsReverse: whole(row['packets_reverse']),
    bytesForward: whole(row['bytes_forward']),
    bytesReverse: whole(row['bytes_reverse']),
    flagsForward: parseFlags(row['flags_forward'] as string) ?? 0,
    flagsReverse: parseFlags(row['flags_reverse'] as string) ?? 0,
  };
}
