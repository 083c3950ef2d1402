/** Cost at list prices, against figures worked out by hand. */
import { costOf } from '@tapline/core/cost/cost';
import { describe, expect, it } from 'vitest';

describe('the cost of a run', () => {
  it('is nothing when nothing was used, and has no price per packet without packets', () => {
    expect(costOf({}, 0)).toMatchObject({ usd: 0, usdPerMillionPackets: null });
  });

  it('adds up published and delivered volume, invocations, time, requests and units', () => {
    const counts = {
      'pubsub.messages': 1000,
      'pubsub.publishedBytes': 2 ** 30,
      'function.invocations': 2_000_000,
      'function.requestBytes': 2 ** 42,
      'function.activeMs': 1_000_000,
      'bigtable.mutations': 14_000 * 3600,
      'bigtable.reads': 17_000 * 3600,
      'cassandra.writeUnits': 5_000_000,
      'cassandra.readUnits': 1_000_000,
    };
    const { lines, usd, usdPerMillionPackets } = costOf(counts, 4_000_000);
    const byHand = [40 / 1024, 40 * 3, 0.8, 0.024, 0.00125, 1.3, 3.1, 0.37];
    expect(lines.map((line) => line.usd)).toEqual(byHand.map((expected): unknown => expect.closeTo(expected, 9)));
    expect(usd).toBeCloseTo(byHand.reduce((a, b) => a + b));
    expect(usdPerMillionPackets).toBeCloseTo(usd / 4);
  });

  it('bills at least a thousand bytes for each message', () => {
    const { lines } = costOf({ 'pubsub.messages': 10, 'pubsub.publishedBytes': 50, 'function.invocations': 3 }, 1);
    expect(lines.filter(({ hop }) => hop === 'Pub/Sub').map(({ quantity }) => quantity)).toEqual([10_000, 3000]);
  });

  it('keeps apart what runs by the hour', () => {
    expect(costOf({}, 1).fixed).toMatchObject([
      { usdPerDay: expect.closeTo(15.6) },
      { usdPerDay: expect.closeTo(1.608) },
    ]);
  });
});
