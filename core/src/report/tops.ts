/** Top lists of a range: the windows' own lists summed by key. */
import type { KpiRow, TopEntry } from '../kpi/kpi-row.ts';
import type { RangeTops, RangeTotals } from './snapshot.ts';

const LIST_MOST = 20;
const PAIRS_MOST = 120;

type TopField = 'topSources' | 'topDestinations' | 'topPairs' | 'topServices' | 'protocols' | 'icmpTypes';

/** Most packets first, then by key; at most `most`. Lower bounds: a key counts only where it made a window's list. */
export function sumTops(rows: readonly KpiRow[], field: TopField, most: number): TopEntry[] {
  const sums = new Map<string, { key: string; packets: number; bytes: number }>();
  for (const row of rows) {
    for (const { key, packets, bytes } of row[field]) {
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { key, packets, bytes });
      else {
        sum.packets += packets;
        sum.bytes += bytes;
      }
    }
  }
  return [...sums.values()].sort((a, b) => b.packets - a.packets || (a.key < b.key ? -1 : 1)).slice(0, most);
}

export function rangeTops(rows: readonly KpiRow[]): RangeTops {
  return {
    sources: sumTops(rows, 'topSources', LIST_MOST),
    destinations: sumTops(rows, 'topDestinations', LIST_MOST),
    pairs: sumTops(rows, 'topPairs', PAIRS_MOST),
    services: sumTops(rows, 'topServices', LIST_MOST),
    protocols: sumTops(rows, 'protocols', LIST_MOST),
    icmpTypes: sumTops(rows, 'icmpTypes', LIST_MOST),
  };
}

export function rangeTotals(rows: readonly KpiRow[]): RangeTotals {
  const totals = { packets: 0, bytes: 0, windows: rows.length, incompleteWindows: 0 };
  for (const row of rows) {
    totals.packets += row.arrived.packets;
    totals.bytes += row.arrived.bytes;
    if (!row.complete) totals.incompleteWindows++;
  }
  return totals;
}
