/** Kinds of flows of a sensor that does not exist: some dozens, common and rare, in numbers that follow the day; from a seed. */
import type { TokenSight } from '@tapline/core/history/observations';
import { flowToken } from '@tapline/core/window/flow-token';
import { uniform } from './synthetic-kpis.ts';

const DAY = 8640;
const PORTS = [80, 443, 53, 22, 445, 3306, 5000, 50_000];
/** How often the kinds occur: as one over their place, to this power. */
const SKEW = 1.3;

export class SyntheticTokens {
  readonly #next: () => number;
  readonly #tokens: readonly number[];
  /** Cumulated shares. */
  readonly #shares: readonly number[];

  constructor(seed: number, kinds = 80) {
    this.#next = uniform(seed);
    const tokens = new Set<number>();
    while (tokens.size < kinds) {
      const port = PORTS[Math.floor(this.#next() * PORTS.length)]!;
      tokens.add(flowToken(this.#next() < 0.7 ? 6 : 17, 2 ** (6 + 14 * this.#next()), port));
    }
    this.#tokens = [...tokens];
    const weights = this.#tokens.map((_, place) => (place + 1) ** -SKEW);
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    this.#shares = weights.map((weight) => (sum += weight / all));
  }

  /** The window number `window`: five flows at night, forty by day, more and less by chance. */
  tokens(window: number): TokenSight[] {
    const mean = 22 - 17 * Math.cos((2 * Math.PI * window) / DAY);
    const flows = Math.max(1, Math.round(mean * (0.6 + 0.8 * this.#next())));
    const counts = new Map<number, number>();
    for (let flow = 0; flow < flows; flow++) {
      const at = this.#next();
      const place = this.#shares.findIndex((share) => at < share);
      const token = this.#tokens[place < 0 ? this.#tokens.length - 1 : place]!;
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    return [...counts]
      .sort(([a], [b]) => a - b)
      .map(([token, count]): TokenSight => ({ token, flows: count, host: '10.0.0.5' }));
  }
}
