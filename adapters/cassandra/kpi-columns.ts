/** The columns that the tables of KPIs share, out of a window or of a longer period. */
import type { types } from 'cassandra-driver';
import type { TopEntry } from '@tapline/core/kpi/kpi-row';
import { TOP_LISTS, type KpiPeriod } from '@tapline/core/kpi/rollup';
import { columnName } from './packet-rows.ts';
import type { CqlValue } from './session.ts';
import { microseconds, whole } from './times.ts';

/** The KPIs that are columns of their own, beside the map of all. */
const SHOWN = [
  'packets',
  'bytes',
  'tcpPackets',
  'udpPackets',
  'icmpPackets',
  'arpPackets',
  'otherPackets',
  'flows',
  'newFlows',
  'failedContacts',
  'halfOpen',
  'halfOpenRatio',
  'syn',
  'rst',
  'fragments',
  'malformed',
  'distinctSources',
  'distinctDestinations',
  'distinctDestinationPorts',
  'entropySource',
  'entropyDestinationPort',
  'sizeMean',
];

/** In the order of `kpiValues`. */
export const KPI_COLUMNS: readonly string[] = [
  'announced_packets',
  ...[...SHOWN, 'kpis', ...TOP_LISTS].map(columnName),
];

export function kpiValues(period: Pick<KpiPeriod, 'announced' | 'values' | (typeof TOP_LISTS)[number]>): CqlValue[] {
  return [
    period.announced.packets,
    ...SHOWN.map((name) => period.values[name]),
    new Map(Object.entries(period.values)),
    ...TOP_LISTS.map((list) => period[list]),
  ];
}

/** Columns of a stored period that `toPeriod` needs. */
export const PERIOD_COLUMNS: readonly string[] = [
  'windows',
  'incomplete_windows',
  'first_window',
  'last_window',
  'announced_packets',
  'kpis',
  ...TOP_LISTS.map(columnName),
];

/** A stored minute. Of what was announced and arrived it keeps packets only: batches are no business of analysts. */
export function toPeriod(row: types.Row): KpiPeriod {
  const values = Object.fromEntries(row['kpis'] as Map<string, number>);
  const list = (name: string): TopEntry[] =>
    ((row[columnName(name)] ?? []) as TopEntry[]).map(({ key, packets, bytes }) => ({
      key,
      packets: whole(packets),
      bytes: whole(bytes),
    }));
  const count = (packets: number): KpiPeriod['announced'] => ({ batches: 0, packets, bytes: 0 });
  return {
    windows: row['windows'] as number,
    incompleteWindows: row['incomplete_windows'] as number,
    firstWindowUs: microseconds(row['first_window'] as Date),
    lastWindowUs: microseconds(row['last_window'] as Date),
    announced: count(whole(row['announced_packets'])),
    arrived: count(values['packets'] ?? 0),
    values,
    protocols: list('protocols'),
    icmpTypes: list('icmpTypes'),
    topSources: list('topSources'),
    topDestinations: list('topDestinations'),
    topPairs: list('topPairs'),
    topServices: list('topServices'),
  };
}
