/**
 * What a run costs, counted where it happens: a plain record of named counters that stages and adapters add to and that
 * one process reports to another. Names are `part.unit`, for example `bigtable.mutations`; what a unit costs is not known
 * here.
 */

/** Given to whatever does something that somebody pays for. */
export interface Meter {
  /** Adds `n` to the counter; a counter begins at zero. */
  add(name: string, n: number): void;
}

export type Counts = Readonly<Record<string, number>>;

/** The counters of one process. */
export class Counters implements Meter {
  readonly #counts = new Map<string, number>();

  add(name: string, n: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + n);
  }

  /** All counters so far, by name ascending. */
  counts(): Counts {
    return sumCounts([Object.fromEntries(this.#counts)]);
  }
}

/** The totals of several processes, by name ascending. */
export function sumCounts(parts: Iterable<Counts>): Counts {
  const totals = new Map<string, number>();
  for (const part of parts) {
    for (const [name, n] of Object.entries(part)) totals.set(name, (totals.get(name) ?? 0) + n);
  }
  return Object.fromEntries([...totals].sort(([a], [b]) => (a < b ? -1 : 1)));
}
