/**
 * KPIs of longer times than a window: minutes are folded from windows, hours from minutes. Sums, least and largest are
 * exact and come out the same however the windows are grouped; means agree up to rounding; top lists are lower bounds,
 * because a key counts only where it made a list.
 */
import type { WindowCount } from '../ledger/heartbeat.ts';
import { addCounts, NO_COUNT } from '../ledger/window-state.ts';
import type { KpiRow, TopEntry } from './kpi-row.ts';
import { type KpiFold, KPIS } from './kpis.ts';
import { topEntries } from './top-talkers.ts';

/** The lists of a KpiRow. */
export const TOP_LISTS = [
  'protocols',
  'icmpTypes',
  'topSources',
  'topDestinations',
  'topPairs',
  'topServices',
] as const satisfies readonly (keyof KpiRow)[];

type TopLists = Readonly<Record<(typeof TOP_LISTS)[number], readonly TopEntry[]>>;

/** What one or more consecutive windows come down to. */
export interface KpiPeriod extends TopLists {
  readonly windows: number;
  readonly incompleteWindows: number;
  readonly firstWindowUs: number;
  readonly lastWindowUs: number;
  readonly announced: WindowCount;
  readonly arrived: WindowCount;
  /** By KPI name. */
  readonly values: Readonly<Record<string, number>>;
}

/** A window as a period of its own. */
export function windowPeriod(row: KpiRow): KpiPeriod {
  const { windowStartUs, complete, announced, arrived, values } = row;
  return {
    windows: 1,
    incompleteWindows: complete ? 0 : 1,
    firstWindowUs: windowStartUs,
    lastWindowUs: windowStartUs,
    announced,
    arrived,
    values,
    ...pickLists((list) => row[list]),
  };
}

/** One period of several, given in time order. KPIs that this build does not know are left out. */
export function foldPeriods(parts: readonly KpiPeriod[]): KpiPeriod {
  const sum = (count: (part: KpiPeriod) => number): number => parts.reduce((total, part) => total + count(part), 0);
  return {
    windows: sum((part) => part.windows),
    incompleteWindows: sum((part) => part.incompleteWindows),
    firstWindowUs: Math.min(...parts.map((part) => part.firstWindowUs)),
    lastWindowUs: Math.max(...parts.map((part) => part.lastWindowUs)),
    announced: parts.reduce((total, part) => addCounts(total, part.announced), NO_COUNT),
    arrived: parts.reduce((total, part) => addCounts(total, part.arrived), NO_COUNT),
    values: foldValues(parts.map((part) => part.values)),
    ...pickLists((list) => sumByKey(parts.map((part) => part[list]))),
  };
}

function pickLists(pick: (list: keyof TopLists) => readonly TopEntry[]): TopLists {
  return Object.fromEntries(TOP_LISTS.map((list) => [list, pick(list)])) as unknown as TopLists;
}

type Values = KpiPeriod['values'];

function foldValues(parts: readonly Values[]): Values {
  const folded: Record<string, number> = {};
  for (const { name, fold } of KPIS) {
    const known = parts.filter((values) => values[name] !== undefined);
    if (known.length > 0) folded[name] = foldValue(known, name, fold);
  }
  return folded;
}

function foldValue(parts: readonly Values[], name: string, fold: KpiFold): number {
  if (typeof fold === 'object') return weightedMean(parts, name, fold.meanBy);
  if (fold === 'sum') return parts.reduce((total, values) => total + values[name]!, 0);
  // A window without packets has no shortest packet.
  const counting = parts.filter((values) => values['packets'] !== 0);
  const of = (counting.length === 0 ? parts : counting).map((values) => values[name]!);
  return fold === 'min' ? Math.min(...of) : Math.max(...of);
}

function weightedMean(parts: readonly Values[], name: string, by: string): number {
  let weights = 0;
  let total = 0;
  for (const values of parts) {
    const weight = values[by] ?? 0;
    weights += weight;
    total += weight * values[name]!;
  }
  return weights === 0 ? 0 : total / weights;
}

function sumByKey(lists: readonly (readonly TopEntry[])[]): TopEntry[] {
  const sums = new Map<string, { key: string; packets: number; bytes: number }>();
  for (const { key, packets, bytes } of lists.flat()) {
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { key, packets, bytes });
    else {
      sum.packets += packets;
      sum.bytes += bytes;
    }
  }
  return topEntries([...sums.values()]);
}
