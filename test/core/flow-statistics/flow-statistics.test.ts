import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATISTIC_COLUMNS, statisticsOf } from '@tapline/core/flow-statistics/cicflowmeter';
import { FlowStatistics, type FlowPacket } from '@tapline/core/flow-statistics/flow-statistics';

/** Gaps that meet every border: the same microsecond, just at and beyond a subflow's and an idle period's end. */
const gapUs = fc.oneof(
  fc.constantFrom(0, 0, 1, 1_000_000, 1_000_001, 5_000_000, 5_000_001),
  fc.integer({ min: 0, max: 3000 }),
  fc.integer({ min: 0, max: 12_000_000 }),
);
const packet = fc.record({
  gapUs,
  direction: fc.constantFrom(0, 0, 1),
  payloadBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1460 })),
  headerBytes: fc.constantFrom(20, 32, 40),
  tcpFlags: fc.integer({ min: 0, max: 255 }),
  tcpWindow: fc.constantFrom(0, 235, 29_200),
});
const flow = fc.array(packet, { minLength: 1, maxLength: 60 }).map((packets) => {
  let timeUs = 1_499_348_407_419_016;
  return packets.map(({ gapUs: gap, ...rest }): FlowPacket => ({ ...rest, timeUs: (timeUs += gap) }));
});

function fold(table: FlowStatistics, packets: readonly FlowPacket[]): number {
  const row = table.take();
  for (const one of packets) table.add(row, one);
  return row;
}

/** Merges neighbours in an order that `picks` choose, until one row is left. */
function mergeAll(table: FlowStatistics, rows: number[], picks: readonly number[]): number {
  for (let step = 0; rows.length > 1; step++) {
    const left = picks[step % picks.length]! % (rows.length - 1);
    table.merge(rows[left]!, table, rows[left + 1]!);
    rows.splice(left + 1, 1);
  }
  return rows[0]!;
}

describe('the statistics of a flow', () => {
  it('there are 76 of them', () => {
    expect(STATISTIC_COLUMNS).toHaveLength(76);
    expect(new Set(STATISTIC_COLUMNS).size).toBe(76);
  });

  it('are the same for any cut into batches and any order of merging', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 });
    const picks = fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(flow, cuts, picks, (packets, at, order) => {
        const table = new FlowStatistics();
        const expected = statisticsOf(table, fold(table, packets));
        const borders = [0, ...at.map((cut) => cut % (packets.length + 1)), packets.length].sort((a, b) => a - b);
        const rows = borders.slice(1).map((to, i) => fold(table, packets.slice(borders[i], to)));
        const merged = statisticsOf(table, mergeAll(table, rows, order));
        STATISTIC_COLUMNS.forEach((name, i) => {
          const [want, have] = [expected[i]!, merged[i]!];
          const same = Object.is(want, have) || Math.abs(want - have) <= 1e-9 * Math.max(1, Math.abs(want));
          expect(same, `${name}: ${have} merged, ${want} in sequence`).toBe(true);
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('find bulks, subflows and idle periods of a flow that is known', () => {
    const table = new FlowStatistics();
    const base = { direction: 0, payloadBytes: 100, headerBytes: 20, tcpFlags: 24, tcpWindow: 500 };
    // Four data packets in a row make a bulk of 3 s; three do not; a silence of 6 s ends an active period.
    const times = [0, 1e6, 2e6, 3e6, 9e6, 9.1e6, 9.2e6];
    const row = fold(
      table,
      times.map((timeUs) => ({ ...base, timeUs })),
    );
    const value = (name: string): number => statisticsOf(table, row)[STATISTIC_COLUMNS.indexOf(name)]!;
    expect(value('Fwd Bytes/Bulk Avg')).toBe(400);
    expect(value('Fwd Packet/Bulk Avg')).toBe(4);
    expect(value('Fwd Bulk Rate Avg')).toBeCloseTo(400 / 3);
    expect(value('Subflow Fwd Packets')).toBe(7);
    expect(value('Active Mean')).toBe(3e6);
    expect(value('Idle Max')).toBe(6e6);
    expect(value('Flow Duration')).toBe(9.2e6);
  });
});
