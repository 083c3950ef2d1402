/** Write times of one process: they only grow, follow the clock, and are later than what they are to replace. */
import { expect, it } from 'vitest';
import { ArrivalStamps } from '@tapline/adapters/cassandra/arrival-stamps';

it('stamps grow also while the clock stands or goes back', () => {
  const times = [5_000_000, 5_000_000, 4_000_000, 9_000_000];
  const stamps = new ArrivalStamps({ nowUs: () => times.shift()! });
  const made = [stamps.next(), stamps.next(), stamps.next(), stamps.next()];
  expect(made).toEqual(made.toSorted((a, b) => a - b));
  expect(new Set(made).size).toBe(4);
  expect(Math.floor(made[3]! / 1000)).toBe(9000);
});

it('a stamp is later than what it replaces, by a clock that is ahead', () => {
  const stamps = new ArrivalStamps({ nowUs: () => 1_000_000 });
  const ahead = 7_000_000_999;
  expect(stamps.next(ahead)).toBeGreaterThan(ahead);
  expect(stamps.next()).toBeGreaterThan(ahead);
});
