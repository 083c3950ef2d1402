/** The sketches keep their promises: error bounds on seeded data, merges that do not know order, bytes that come back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '@tapline/core/errors';
import { ByteReader } from '@tapline/core/sketch/byte-reader';
import { ByteWriter } from '@tapline/core/sketch/byte-writer';
import { hashWord, hexName, mix32 } from '@tapline/core/sketch/hash';
import { HashedBins } from '@tapline/core/sketch/hashed-bins';
import { HyperLogLog } from '@tapline/core/sketch/hyperloglog';
import { LogHistogram } from '@tapline/core/sketch/log-histogram';
import { ThetaSet } from '@tapline/core/sketch/theta-set';
import { ALPHABET_MOST, TokenCounts } from '@tapline/core/sketch/token-counts';

const bytesOf = (sketch: { encode(writer: ByteWriter): void }): Uint8Array => {
  const writer = new ByteWriter();
  sketch.encode(writer);
  return writer.finish();
};

/** A few hundred distinct hashes, or thousands, with repeats: both forms of every sketch. */
const hashes = fc
  .tuple(fc.integer({ min: 1, max: 6000 }), fc.integer())
  .map(([count, seed]) => Array.from({ length: count }, (_, index) => hashWord(index % 4000, seed)));
const words = fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 20 });

describe('mix32', () => {
  it('flips about half of the output bits when one input bit flips', () => {
    for (let bit = 0; bit < 32; bit++) {
      let flipped = 0;
      for (let value = 0; value < 1000; value++) {
        for (let rest = mix32(value) ^ mix32(value ^ (1 << bit)); rest !== 0; rest &= rest - 1) flipped++;
      }
      expect(flipped / 32_000).toBeCloseTo(0.5, 1);
    }
  });

  it('gives names that differ for texts that differ', () => {
    const names = new Set(Array.from({ length: 10_000 }, (_, index) => hexName(`alert ${index}`)));
    expect(names.size).toBe(10_000);
    expect(hexName('')).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('HyperLogLog', () => {
  it('is exact up to 256 distinct hashes, repeats or not', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 256 }), (distinct) => {
        const sketch = new HyperLogLog();
        for (const hash of [...distinct, ...distinct]) sketch.add(hash);
        expect(sketch.estimate()).toBe(distinct.length);
      }),
    );
  });

  it('stays within 4.5 standard errors, with a mean error near zero, from hundreds to a million', () => {
    for (const count of [300, 1000, 5000, 50_000, 1_000_000]) {
      const trials = count > 100_000 ? 3 : 40;
      let sum = 0;
      for (let trial = 0; trial < trials; trial++) {
        const sketch = new HyperLogLog();
        for (let index = 0; index < count; index++) sketch.add(hashWord(index, trial + 1));
        const error = sketch.estimate() / count - 1;
        expect(Math.abs(error)).toBeLessThan(4.5 * 0.023);
        sum += error;
      }
      expect(Math.abs(sum / trials)).toBeLessThan((4.5 * 0.023) / Math.sqrt(trials));
    }
  });

  it('merges to the sketch of the union, byte for byte, in any order', () => {
    fc.assert(
      fc.property(fc.array(hashes, { minLength: 1, maxLength: 4 }), (parts) => {
        const whole = new HyperLogLog();
        for (const hash of parts.flat()) whole.add(hash);
        for (const order of [parts, parts.toReversed()]) {
          const merged = new HyperLogLog();
          for (const part of order) {
            const one = new HyperLogLog();
            for (const hash of part) one.add(hash);
            merged.merge(HyperLogLog.decode(new ByteReader(bytesOf(one))));
          }
          expect(bytesOf(merged)).toEqual(bytesOf(whole));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('refuses to merge another precision', () => {
    expect(() => {
      new HyperLogLog(10).merge(new HyperLogLog(11));
    }).toThrow(RangeError);
  });
});

describe('LogHistogram', () => {
  it('gives every quantile within 2 % of a value of that rank, merged or not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const [left, right] = [new LogHistogram(), new LogHistogram()];
          values.forEach((value, index) => {
            (index % 3 === 0 ? left : right).add(value);
          });
          left.merge(LogHistogram.decode(new ByteReader(bytesOf(right))));
          const truth = values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;
          expect(left.total).toBe(values.length);
          expect(Math.abs(left.quantile(q) - truth)).toBeLessThanOrEqual(0.0201 * truth);
        },
      ),
    );
  });
});

describe('HashedBins', () => {
  const exactEntropy = (counts: readonly number[]): number => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.reduce((sum, count) => sum - (count / total) * Math.log2(count / total), 0);
  };

  it('is never above the true entropy, and near it for tens of keys', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 60 }),
        fc.integer(),
        (counts, seed) => {
          const bins = new HashedBins();
          counts.forEach((count, key) => {
            bins.add(hashWord(key, seed), count);
          });
          const truth = exactEntropy(counts);
          expect(bins.entropy()).toBeLessThanOrEqual(truth + 1e-9);
          // 60 keys meet in 1.7 bins on average; ten meetings would be a broken hash.
          expect(bins.entropy()).toBeGreaterThan(truth - (20 * 2) / counts.length - 0.35);
        },
      ),
    );
    const spread = new HashedBins();
    for (let key = 0; key < 500_000; key++) spread.add(hashWord(key), 1);
    expect(spread.entropy()).toBeGreaterThan(9.99);
    expect(new HashedBins().entropy()).toBe(0);
  });

  it('merges by addition and survives its bytes, in both forms', () => {
    fc.assert(
      fc.property(hashes, fc.integer({ min: 1, max: 7 }), (all, step) => {
        const [left, right, whole] = [new HashedBins(), new HashedBins(), new HashedBins()];
        all.forEach((hash, index) => {
          (index % 8 < step ? left : right).add(hash, index + 1);
          whole.add(hash, index + 1);
        });
        left.merge(HashedBins.decode(new ByteReader(bytesOf(right))));
        expect(bytesOf(left)).toEqual(bytesOf(whole));
        expect(left.entropy()).toBe(whole.entropy());
      }),
      { numRuns: 40 },
    );
  });
});

