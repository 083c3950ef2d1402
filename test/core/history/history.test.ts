/** The fold: the same in one go, and with its state written down and read again anywhere. */
import { History } from '@tapline/core/history/history';
import {
  NO_RECORD,
  decodeRecord,
  encodeRecord,
  goBack,
  type HistoryRecord,
} from '@tapline/core/history/history-record';
import {
  decodeObservations,
  encodeObservations,
  NO_OBSERVATIONS,
  type Observations,
} from '@tapline/core/history/observations';
import { CensoredTail } from '@tapline/core/history/censored-tail';
import { HISTORY_CONFIG } from '@tapline/core/history/config';
import { FEATURES } from '@tapline/core/history/features';
import { SeasonalBaseline } from '@tapline/core/history/seasonal-baseline';
import { TokenModel } from '@tapline/core/history/token-model';
import { UsualMemory } from '@tapline/core/history/usual-memory';
import { ByteWriter } from '@tapline/core/sketch/byte-writer';
import { hashWord } from '@tapline/core/sketch/hash';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostSight, pairSight, sweepSight, windowOf } from '../../fixtures/history-windows.ts';
import { SyntheticKpis, uniform } from '../../helpers/synthetic-kpis.ts';
import { SyntheticTokens } from '../../helpers/synthetic-tokens.ts';

const OPTIONS = { falseAlarmsPerDay: 1000 };

/** Hosts that call, send, scan and change their minds, from a seed. */
function traffic(seed: number, windows: number): ReturnType<typeof windowOf>[] {
  const next = uniform(seed);
  const [series, kinds] = [new SyntheticKpis(seed), new SyntheticTokens(seed)];
  return Array.from({ length: windows }, (_, i) => {
    const window = i + Math.floor(i / 500) * 3000;
    const pick = (n: number): number => Math.floor(next() * n);
    const pairs = Array.from({ length: 2 }, (__, k) => {
      const source = `10.0.0.${k}`;
      const start = windowOf(window).row.windowStartUs / 1e6 + pick(2);
      return pairSight(window, {
        source,
        starts: [start],
        bytesUp: pick(20) === 0 ? 60e6 : 400,
        bytesDown: pick(1000),
      });
    });
    const sweeps = [sweepSight(window, { source: `10.0.1.${pick(12)}`, failed: [hashWord(pick(4000))] })];
    const hosts = Array.from({ length: 3 }, (__, k) =>
      hostSight(pick(20) === 0 ? 5000 * (1 + pick(9)) : pick(4000), {
        entity: `10.0.2.${pick(k === 0 ? 2 : 600)}`,
        ...(k === 2 && { statistic: 'brute-force/log-in attempts' }),
      }),
    );
    return windowOf(
      window,
      { pairs, sweeps, hosts, tokens: kinds.tokens(window), folded: pick(2) },
      series.values(window),
    );
  });
}

describe('a history', () => {
  it('is the same in one go as written down and read again after any window', () => {
    const windows = traffic(7, 4000);
    const whole = new History(OPTIONS);
    for (const window of windows) whole.take(window);
    const detectors = new Set(whole.takeChanged().map(({ detector }) => detector));
    expect([...detectors].sort()).toEqual(['beacon', 'exfiltration', 'horizontal-scan', 'unlike-history']);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 3999 }), { minLength: 1, maxLength: 12 }), (places) => {
        let history = new History(OPTIONS);
        for (const [index, window] of windows.entries()) {
          history.take(window);
          if (places.includes(index)) history = History.decode(history.encode(), OPTIONS);
        }
        expect(history.encode()).toEqual(whole.encode());
      }),
      { numRuns: 8 },
    );
  });

  it('refuses a window that is older than what it has taken, and bytes of another version', () => {
    const history = new History(OPTIONS);
    history.take(windowOf(5));
    expect(() => {
      history.take(windowOf(4));
    }).toThrow(RangeError);
    const bytes = history.encode();
    bytes[0] = 99;
    expect(() => History.decode(bytes, OPTIONS)).toThrow(/version 99/u);
    expect(() => History.decode(history.encode().subarray(0, 500), OPTIONS)).toThrow(/ends early/u);
  });

  it('of a build that did not know tokens, or what is usual, is read, and begins to learn that', () => {
    const sizeOf = (encode: (writer: ByteWriter) => void): number => {
      const writer = new ByteWriter();
      encode(writer);
      return writer.length;
    };
    const tokens = sizeOf((writer) => {
      new TokenModel(HISTORY_CONFIG.tokens).encode(writer);
    });
    const usual = sizeOf((writer) => {
      new UsualMemory().encode(writer);
    });
    const [baseline, tail] = [
      sizeOf((writer) => {
        new SeasonalBaseline().encode(writer);
      }),
      sizeOf((writer) => {
        new CensoredTail({ limit: 1, refitEvery: 1, shape: { mean: 0, deviation: 1 } }).encode(writer);
      }),
    ];
    const now = new History(OPTIONS).encode();
    // Version, time, folded windows, windows of the model and of its run; then a baseline and a tail for each KPI.
    const baselines = 12 + FEATURES.length * baseline;
    const tails = baselines + FEATURES.length * tail;
    const oneKpiLess = [
      now.subarray(0, baselines - baseline),
      now.subarray(baselines, tails - tail),
      now.subarray(tails),
    ];
    const older = new Uint8Array(Buffer.concat(oneKpiLess));
    for (const [version, cut] of [
      [2, tokens],
      [1, tokens + usual],
    ] as const) {
      const before = older.slice(0, older.length - cut);
      before[0] = version;
      expect(History.decode(before, OPTIONS).encode()).toEqual(now);
    }
  });

  it('stays small, however many hosts there are, and counts what it had no room for', () => {
    const history = new History(OPTIONS);
    const next = uniform(1);
    const host = (): string => `10.${Math.floor(next() * 256)}.${Math.floor(next() * 256)}.${Math.floor(next() * 256)}`;
    for (let window = 0; window < 300; window++) {
      const starts = [windowOf(window).row.windowStartUs / 1e6];
      const pairs = Array.from({ length: 200 }, () =>
        pairSight(window, { source: host(), destination: host(), starts }),
      );
      const sweeps = Array.from({ length: 100 }, () =>
        sweepSight(window, { source: host(), failed: [hashWord(next() * 1e9)] }),
      );
      history.take(windowOf(window, { pairs, sweeps }));
    }
    expect(history.encode().length).toBeLessThan(400_000);
    expect(history.summary.folded).toBeGreaterThan(10_000);
  });
});

