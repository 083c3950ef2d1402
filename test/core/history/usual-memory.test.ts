/** What is usual for a host, learned from days of synthetic traffic: seasons, heavy tails, attacks, from a seed. */
import { compare, USUAL_CONFIG, type UsualRow } from '@tapline/core/detect/usual';
import { UsualMemory } from '@tapline/core/history/usual-memory';
import type { HostSight } from '@tapline/core/history/observations';
import { ByteReader } from '@tapline/core/sketch/byte-reader';
import { ByteWriter } from '@tapline/core/sketch/byte-writer';
import { describe, expect, it } from 'vitest';
import { hostSight, windowOf } from '../../fixtures/history-windows.ts';
import { EPOCH_US, uniform, WINDOW_US } from '../../helpers/synthetic-kpis.ts';

const DAY = 8640;
const HOUR = 360;

/** A server that gets `level` packets in a window on average: a day's season of a third, and noise with a heavy tail. */
function server(level: number, seed: number): (window: number) => number {
  const next = uniform(seed);
  return (window) => {
    const season = 1 + 0.3 * Math.sin((2 * Math.PI * window) / DAY);
    const noise = Math.exp(0.05 * (next() + next() + next() - 1.5));
    const burst = next() < 0.002 ? 1 + next() : 1;
    return Math.round(level * season * noise * burst);
  };
}

/** Takes windows `from` to `to` (exclusive); `sights` says what is noted in each. */
function run(
  memory: UsualMemory,
  [from, to]: readonly [number, number],
  sights: (window: number) => readonly HostSight[],
  complete = true,
): UsualRow[] {
  const rows: UsualRow[] = [];
  for (let window = from; window < to; window++) {
    const { row, observations } = windowOf(window, { hosts: sights(window) });
    rows.push(...memory.take({ row: { ...row, complete }, observations }));
  }
  return rows;
}

const windowsOf = (rows: readonly UsualRow[]): number[] =>
  rows.map(({ windowStartUs }) => (windowStartUs - EPOCH_US) / WINDOW_US);
const lastClass = (rows: readonly UsualRow[]): string | undefined => rows.at(-1)?.comparison.class;

