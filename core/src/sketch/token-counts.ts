/** How often each token of a small, fixed alphabet occurred: one array, exact, whatever the order. */
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Tokens an alphabet may have: 32 KB in memory. */
export const ALPHABET_MOST = 4096;

/**
 * The frequency model of Radford, Richardson, Davis, "Sequence aggregation rules for anomaly detection in computer network
 * traffic" (arXiv 1805.03735): what a token is worth is how often it was seen. A commutative monoid (empty, merge).
 *
 * Error: none. Whole numbers are exact and merge by addition in any order and cut while their sum is below 2^53; merged with
 * a weight or faded they are doubles, whose last bits depend on the order. No token is ever folded into another: the alphabet
 * is the bound, and whoever makes tokens says what it does not tell apart.
 * Size: 8 bytes a token in memory; written 9 to 10 bytes for each token that occurred, nothing for the others.
 */
export class TokenCounts {
  readonly #counts: Float64Array;
  #total = 0;

  /** @param tokens how many there are in the alphabet, at most ALPHABET_MOST: 0 to tokens - 1 */
  constructor(tokens: number) {
    if (tokens > ALPHABET_MOST) throw new RangeError(`an alphabet of ${tokens} tokens, at most ${ALPHABET_MOST}`);
    this.#counts = new Float64Array(tokens);
  }

  /** Occurrences of all tokens together. */
  get total(): number {
    return this.#total;
  }

  of(token: number): number {
    return this.#counts[token]!;
  }

  add(token: number, count = 1): void {
    this.#counts[token]! += count;
    this.#total += count;
  }

  /** Adds the counts of another table of the same alphabet, each times `weight`. */
  merge(other: TokenCounts, weight = 1): void {
    if (other.#counts.length !== this.#counts.length)
      throw new RangeError('tokens of different alphabets do not merge');
    for (let token = 0; token < this.#counts.length; token++) this.#counts[token]! += weight * other.#counts[token]!;
    this.#total += weight * other.#total;
  }

  /** Leaves a share of every count, and forgets tokens of which less than `least` is left. */
  fade(share: number, least: number): void {
    this.#total = 0;
    for (let token = 0; token < this.#counts.length; token++) {
      const left = this.#counts[token]! * share;
      this.#counts[token] = left < least ? 0 : left;
      this.#total += this.#counts[token]!;
    }
  }

  /** [token, count] of the tokens that occurred, ascending by token. */
  entries(): (readonly [token: number, count: number])[] {
    const entries: (readonly [number, number])[] = [];
    this.#counts.forEach((count, token) => {
      if (count > 0) entries.push([token, count]);
    });
    return entries;
  }

  encode(writer: ByteWriter): void {
    const entries = this.entries();
    writer.f64(this.#total);
    writer.varint(entries.length);
    let last = 0;
    for (const [token, count] of entries) {
      writer.varint(token - last);
      writer.f64(count);
      last = token;
    }
  }

  static decode(reader: ByteReader, tokens: number): TokenCounts {
    const counts = new TokenCounts(tokens);
    counts.#total = reader.f64();
    let token = 0;
    for (let left = reader.bounded(tokens, 'tokens'); left > 0; left--) {
      token += reader.varint();
      if (token >= tokens) throw reader.damage('has a token that does not exist');
      counts.#counts[token] = reader.f64();
    }
    return counts;
  }
}