describe('ThetaSet', () => {
  it('is exact up to k, and within 4.5 standard errors of 1/sqrt(k - 2) beyond', () => {
    for (const k of [32, 256, 1024]) {
      for (let trial = 0; trial < 20; trial++) {
        for (const count of [k, 3 * k, 50 * k]) {
          const set = new ThetaSet(k);
          for (let index = 0; index < count; index++) set.add(hashWord(index, 100 + trial));
          if (count === k) expect(set.estimate()).toBe(k);
          expect(Math.abs(set.estimate() / count - 1)).toBeLessThan(4.5 / Math.sqrt(k - 2));
        }
      }
    }
  });

  it('unites sets of one k to the same set in any order, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(hashes, { minLength: 1, maxLength: 4 }), (parts) => {
        const whole = ThetaSet.of(64, parts.flat());
        for (const order of [parts, parts.toReversed()]) {
          const united = new ThetaSet(64);
          for (const part of order) united.merge(ThetaSet.decode(new ByteReader(bytesOf(ThetaSet.of(64, part))), 64));
          expect(bytesOf(united)).toEqual(bytesOf(whole));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('counts a union right when a part had been cut to fewer hashes', () => {
    const cut = new ThetaSet(32);
    for (let index = 0; index < 2000; index++) cut.add(hashWord(index));
    const united = ThetaSet.of(
      1024,
      Array.from({ length: 2000 }, (_, index) => hashWord(index + 1000)),
    );
    united.merge(cut);
    expect(Math.abs(united.estimate() / 3000 - 1)).toBeLessThan(4.5 / Math.sqrt(46));
  });
});

describe('TokenCounts', () => {
  const TOKENS = 300;
  const occurrences = fc.array(fc.tuple(fc.nat({ max: TOKENS - 1 }), fc.nat({ max: 2 ** 32 })), { maxLength: 200 });

  it('are exact, and merge in any order and split to the same bytes', () => {
    fc.assert(
      fc.property(occurrences, fc.array(fc.nat(), { minLength: 1, maxLength: 7 }), fc.boolean(), (all, cut, isBack) => {
        const whole = new TokenCounts(TOKENS);
        for (const [token, count] of all) whole.add(token, count);
        const parts = cut.map(() => new TokenCounts(TOKENS));
        all.forEach(([token, count], index) => {
          parts[cut[index % cut.length]! % cut.length]!.add(token, count);
        });
        const merged = new TokenCounts(TOKENS);
        for (const part of isBack ? parts.toReversed() : parts)
          merged.merge(TokenCounts.decode(new ByteReader(bytesOf(part)), TOKENS));
        expect(bytesOf(merged)).toEqual(bytesOf(whole));
        const exact = new Map<number, number>();
        for (const [token, count] of all) exact.set(token, (exact.get(token) ?? 0) + count);
        expect(merged.entries()).toEqual([...exact].filter(([, count]) => count > 0).sort(([a], [b]) => a - b));
        expect(merged.total).toBe(all.reduce((sum, [, count]) => sum + count, 0));
      }),
    );
  });

  it('merge with a weight, and fade to nothing', () => {
    const [counts, other] = [new TokenCounts(TOKENS), new TokenCounts(TOKENS)];
    counts.add(1, 100);
    counts.add(299, 3);
    other.add(1, 50);
    counts.merge(other, 0.5);
    expect(counts.of(1)).toBe(125);
    counts.fade(0.1, 0.5);
    expect(counts.entries()).toEqual([[1, 12.5]]);
    expect(counts.total).toBe(12.5);
  });

  it('are at most 10 bytes for a token that occurred, 8 in front, and refuse another alphabet', () => {
    const counts = new TokenCounts(ALPHABET_MOST);
    for (let token = 0; token < ALPHABET_MOST; token += 2) counts.add(token, 2 ** 52);
    expect(bytesOf(counts).length).toBeLessThanOrEqual(10 * (ALPHABET_MOST / 2) + 10);
    expect(() => {
      counts.merge(new TokenCounts(TOKENS));
    }).toThrow(RangeError);
    expect(() => new TokenCounts(ALPHABET_MOST + 1)).toThrow(RangeError);
  });
});

describe('ByteReader', () => {
  it('reads what ByteWriter wrote', () => {
    const numbers = fc.array(fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }));
    fc.assert(
      fc.property(numbers, fc.string({ unit: 'binary' }), words, (signed, text, fixed) => {
        const writer = new ByteWriter(1);
        for (const value of signed) writer.signed(value);
        writer.text(text);
        for (const word of fixed) writer.u32(word);
        const reader = new ByteReader(writer.finish());
        expect(signed.map(() => reader.signed())).toEqual(signed);
        expect(reader.text(10_000)).toBe(text);
        expect(fixed.map(() => reader.u32())).toEqual(fixed);
        reader.end();
      }),
    );
  });

  it('turns any damage to a sketch into a PipelineError or another sketch', () => {
    const decoders = [
      (reader: ByteReader) => HyperLogLog.decode(reader),
      (reader: ByteReader) => HashedBins.decode(reader),
      (reader: ByteReader) => LogHistogram.decode(reader),
      (reader: ByteReader) => ThetaSet.decode(reader, 64),
      (reader: ByteReader) => TokenCounts.decode(reader, 300),
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(...decoders), (bytes, decode) => {
        try {
          decode(new ByteReader(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(PipelineError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
