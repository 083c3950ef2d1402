/**
 * How often each kind of flow (its token) is seen at this sensor, and how much the flows of a window surprise by that: the mean
 * of -log2 p(token), as Radford et al. score (arXiv 1805.03735; their frequency model did as well as their neural network).
 *
 * A window teaches at most as much as three usual ones, so that a scan of thousands of flows is not common after its first
 * window; what was learned fades by a seventh each day. What is not learned from at all, the KPI model decides. What a window
 * with an alarm teaches is held back for six hours: surprise is a logarithm, and a kind that was seen a few times is by half
 * as surprising as one that never was. An attack that comes back must be seen again; a new program is one for an afternoon.
 */
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { TokenCounts } from '../sketch/token-counts.ts';
import { FLOW_TOKENS } from '../window/flow-token.ts';
import type { HistoryConfig } from './config.ts';
import type { TokenSight } from './observations.ts';

const DAY_US = 86_400e6;

/** A kind of flow in a window, and how much each of them surprises. */
export interface SurprisingToken extends TokenSight {
  readonly bits: number;
}

export class TokenModel {
  readonly #config: HistoryConfig['tokens'];
  #counts = new TokenCounts(FLOW_TOKENS);
  /** What alarms taught, and which window was the first of them. */
  #held = new TokenCounts(FLOW_TOKENS);
  #heldSince = 0;
  /** Windows behind the counts, fading as they do; and all ever. */
  #weight = 0;
  #windows = 0;
  #day = 0;

  constructor(config: HistoryConfig['tokens']) {
    this.#config = config;
  }

  /** Mean surprise of a window's flows in bits; undefined without flows, and before enough windows were learned from. */
  surprise(tokens: readonly TokenSight[]): number | undefined {
    if (tokens.length === 0 || this.#windows < this.#config.windows) return undefined;
    let [flows, bits] = [0, 0];
    for (const sight of tokens) {
      flows += sight.flows;
      bits += sight.flows * this.#bits(sight.token);
    }
    return bits / flows;
  }

  /** The kinds that add most to a window's surprise beyond what is usual, at most `most`, none a tenth of the first. */
  surprising(tokens: readonly TokenSight[], usualBits: number, most: number): SurprisingToken[] {
    const beyond = ({ flows, bits }: SurprisingToken): number => flows * (bits - usualBits);
    const sorted = tokens
      .map((sight): SurprisingToken => ({ ...sight, bits: this.#bits(sight.token) }))
      .sort((a, b) => beyond(b) - beyond(a) || a.token - b.token);
    const least = sorted[0] === undefined ? 0 : beyond(sorted[0]) / 10;
    return sorted.filter((token) => beyond(token) > Math.max(0, least)).slice(0, most);
  }

  /** @param isAlarm whether the window raised an alarm */
  learn(tokens: readonly TokenSight[], windowStartUs: number, isAlarm: boolean): void {
    if (tokens.length === 0) return;
    this.#fade(Math.floor(windowStartUs / DAY_US));
    this.#release();
    const window = new TokenCounts(FLOW_TOKENS);
    for (const { token, flows } of tokens) window.add(token, flows);
    const usual = this.#weight === 0 ? window.total : this.#counts.total / this.#weight;
    const weight = Math.min(1, (this.#config.mostUsual * usual) / window.total);
    this.#windows++;
    if (isAlarm) {
      if (this.#held.total === 0) this.#heldSince = this.#windows;
      this.#held.merge(window, weight);
    } else {
      this.#counts.merge(window, weight);
      this.#weight++;
    }
  }

  /** What was held back long enough counts. */
  #release(): void {
    if (this.#held.total === 0 || this.#windows - this.#heldSince < this.#config.heldWindows) return;
    this.#counts.merge(this.#held);
    this.#held = new TokenCounts(FLOW_TOKENS);
  }

  #bits(token: number): number {
    const { smoothing } = this.#config;
    return -Math.log2((this.#counts.of(token) + smoothing) / (this.#counts.total + smoothing * FLOW_TOKENS));
  }

  #fade(day: number): void {
    if (this.#windows === 0) this.#day = day;
    const days = day - this.#day;
    if (days <= 0) return;
    this.#day = day;
    const { smoothing, days: memory } = this.#config;
    const left = (1 - 1 / memory) ** days;
    // Less than what an unseen token counts is as good as unseen.
    this.#counts.fade(left, smoothing);
    this.#weight *= left;
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#windows);
    writer.f64(this.#weight);
    writer.signed(this.#day);
    this.#counts.encode(writer);
    writer.varint(this.#heldSince);
    this.#held.encode(writer);
  }

  static decode(reader: ByteReader, config: HistoryConfig['tokens']): TokenModel {
    const model = new TokenModel(config);
    model.#windows = reader.varint();
    model.#weight = reader.f64();
    model.#day = reader.signed();
    model.#counts = TokenCounts.decode(reader, FLOW_TOKENS);
    model.#heldSince = reader.varint();
    model.#held = TokenCounts.decode(reader, FLOW_TOKENS);
    return model;
  }
}
