/**
 * Intervals and areas against scipy 1.17.1 and scikit-learn 1.9.1. The golden values were made with
 *
 *   pip install scipy scikit-learn && python3 -c '
 *   from scipy.stats import chi2, binomtest; from sklearn.metrics import average_precision_score
 *   garwood = lambda k, t, c: (0 if k == 0 else chi2.ppf((1-c)/2, 2*k)/2/t, chi2.ppf(1-(1-c)/2, 2*k+2)/2/t)
 *   share = lambda k, n, c, m: binomtest(k, n).proportion_ci(c, method=m)   # m = "exact" or "wilson"
 *   print(garwood(10, 24, .95), share(12, 13, .95, "exact"), average_precision_score([0, 1], [.2, .7]))'
 *
 * called with the arguments in the first columns below.
 */
import { describe, expect, it } from 'vitest';
import { blockBootstrap, quantile } from '@tapline/core/eval/block-bootstrap';
import { clopperPearson, garwood, wilson } from '@tapline/core/eval/intervals';
import { averagePrecision, precisionRecallCurve } from '@tapline/core/eval/precision-recall';
import { Prng } from '@tapline/core/eval/prng';
import { betaCdf, gammaCdf, normalTwoSided } from '@tapline/core/statistics/special-functions';

type Golden = readonly [first: number, second: number, confidence: number, low: number, high: number];

const GARWOOD: readonly Golden[] = [
  [0, 1, 0.95, 0, 3.6888794541139354],
  [1, 1, 0.95, 0.025317807984289897, 5.571643390938898],
  [3, 2.5, 0.95, 0.24746884915824058, 3.506909227896929],
  [10, 24, 0.95, 0.1998078623388514, 0.7662648350840741],
  [10, 24, 0.99, 0.1548717554777965, 0.8915761458189281],
  [137, 26.5, 0.95, 4.34039752580372, 6.111562441059374],
  [5000, 100, 0.95, 48.62359188694899, 51.405489485350046],
];
const CLOPPER_PEARSON: readonly Golden[] = [
  [0, 11, 0.95, 0, 0.28491415291815436],
  [1, 11, 0.95, 0.002298972213815338, 0.4127799169883827],
  [12, 13, 0.95, 0.6397025647321226, 0.9980543715026514],
  [13, 13, 0.95, 0.7529473619994964, 1],
  [5, 18, 0.9, 0.11642559165303494, 0.49782824945443976],
  [81, 263, 0.95, 0.25273674558504267, 0.36762192260134746],
  [9990, 10000, 0.99, 0.9978614365175612, 0.9996282095607948],
];
const WILSON: readonly Golden[] = [
  [0, 11, 0.95, 0, 0.2588329669680317],
  [1, 11, 0.95, 0.0162321728858848, 0.37735843645159567],
  [12, 13, 0.95, 0.6668604907890041, 0.9862895787574435],
  [13, 13, 0.95, 0.7719046276458017, 1],
  [5, 18, 0.9, 0.1423238701374527, 0.47130616967598404],
  [81, 263, 0.95, 0.2552885198782742, 0.36620957698280004],
  [9990, 10000, 0.99, 0.9977905846981932, 0.9995476916678141],
];

describe('intervals', () => {
  const tables = [
    ['Garwood', garwood, GARWOOD],
    ['Clopper-Pearson', clopperPearson, CLOPPER_PEARSON],
    ['Wilson', wilson, WILSON],
  ] as const;
  for (const [name, interval, golden] of tables) {
    it(`${name} agrees with scipy`, () => {
      for (const [first, second, confidence, low, high] of golden) {
        const found = interval(first, second, confidence)!;
        expect(found.low, `low of ${first}, ${second}`).toBeCloseTo(low, 9);
        expect(found.high, `high of ${first}, ${second}`).toBeCloseTo(high, 9);
      }
    });
  }

  it('say that nothing is known where nothing was tried', () => {
    expect(garwood(0, 0)).toBeNull();
    expect(clopperPearson(0, 0)).toBeNull();
    expect(wilson(0, 0)).toBeNull();
  });

  it('rest on functions with their textbook values', () => {
    expect(normalTwoSided(0.95)).toBeCloseTo(1.959963984540054, 12);
    // An exponential variate, and the uniform one.
    expect(gammaCdf(1, 2)).toBeCloseTo(1 - Math.exp(-2), 14);
    expect(betaCdf(1, 1, 0.3)).toBeCloseTo(0.3, 14);
  });

  it('cover a Poisson rate at least as often as they say', () => {
    const random = new Prng(11);
    let covered = 0;
    for (let trial = 0; trial < 2000; trial++) {
      let count = 0;
      for (let time = random.exponential(1 / 4); time < 1; time += random.exponential(1 / 4)) count += 1;
      const { low, high } = garwood(count, 1)!;
      if (low <= 4 && 4 <= high) covered += 1;
    }
    expect(covered / 2000).toBeGreaterThanOrEqual(0.95);
  });
});

