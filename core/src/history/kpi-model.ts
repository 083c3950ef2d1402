/**
 * How unlike its own history a sensor's window is: for each KPI the probability of so large a residual against its hour of
 * the day, the least probable of them as the window's score S = max(-log10 p), and a censored tail of S itself, which
 * turns one number, false alarms per day, into a threshold. The tail of S takes up how the KPIs depend on each other.
 */
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { CensoredTail, type TailOptions } from './censored-tail.ts';
import { FEATURES, restore, transform } from './features.ts';
import { SeasonalBaseline } from './seasonal-baseline.ts';

const DAY_US = 86_400e6;
/** Windows before the first alarm: six hours of ten seconds. */
export const LEARNING_WINDOWS = 2160;
/** Windows that a KPI's baseline learns from before its residuals say anything. */
const BASELINE_WINDOWS = 360;
/** Alarms in a row after which the windows are an incident, and nothing is learned from them. */
const INCIDENT_AFTER = 3;
/** An incident that lasts so many windows is what the network is like now. */
const INCIDENT_MOST = 2160;
const KPI_TAIL: TailOptions = { limit: 500, refitEvery: 40, shape: { mean: 0.1, deviation: 0.15 } };
/** The score is a logarithm of probabilities: an exponential tail (shape 0), longer for the errors of those probabilities. */
const SCORE_TAIL: TailOptions = { limit: 500, refitEvery: 10, shape: { mean: 0.12, deviation: 0.1 } };
/** A KPI alone is censored where it would be exceeded about once in a week. */
const KPI_CENSOR = 1.6e-5;

export interface FeatureReading {
  /** Place in FEATURES. */
  readonly feature: number;
  readonly value: number;
  /** What is usual at this hour. */
  readonly usual: number;
  readonly probability: number;
}

export interface Reading {
  /** -log10 of the least probability. */
  readonly score: number;
  /** How often a window scores so high, as a probability. */
  readonly probability: number;
  /** An alarm below this. */
  readonly allowed: number;
  readonly isAlarm: boolean;
  /** Too little was known to judge it. */
  readonly isLearning: boolean;
  /** It is an alarm after so many that nothing is learned from it. */
  readonly isIncident: boolean;
  /** The window was learned from. */
  readonly isLearned: boolean;
  /** Of the KPIs that have a value; least probable first. */
  readonly features: readonly FeatureReading[];
}

export interface Judging {
  readonly windowUs: number;
  readonly falseAlarmsPerDay: number;
  /** The window is judged, and teaches nothing. */
  readonly isFrozen?: boolean;
}

export class KpiModel {
  #windows = 0;
  #run = 0;
  readonly #baselines: SeasonalBaseline[];
  readonly #tails: CensoredTail[];
  #score: CensoredTail;

  constructor() {
    this.#baselines = FEATURES.map(() => new SeasonalBaseline());
    this.#tails = FEATURES.map(() => new CensoredTail(KPI_TAIL));
    this.#score = new CensoredTail(SCORE_TAIL);
  }

  /** Windows that were learned from. */
  get windows(): number {
    return this.#windows;
  }

  get isLearning(): boolean {
    return this.#windows < LEARNING_WINDOWS;
  }

  /**
   * Judges a window by those before it, then learns from it, unless the model is frozen.
   * @param values in the order of FEATURES; one that is undefined is neither judged nor learned
   */
  take(
    values: readonly (number | undefined)[],
    timeUs: number,
    { windowUs, falseAlarmsPerDay, isFrozen = false }: Judging,
  ): Reading {
    const measured = FEATURES.map((feature, k) =>
      values[k] === undefined ? undefined : transform(feature, values[k]),
    );
    const sizes = new Float64Array(FEATURES.length);
    const features = FEATURES.flatMap((feature, k): FeatureReading | [] => {
      if (measured[k] === undefined) return [];
      const { z, expected } = this.#baselines[k]!.residual(measured[k], timeUs);
      const size = feature.isTwoSided ? Math.abs(z) : z;
      sizes[k] = size;
      const probability = this.#tails[k]!.isFitted ? this.#tails[k]!.probability(size) : 1;
      return { feature: k, value: values[k]!, usual: restore(feature, expected), probability };
    });
    const least = features.reduce((min, { probability }) => Math.min(min, probability), 1);
    const score = -Math.log10(least);
    const allowed = Math.min(0.01, (falseAlarmsPerDay * windowUs) / DAY_US);
    const probability = this.#score.isFitted ? this.#score.probability(score) : 1;
    const { isLearning } = this;
    const isAlarm = !isLearning && probability < allowed;
    this.#run = isAlarm ? this.#run + 1 : 0;
    if (this.#run >= INCIDENT_MOST) this.#run = 0;
    const isIncident = this.#run > INCIDENT_AFTER;
    const isLearned = !isFrozen && !isIncident;
    if (isLearned) this.#learn(measured, sizes, { score, timeUs, allowed });
    features.sort((a, b) => a.probability - b.probability);
    return { score, probability, allowed, isAlarm, isLearning, isIncident, isLearned, features };
  }

  #learn(
    measured: readonly (number | undefined)[],
    sizes: Float64Array,
    { score, timeUs, allowed }: { score: number; timeUs: number; allowed: number },
  ): void {
    this.#windows++;
    for (let k = 0; k < FEATURES.length; k++) {
      const value = measured[k];
      if (value === undefined) continue;
      const [tail, baseline] = [this.#tails[k]!, this.#baselines[k]!];
      // The first residuals are against a baseline that does not exist yet.
      if (baseline.windows >= BASELINE_WINDOWS)
        tail.add(sizes[k]!, tail.isFitted ? tail.quantile(KPI_CENSOR) : Infinity);
      baseline.learn(value, timeUs);
    }
    if (this.#windows <= 1000) return;
    this.#score.add(score, this.#score.isFitted ? this.#score.quantile(allowed) : Infinity);
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#windows);
    writer.varint(this.#run);
    for (const baseline of this.#baselines) baseline.encode(writer);
    for (const tail of this.#tails) tail.encode(writer);
    this.#score.encode(writer);
  }

  /** @param known how many of FEATURES there were when it was written: the others begin to be learned */
  static decode(reader: ByteReader, known = FEATURES.length): KpiModel {
    const model = new KpiModel();
    model.#windows = reader.varint();
    model.#run = reader.varint();
    for (let k = 0; k < known; k++) model.#baselines[k] = SeasonalBaseline.decode(reader);
    for (let k = 0; k < known; k++) model.#tails[k] = CensoredTail.decode(reader, KPI_TAIL);
    model.#score = CensoredTail.decode(reader, SCORE_TAIL);
    return model;
  }
}
