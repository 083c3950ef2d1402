/** Confidence in the data behind an alert: which doubts there are, what they say, and what they leave. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuality,
  alertQuality,
  NO_QUALITY,
  windowQuality,
  type WindowQuality,
} from '@tapline/core/detect/data-quality';
import { kpiOf } from '../../fixtures/flood-evidence.ts';

const of = (more: Partial<WindowQuality>): WindowQuality => ({ ...NO_QUALITY, packets: 1000, flows: 100, ...more });

describe('alertQuality', () => {
  it('has no doubt about data with nothing wrong', () => {
    expect(alertQuality(of({}))).toEqual({ confidence: 1, doubts: [] });
    expect(alertQuality(NO_QUALITY)).toEqual({ confidence: 1, doubts: [] });
  });

  it('takes away what was never seen, packet for packet', () => {
    const { confidence, doubts } = alertQuality(of({ missing: 500, dropped: 500 }));
    expect(doubts.map(({ text }) => text)).toEqual([
      '500 packets (25 %) were sent by the sensor and have not arrived',
      'the kernel dropped about 500 packets (25 %) before the sensor saw them',
    ]);
    expect(confidence).toBe(0.5);
  });

  it('takes little for packets that are only cut, and half for copies', () => {
    expect(alertQuality(of({ truncated: 1000 })).confidence).toBe(0.9);
    expect(alertQuality(of({ duplicates: 500 })).confidence).toBe(0.75);
    expect(alertQuality(of({ oneWay: 30, twoWay: 10 })).confidence).toBe(0.775);
    expect(alertQuality(of({ folded: 50 })).confidence).toBe(0.95);
  });

  it('says nothing of one packet in ten thousand', () => {
    expect(alertQuality(of({ packets: 10_000, truncated: 1 })).doubts).toEqual([]);
  });

  it('stays between 0 and 1 and falls with every doubt', () => {
    const count = fc.nat({ max: 10_000 });
    const quality = fc.record({
      packets: count,
      missing: count,
      dropped: count,
      truncated: count,
      duplicates: count,
      flows: count,
      folded: count,
      oneWay: count,
      twoWay: count,
    });
    fc.assert(
      fc.property(quality, (one) => {
        const { confidence, doubts } = alertQuality(one);
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1);
        expect(alertQuality({ ...one, missing: one.missing + 100 }).confidence).toBeLessThanOrEqual(confidence);
        for (const { share } of doubts) expect(share).toBeGreaterThan(0);
      }),
    );
  });
});

describe('windowQuality', () => {
  it('reads a row: what is missing, what was dropped as the share says, and whether answers were seen', () => {
    const row = { ...kpiOf(0), arrived: { batches: 1, packets: 900, bytes: 1 } };
    const values = {
      packets: 900,
      dropShare: 0.1,
      truncated: 3,
      duplicates: 2,
      flows: 40,
      rowsShed: 1,
      oneWayTcp: 5,
      twoWayTcp: 6,
    };
    expect(windowQuality({ ...row, values })).toEqual({
      packets: 900,
      missing: 100,
      dropped: 100,
      truncated: 3,
      duplicates: 2,
      flows: 40,
      folded: 1,
      oneWay: 5,
      twoWay: 6,
    });
  });

  it('adds up over windows in any order', () => {
    const [a, b] = [of({ missing: 3 }), of({ dropped: 4, flows: 7 })];
    expect(addQuality(a, b)).toEqual(addQuality(b, a));
    expect(addQuality(a, NO_QUALITY)).toEqual(a);
  });
});