const units = (labels: readonly number[], scores: readonly number[]): { score: number; positive: boolean }[] =>
  labels.map((label, index) => ({ score: scores[index]!, positive: label === 1 }));

const LABELS_12 = [0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1];
const SCORES_12 = [0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 0.5, 0.75, 0, 0, 0.5, 0];
const LABELS_40 = Array.from('1000000111010101100000100000100100000001', Number);
const SCORES_40 = Array.from('2120413143044420042043212104221301004322', Number);

describe('average precision', () => {
  it('agrees with scikit-learn where many scores are equal', () => {
    expect(averagePrecision(units(LABELS_12, SCORES_12))).toBeCloseTo(0.27380952380952384, 12);
  });

  it('agrees with scikit-learn on a longer list with five levels', () => {
    expect(averagePrecision(units(LABELS_40, SCORES_40))).toBeCloseTo(0.3447388632872504, 12);
  });

  it('does not depend on the order of the units', () => {
    const one = averagePrecision(units(LABELS_40, SCORES_40));
    expect(averagePrecision(units(LABELS_40, SCORES_40).reverse())).toBe(one);
  });

  it('is 1 for a score that knows, the share of positives for one that says nothing, null without positives', () => {
    expect(averagePrecision(units([1, 1, 0, 0], [4, 3, 2, 1]))).toBe(1);
    expect(averagePrecision(units([1, 0, 0, 0], [5, 5, 5, 5]))).toBe(0.25);
    expect(averagePrecision(units([0, 0], [1, 2]))).toBeNull();
  });

  it('has one point of the curve per distinct score', () => {
    expect(precisionRecallCurve(units([1, 0, 1], [9, 5, 5]))).toEqual([
      { threshold: 9, precision: 1, recall: 0.5 },
      { threshold: 5, precision: 2 / 3, recall: 1 },
    ]);
  });
});

describe('block bootstrap', () => {
  const mean = (draw: readonly number[]): number => draw.reduce((sum, value) => sum + value, 0) / draw.length;
  const series = (seed: number, length: number): number[] => {
    const random = new Prng(seed);
    return Array.from({ length }, () => random.unit());
  };

  it('gives the same interval for the same seed, and another for another', () => {
    const data = series(3, 200);
    const one = blockBootstrap(data, mean, { blockLength: 10, seed: 1 });
    expect(blockBootstrap(data, mean, { blockLength: 10, seed: 1 })).toEqual(one);
    expect(blockBootstrap(data, mean, { blockLength: 10, seed: 2 })).not.toEqual(one);
  });

  it('of independent values comes near the normal interval of their mean', () => {
    const data = series(5, 400);
    const { low, high } = blockBootstrap(data, mean, { blockLength: 1, seed: 1, repeats: 4000 })!;
    const centre = mean(data);
    const half = 1.96 * Math.sqrt(mean(data.map((value) => (value - centre) ** 2)) / 400);
    expect(Math.abs(low - (centre - half))).toBeLessThan(half * 0.1);
    expect(Math.abs(high - (centre + half))).toBeLessThan(half * 0.1);
  });

  it('is wider than single draws allow where neighbours are alike', () => {
    const alike = series(7, 40).flatMap((value) => Array<number>(10).fill(value));
    const width = (blockLength: number): number => {
      const { low, high } = blockBootstrap(alike, mean, { blockLength, seed: 1 })!;
      return high - low;
    };
    expect(width(20)).toBeGreaterThan(2 * width(1));
  });

  it('leaves out draws that say nothing', () => {
    expect(blockBootstrap([1, 2, 3], () => null, { blockLength: 1, seed: 1 })).toBeNull();
    expect(blockBootstrap([], mean, { blockLength: 1, seed: 1 })).toBeNull();
  });

  it('takes quantiles between values', () => {
    expect(quantile([1, 2, 4], 0.5)).toBe(2);
    expect(quantile([1, 2, 4], 0.75)).toBe(3);
  });
});
