/** A flow's statistics do not depend on how its packets came: one by one, in any batches, merged in any grouping. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLOW_COLUMNS, readFlow } from '@tapline/core/flow-statistics/flow-columns';
import { addPacket, clearFlow, closeFlow, mergeFlow } from '@tapline/core/flow-statistics/fold';
import { ROW_NUMBERS } from '@tapline/core/flow-statistics/layout';
import { plainStatistics, type FlowPacket } from '../../helpers/plain-flow.ts';

/** Gaps at and around every bound that the statistics know, many of them 0. */
const gap = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 900_000 }) },
  { weight: 2, arbitrary: fc.constantFrom(999_999, 1_000_000, 1_000_001, 4_999_999, 5_000_000, 5_000_001) },
  { weight: 1, arbitrary: fc.integer({ min: 1_000_001, max: 30_000_000 }) },
);

const packets = fc
  .array(
    fc.record({
      gap,
      turn: fc.integer({ min: 0, max: 3 }),
      payload: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 65_495 })),
      header: fc.integer({ min: 5, max: 15 }).map((words) => words * 4),
      flags: fc.integer({ min: 0, max: 255 }),
      window: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 65_535 })),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((drawn) => {
    let timeUs = 1_499_348_407_419_016;
    let direction: 0 | 1 = 0;
    return drawn.map(({ gap: gapUs, turn, ...rest }): FlowPacket => {
      timeUs += gapUs;
      if (turn === 0) direction = direction === 0 ? 1 : 0;
      return { timeUs, direction, ...rest };
    });
  });

const folded = (part: readonly FlowPacket[]): Float64Array => {
  const row = new Float64Array(ROW_NUMBERS);
  clearFlow(row, 0);
  for (const { timeUs, direction, payload, header, flags, window } of part) {
    addPacket(row, 0, timeUs, direction, payload, header, flags, window);
  }
  return row;
};

const read = (row: Float64Array): number[] => {
  const closed = row.slice();
  closeFlow(closed, 0);
  const values = new Float64Array(FLOW_COLUMNS.length);
  readFlow(closed, 0, values);
  return [...values];
};

/** Relative to the larger one; a deviation that should be 0 is compared with what it deviates from. */
function expectSame(actual: readonly number[], expected: readonly number[]): void {
  FLOW_COLUMNS.forEach(({ name }, index) => {
    const [a, b] = [actual[index]!, expected[index]!];
    const scale = Math.max(Math.abs(a), Math.abs(b), 1e-3);
    const same = Number.isNaN(b) ? Number.isNaN(a) : Math.abs(a - b) <= 1e-9 * scale;
    expect(same, `${name}: ${a}, expected ${b}`).toBe(true);
  });
}

/** Merges neighbours, chosen by the numbers, until one is left. */
function mergeInAnyGrouping(parts: readonly Float64Array[], choices: readonly number[]): Float64Array {
  const left = parts.map((part) => part.slice());
  for (let step = 0; left.length > 1; step += 1) {
    const index = (choices[step % choices.length] ?? 0) % (left.length - 1);
    mergeFlow(left[index]!, 0, left[index + 1]!, 0);
    left.splice(index + 1, 1);
  }
  return left[0]!;
}

describe('the statistics of a flow', () => {
  it('have 76 columns with names of their own', () => {
    expect(FLOW_COLUMNS).toHaveLength(76);
    expect(new Set(FLOW_COLUMNS.map(({ name }) => name)).size).toBe(76);
    expect(new Set(FLOW_COLUMNS.map(({ toolName }) => toolName)).size).toBe(76);
  });

  it('are what a computation over the whole list of packets gives', () => {
    fc.assert(
      fc.property(packets, (flow) => {
        expectSame(read(folded(flow)), plainStatistics(flow));
      }),
      { numRuns: 1000 },
    );
  });

  it('are the same however the packets are cut and in whatever grouping the pieces merge', () => {
    const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 });
    const cuts = fc.array(fc.nat(60), { maxLength: 12 });
    fc.assert(
      fc.property(packets, cuts, choices, (flow, at, order) => {
        const bounds = [0, ...at.map((cut) => cut % (flow.length + 1)).sort((a, b) => a - b), flow.length];
        const parts = bounds.slice(1).map((end, index) => folded(flow.slice(bounds[index], end)));
        expectSame(read(mergeInAnyGrouping(parts, order)), plainStatistics(flow));
      }),
      { numRuns: 3000 },
    );
  });

  it('do not change when nothing is merged on either side', () => {
    fc.assert(
      fc.property(packets, (flow) => {
        const row = folded(flow);
        const before = folded([]);
        mergeFlow(before, 0, row, 0);
        mergeFlow(before, 0, folded([]), 0);
        expect(before).toEqual(row);
      }),
    );
  });
});
