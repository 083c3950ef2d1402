/**
 * Which scoring of a window counts. Two processes may score the same window at once, one of them from fewer cells, and
 * either may die at any point; Cassandra writes no two partitions together. So every scoring writes rows of its own, under
 * a version that orders them by how much they knew, and the row in kpi_by_window comes last: it makes the version count.
 * A reader takes the first version of a window and only rows of that version; nobody sees half of one and half of another,
 * and it does not matter who came last. What a better version made useless is deleted, never what might still count.
 */
import type { types } from 'cassandra-driver';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import { whole } from './times.ts';

export interface WindowVersion {
  /** Grows with everything that can make a scoring better than another: packets arrived, packets announced, complete. */
  readonly weight: number;
  /** Of two that knew the same, the later counts. */
  readonly version: number;
}

export function weightOf({ arrived, announced, complete }: KpiRow): number {
  return 2 * (arrived.packets + announced.packets) + (complete ? 1 : 0);
}

export function versionOf(row: types.Row): WindowVersion {
  return { weight: whole(row['weight']), version: whole(row['version']) };
}

export function isSame(a: WindowVersion | undefined, b: WindowVersion | undefined): boolean {
  return a?.weight === b?.weight && a?.version === b?.version;
}
