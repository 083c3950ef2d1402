/** What a contract suite needs of a store under test: a fresh empty one per test, and the same data opened again. */
import type { Clock } from '@tapline/core/ports';

export interface StoreHarness<S> {
  /** Opens the store; after `close`, a persistent one opens with the same data. */
  open(clock: Clock): Promise<S>;
  close(): Promise<void>;
  /** Closes and removes everything. */
  dispose(): Promise<void>;
}

/** Makes a harness with no data in it; called before each test. */
export type MakeHarness<S> = () => StoreHarness<S>;

/** A clock that tests move by hand. */
export class HandClock implements Clock {
  timeUs = 1_700_000_000_000_000;
  nowUs(): number {
    return this.timeUs;
  }
}

/** Names that break out of paths, statements and keys unless they are treated as data. */
export const HOSTILE_NAMES = [
  '../../etc/passwd',
  'a/b',
  '..',
  '.',
  "'; DROP TABLE kpi; --",
  'null\u0000byte',
  'UPPER',
  'upper',
  'emoji \u{1f600} \uffee',
  'x'.repeat(300),
  '%2e%2e',
  '',
  '__proto__',
  'constructor',
];

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The same items in an order that a seed decides (Fisher-Yates over a linear congruential generator). */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  let state = seed >>> 0;
  for (let i = result.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
