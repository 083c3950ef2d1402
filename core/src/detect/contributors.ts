/** Who or what stands behind evidence, the largest first. */
import type { Contributor } from './alert.ts';

/** Contributors that evidence and alerts name. */
export const CONTRIBUTOR_LIMIT = 5;

/** The largest by value, ties by key: the same data name the same contributors everywhere. */
export function topContributors(all: readonly Contributor[], limit = CONTRIBUTOR_LIMIT): Contributor[] {
  return all.toSorted((a, b) => b.value - a.value || (a.key < b.key ? -1 : 1)).slice(0, limit);
}

/** Sums by key and unit, the largest `limit` of them. */
export function mergeContributors(
  known: readonly Contributor[],
  more: readonly Contributor[],
  limit: number,
): Contributor[] {
  const sums = new Map<string, Contributor>();
  for (const { key, value, unit } of [...known, ...more]) {
    const name = `${unit} ${key}`;
    sums.set(name, { key, value: (sums.get(name)?.value ?? 0) + value, unit });
  }
  return topContributors([...sums.values()], limit);
}