describe('what is usual for a host', () => {
  it('is learned of a server that is always above the floor, and ten times as much is not usual', () => {
    const memory = new UsualMemory();
    const level = server(9000, 1);
    const rows = run(memory, [0, 2 * DAY], (window) => [hostSight(level(window))]);
    const usualFrom = windowsOf(rows.filter(({ comparison }) => comparison.class === 'usual'))[0]!;
    // Six hours in quarantine, then a day of learning; said with the hour after.
    expect(usualFrom).toBe(
      USUAL_CONFIG.quarantineWindows + DAY + HOUR - ((USUAL_CONFIG.quarantineWindows + DAY) % HOUR || HOUR),
    );
    expect(rows.some(({ comparison }) => comparison.class === 'unusual')).toBe(false);
    const { baseline, comparison } = rows.at(-1)!;
    expect(baseline.median).toBeGreaterThan(8000);
    expect(baseline.median).toBeLessThan(9800);
    expect(baseline.p99).toBeLessThan(14_000);
    expect(comparison.ratio).toBeLessThan(1.5);
    const burst = run(memory, [2 * DAY + 100, 2 * DAY + 101], () => [hostSight(90_000)]);
    expect(burst).toMatchObject([{ value: 90_000, comparison: { class: 'unusual', probability: 1e-12 } }]);
  });

  it('is hidden by nothing when a quiet host is flooded for the first time after a day', () => {
    const memory = new UsualMemory();
    const level = server(300, 2);
    run(memory, [0, DAY + 1], (window) => [hostSight(level(window))]);
    const known = run(memory, [DAY + 1, DAY + 2], () => [hostSight(12_000)]);
    expect(known).toMatchObject([{ comparison: { class: 'unusual', ratio: 2.4 }, baseline: { windows: DAY + 1 } }]);
    const never = run(memory, [DAY + 2, DAY + 3], () => [hostSight(12_000, { entity: '10.0.0.99' })]);
    expect(never).toMatchObject([
      { comparison: { class: 'unusual' }, baseline: { median: 0, p99: 0, windows: DAY + 2, sinceUs: EPOCH_US } },
    ]);
  });

  it('does not become an attacker who comes back every day for an hour', () => {
    const memory = new UsualMemory();
    const level = server(300, 3);
    const rows = run(memory, [0, 10 * DAY], (window) => [hostSight(window % DAY < HOUR ? 30_000 : level(window))]);
    const judged = rows.filter(({ comparison }) => comparison.class !== 'learning');
    // On the second day it is still learning: an hour of the first was left out.
    expect(judged).toHaveLength(8);
    expect(judged.every(({ comparison, baseline }) => comparison.class === 'unusual' && baseline.p99 < 1000)).toBe(
      true,
    );
  });

  it('becomes what lasts longer than the quarantine: whoever raises the level slowly enough is not seen', () => {
    const memory = new UsualMemory();
    const level = server(300, 4);
    run(memory, [0, 2 * DAY], (window) => [hostSight(level(window))]);
    const rows = run(memory, [2 * DAY, 3 * DAY], () => [hostSight(30_000)]);
    expect(rows[0]).toMatchObject({ comparison: { class: 'unusual' } });
    expect(lastClass(rows)).toBe('usual');
  });

  it('is said when an episode begins, with every hour of it, and when it gets graver', () => {
    const memory = new UsualMemory();
    const level = server(6000, 5);
    run(memory, [0, 3 * DAY], (window) => [hostSight(level(window), { isEvident: true })]);
    const from = 3 * DAY + 60;
    const graver = (window: number): number => (window === from + 40 ? 70_000 : 7000);
    const rows = run(memory, [from, from + 2 * HOUR], (window) => [hostSight(graver(window))]);
    expect(windowsOf(rows)).toEqual([from, from + 40, 3 * DAY + HOUR, 3 * DAY + 2 * HOUR]);
    expect(rows.map(({ comparison }) => comparison.class)).toEqual(['usual', 'unusual', 'usual', 'usual']);
  });

  it('is not learned from windows with missing packets', () => {
    const memory = new UsualMemory();
    run(memory, [0, DAY + 1], () => [hostSight(4000)], false);
    const rows = run(memory, [DAY + 1, DAY + 2], () => [hostSight(6000)]);
    expect(rows).toMatchObject([{ comparison: { class: 'learning' }, baseline: { windows: 0, median: 0 } }]);
  });

  it('sums what a detector sums, and forgets what is older than seven days', () => {
    const memory = new UsualMemory();
    const statistic = 'brute-force/log-in attempts';
    const attempts = (value: number, isEvident = false): HostSight[] => [hostSight(value, { statistic, isEvident })];
    run(memory, [0, DAY], (window) => (window % 3 === 0 ? attempts(1) : []));
    const sum = run(memory, [DAY, DAY + 1], () => attempts(2, true));
    // 31 windows, every third of them with one.
    expect(sum).toMatchObject([{ value: 12, spanWindows: 31, baseline: { p99: 11, most: 11, windows: DAY } }]);
    const later = run(memory, [9 * DAY, 9 * DAY + 1], () => attempts(8, true));
    expect(later).toMatchObject([{ baseline: { windows: 0, most: 0 } }]);
  });

  it('knows of a host that it had to forget no more than since then', () => {
    const memory = new UsualMemory();
    run(memory, [0, 1000], () => [hostSight(4000)]);
    const others = Array.from({ length: USUAL_CONFIG.remembered }, (_, n) =>
      hostSight(200, { entity: `10.1.${n >> 8}.${n & 255}` }),
    );
    run(memory, [1000, 1200], () => others);
    expect(memory.forgotten).toBe(1);
    const rows = run(memory, [1200, 1201], () => [hostSight(6000)]);
    expect(rows).toMatchObject([{ baseline: { windows: 201, sinceUs: EPOCH_US + 999 * WINDOW_US, most: 0 } }]);
  });

  it('stays small and reads back as it was written', () => {
    const memory = new UsualMemory();
    const next = uniform(6);
    const noisy = (): number => Math.round(100 * Math.exp(3 * next()));
    run(memory, [0, DAY], (window) =>
      Array.from({ length: 64 }, (_, n) => hostSight(noisy(), { entity: `10.0.${window % 4}.${n}` })),
    );
    const writer = new ByteWriter();
    memory.encode(writer);
    const bytes = writer.finish();
    // 256 hosts with the widest day there is.
    expect(bytes.length).toBeLessThan(100_000);
    const again = new ByteWriter();
    UsualMemory.decode(new ByteReader(bytes)).encode(again);
    expect(again.finish()).toEqual(bytes);
  });
});

describe('a count held against a baseline', () => {
  const baseline = { median: 6000, p99: 6500, most: 7000, mean: 6000, variance: 90_000, windows: 60_000, sinceUs: 0 };

  it('is usual below three times p99, and learning before a day', () => {
    expect(compare(19_000, baseline, 5000, WINDOW_US)).toMatchObject({ class: 'usual', ratio: 2.923 });
    expect(compare(21_000, baseline, 5000, WINDOW_US)).toMatchObject({ class: 'unusual', probability: 1e-12 });
    expect(compare(21_000, { ...baseline, windows: DAY - 1 }, 5000, WINDOW_US).class).toBe('learning');
  });

  it('is usual where so much is not improbable, but never far beyond the largest', () => {
    const bursty = { ...baseline, median: 0, p99: 0, most: 4900, mean: 25, variance: 110_000 };
    expect(compare(12_000, bursty, 5000, WINDOW_US)).toMatchObject({ class: 'usual' });
    expect(compare(15_000, bursty, 5000, WINDOW_US)).toMatchObject({ class: 'unusual' });
  });
});
