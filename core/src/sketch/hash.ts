/**
 * The one non-cryptographic hash of the sketches: seeded, 32 bits, whole-word mixing, no allocation. Every process that
 * merges sketches must use the same seed, or the sketches of one thing would not meet; a deployment may choose its own,
 * so that nobody can choose addresses that collide.
 */

/** The seed everything is hashed with unless a deployment says otherwise. */
export const DEFAULT_HASH_SEED = 0x7461_706c;

/**
 * Finaliser with full avalanche: flipping any input bit flips each output bit with probability close to 1/2.
 * The constants are those of Wellons, "Prospecting for hash functions" (2018), found by search for lowest bias.
 * @returns an unsigned 32-bit integer
 */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb_352d);
  h = Math.imul(h ^ (h >>> 15), 0x846c_a68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of one 32-bit word. */
export function hashWord(word: number, seed = DEFAULT_HASH_SEED): number {
  return mix32(mix32(seed) ^ word);
}

/** Hash of two 32-bit words; the order matters. */
export function hashPair(first: number, second: number, seed = DEFAULT_HASH_SEED): number {
  return mix32(Math.imul(hashWord(first, seed), 0x9e37_79b1) ^ second);
}

/** Hash of the 16-byte address that starts at word `at` of an address column. */
export function hashAddress(words: Uint32Array, at: number, seed = DEFAULT_HASH_SEED): number {
  const high = hashPair(words[at]!, words[at + 1]!, seed);
  return hashPair(hashPair(words[at + 2]!, words[at + 3]!, seed), high, seed);
}

/** Hash of a text by its UTF-16 code units. */
export function hashText(text: string, seed = DEFAULT_HASH_SEED): number {
  let h = mix32(seed ^ text.length);
  for (let index = 0; index < text.length; index++) h = mix32(Math.imul(h, 0x9e37_79b1) ^ text.charCodeAt(index));
  return h;
}

/** A 128-bit name for a text as 32 lower-case hex digits: four hashes of different seeds. For ids, not for security. */
export function hexName(text: string): string {
  let hex = '';
  for (let lane = 0; lane < 4; lane++)
    hex += hashText(text, mix32(lane + 1))
      .toString(16)
      .padStart(8, '0');
  return hex;
}
