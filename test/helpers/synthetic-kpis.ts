/** Attack-free KPI series of a sensor that does not exist: seasons, drift, heavy tails, dependence; from a seed. */
import { FEATURES, restore } from '@tapline/core/history/features';

export const WINDOW_US = 10e6;
const DAY = 8640;
/** 2026-01-05 (a Monday), midnight. */
export const EPOCH_US = 1_767_571_200_000_000;

/** Uniform numbers in [0, 1), xorshift. */
export function uniform(seed: number): () => number {
  let state = (seed * 2654435761 + 88172645) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

export class SyntheticKpis {
  readonly #next: () => number;
  readonly #slow = new Float64Array(FEATURES.length);
  readonly #drift = new Float64Array(FEATURES.length);

  constructor(seed: number) {
    this.#next = uniform(seed);
  }

  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#next())) * Math.cos(2 * Math.PI * this.#next());
  }

  /** Student t with `degrees` of freedom. */
  #heavy(degrees: number): number {
    let squares = 0;
    for (let i = 0; i < degrees; i++) squares += this.#normal() ** 2;
    return this.#normal() / Math.sqrt(squares / degrees);
  }

  /** Values of the window number `window`, in the order of FEATURES. */
  values(window: number): number[] {
    const day = (2 * Math.PI * window) / DAY;
    const common = this.#normal();
    return FEATURES.map((feature, k) => {
      this.#slow[k] = 0.9 * this.#slow[k]! + 0.3 * this.#normal();
      this.#drift[k]! += 0.002 * this.#normal();
      const season = Math.sin(day + k / 9) + 0.3 * Math.sin(2 * day + k);
      const noise = k % 3 === 0 ? this.#heavy(5) : 0.5 * common + 0.85 * this.#normal();
      const measured = 0.8 * season + this.#drift[k]! + 0.15 * this.#slow[k] + 0.25 * noise;
      return feature.isCount ? restore(feature, 6 + measured) : 4 + measured;
    });
  }
}
