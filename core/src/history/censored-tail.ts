/**
 * The upper tail of a stream of numbers, learned as it flows: a threshold near a high quantile, and a generalised Pareto
 * distribution of what exceeds it. What was called an alarm enters the fit only as "at least this much" (right-censored).
 * Left out, alarms would truncate the tail, the next fit would be shorter, and more alarms would follow; let in whole, an
 * attack would teach that it is ordinary.
 */
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';

/** Share of values above the threshold (Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017). */
export const TAIL_SHARE = 0.02;
/** Values until the threshold may stand on its own; before that it follows quickly. */
const WARM_UP = 500;
const SHAPE = { least: -0.4, most: 0.9 };
const FIT_ROUNDS = 12;
const EXCESSES_TO_FIT = 10;

export interface TailOptions {
  /** Excesses that are kept: the newest. */
  readonly limit: number;
  /** Excesses between two fits. */
  readonly refitEvery: number;
  /** What is believed of the distribution's shape before it was seen: a normal prior. */
  readonly shape: { readonly mean: number; readonly deviation: number };
}

export class CensoredTail {
  readonly #options: TailOptions;
  #count = 0;
  #threshold = 0;
  /** Mean absolute value: the unit in which the threshold moves. */
  #unit = 0;
  /** The newest excesses over the threshold, in a ring; a negative one is censored at its amount. */
  readonly #excesses: Float32Array;
  #kept = 0;
  #next = 0;
  #sinceFit = 0;
  #scale = 1;
  #shape: number;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#excesses = new Float32Array(options.limit);
    this.#shape = options.shape.mean;
  }

  /** Whether there were enough excesses to say anything of the tail. */
  get isFitted(): boolean {
    return this.#kept >= EXCESSES_TO_FIT;
  }

  /** How probable a value of `value` or more is; above the threshold by the fit, below it by a plain interpolation. */
  probability(value: number): number {
    if (this.#threshold <= 0) return 1;
    if (value <= this.#threshold) return TAIL_SHARE ** (Math.max(0, value) / this.#threshold);
    return TAIL_SHARE * survival(value - this.#threshold, this.#scale, this.#shape);
  }

  /** The value that is exceeded with this probability, which is below TAIL_SHARE. */
  quantile(probability: number): number {
    const ratio = probability / TAIL_SHARE;
    const beyond = Math.abs(this.#shape) < 1e-6 ? -Math.log(ratio) : (ratio ** -this.#shape - 1) / this.#shape;
    return this.#threshold + this.#scale * beyond;
  }

  /** Takes a value in. One that is larger than `censorAt` is known as at least that much. */
  add(value: number, censorAt = Infinity): void {
    this.#count++;
    const seen = Math.min(value, censorAt);
    const pace = Math.max(1 / this.#count, 0.001);
    this.#unit += pace * (Math.abs(seen) - this.#unit);
    if (seen > this.#threshold && this.#count > WARM_UP) this.#keep(seen - this.#threshold, value > censorAt);
    // Stochastic approximation of the quantile: up by 49 parts for a value above, down by one for a value below.
    const step = this.#unit * Math.max(20 / (this.#count + 20), 0.01);
    this.#threshold += step * ((seen > this.#threshold ? 1 : 0) - TAIL_SHARE);
  }

  #keep(excess: number, isCensored: boolean): void {
    this.#excesses[this.#next] = isCensored ? -excess : excess;
    const { limit, refitEvery } = this.#options;
    this.#next = (this.#next + 1) % limit;
    this.#kept = Math.min(this.#kept + 1, limit);
    if (++this.#sinceFit < refitEvery && this.#kept > EXCESSES_TO_FIT) return;
    this.#sinceFit = 0;
    this.#fit();
  }

  /** Maximum of likelihood and prior, climbed from the last fit: ten excesses do not move it far. */
  #fit(): void {
    let [scale, shape] = [this.#scale, this.#shape];
    if (this.#kept <= EXCESSES_TO_FIT) scale = this.#meanExcess();
    let best = this.#likelihood(scale, shape);
    let step = 0.2;
    for (let round = 0; round < FIT_ROUNDS; round++) {
      let moved = false;
      for (const [factor, shift] of [
        [1 + step, 0],
        [1 / (1 + step), 0],
        [1, step / 2],
        [1, -step / 2],
        [1 / (1 + step), step / 2],
        [1 + step, -step / 2],
      ] as const) {
        const tried = this.#likelihood(scale * factor, shape + shift);
        if (tried <= best) continue;
        best = tried;
        scale *= factor;
        shape += shift;
        moved = true;
      }
      if (!moved) step /= 2;
    }
    this.#scale = scale;
    this.#shape = shape;
  }

  #meanExcess(): number {
    let sum = 0;
    for (let i = 0; i < this.#kept; i++) sum += Math.abs(this.#excesses[i]!);
    return Math.max(sum / this.#kept, 1e-9);
  }

  #likelihood(scale: number, shape: number): number {
    if (scale <= 1e-12 || shape < SHAPE.least || shape > SHAPE.most) return -Infinity;
    const prior = this.#options.shape;
    let sum = -0.5 * ((shape - prior.mean) / prior.deviation) ** 2;
    const isExponential = Math.abs(shape) < 1e-6;
    const logScale = Math.log(scale);
    for (let i = 0; i < this.#kept; i++) {
      const kept = this.#excesses[i]!;
      const relative = Math.abs(kept) / scale;
      const inside = 1 + shape * relative;
      if (inside <= 0) return -Infinity;
      const logInside = isExponential ? relative : Math.log(inside) / shape;
      sum -= kept < 0 ? logInside : logScale + (isExponential ? relative : logInside * (1 + shape));
    }
    return sum;
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#count);
    for (const value of [this.#threshold, this.#unit, this.#scale, this.#shape]) writer.f64(value);
    writer.varint(this.#kept);
    writer.varint(this.#next);
    writer.varint(this.#sinceFit);
    for (let i = 0; i < this.#kept; i++) writer.f32(this.#excesses[i]!);
  }

  static decode(reader: ByteReader, options: TailOptions): CensoredTail {
    const { limit } = options;
    const tail = new CensoredTail(options);
    tail.#count = reader.varint();
    tail.#threshold = reader.f64();
    tail.#unit = reader.f64();
    tail.#scale = reader.f64();
    tail.#shape = reader.f64();
    tail.#kept = reader.bounded(limit, 'excesses');
    tail.#next = reader.bounded(limit - 1, 'as a place');
    tail.#sinceFit = reader.varint();
    for (let i = 0; i < tail.#kept; i++) tail.#excesses[i] = reader.f32();
    return tail;
  }
}

/** P(X > excess) of the generalised Pareto distribution. */
function survival(excess: number, scale: number, shape: number): number {
  if (Math.abs(shape) < 1e-6) return Math.exp(-excess / scale);
  const inside = 1 + (shape * excess) / scale;
  return inside <= 0 ? 1e-300 : Math.max(inside ** (-1 / shape), 1e-300);
}