describe('a history record', () => {
  const point = (uptoUs: number): { uptoUs: number; state: Uint8Array } => ({
    uptoUs,
    state: new Uint8Array([uptoUs % 251]),
  });
  const hours = (count: number): number => count * 3600e6;
  const record: HistoryRecord = {
    ...NO_RECORD,
    ...point(hours(300)),
    firstUs: hours(1),
    hour: point(hours(299)),
    day: point(hours(288)),
  };

  it('reads back as it was written', () => {
    const review = {
      fromUs: 3,
      toUs: 9,
      raised: [{ id: 'a', windowEndUs: 5 }],
      said: ['4 udp-flood packets 10.0.0.1'],
    };
    for (const one of [NO_RECORD, record, { ...record, review }]) expect(decodeRecord(encodeRecord(one))).toEqual(one);
  });

  it('goes back to the last point before a window, and not at all to what is too long ago or still to come', () => {
    expect(goBack(record, hours(300))).toBe(record);
    expect(goBack(record, hours(299.5))).toMatchObject({
      uptoUs: hours(299),
      review: { fromUs: hours(299), toUs: hours(300) },
    });
    expect(goBack(record, hours(298))).toMatchObject({ uptoUs: hours(288), hour: undefined });
    expect(goBack(record, hours(200))).toBe(record);
    expect(goBack({ ...record, firstUs: hours(150) }, hours(200))).toMatchObject({ uptoUs: -Infinity });
  });
});

describe('observations', () => {
  it('of a build that noted no tokens, or no hosts, are read without them', () => {
    const observations: Observations = { ...NO_OBSERVATIONS, pairs: [pairSight(3)] };
    const { windowStartUs } = windowOf(3).row;
    const bytes = encodeObservations(observations, windowStartUs);
    for (const version of [1, 2]) {
      const before = bytes.slice(0, version - 3);
      before[0] = version;
      expect(decodeObservations(before, windowStartUs)).toEqual(observations);
    }
  });

  it('read back as they were written, hostile numbers included', () => {
    const sight = fc.record({
      port: fc.nat({ max: 65_535 }),
      protocol: fc.nat({ max: 131_071 }),
      bytesUp: fc.maxSafeNat(),
      isDestinationInternal: fc.boolean(),
      destination: fc.constantFrom('2001:db8::1', '203.0.113.9', ''),
    });
    fc.assert(
      fc.property(
        fc.array(sight, { maxLength: 20 }),
        fc.array(fc.nat({ max: 0xffff_ffff }), { maxLength: 16 }),
        (pairs, failed) => {
          const { windowStartUs } = windowOf(3).row;
          const observations: Observations = {
            outboundBytes: 2 ** 50,
            pairs: pairs.map((pair) => pairSight(3, { ...pair, starts: [windowStartUs / 1e6] })),
            sweeps: [sweepSight(3, { failed })],
            hosts: pairs.map(({ bytesUp, destination }) => hostSight(bytesUp, { entity: destination })),
            tokens: pairs.map(({ bytesUp, destination }, place) => ({
              token: place * 100,
              flows: bytesUp,
              host: destination,
            })),
            folded: 7,
          };
          expect(decodeObservations(encodeObservations(observations, windowStartUs), windowStartUs)).toEqual(
            observations,
          );
        },
      ),
    );
  });
});
