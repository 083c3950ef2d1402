/**
 * The checksum of a batch: XXH32 (Yann Collet, xxHash specification 0.1.1, BSD-2-Clause algorithm), once for the header
 * and twice with different seeds for the body. Fast in plain 32-bit arithmetic and well mixed; it finds damage and
 * names content, it does not withstand an attacker.
 */

const PRIME_1 = 0x9e37_79b1;
const PRIME_2 = 0x85eb_ca77;
const PRIME_3 = 0xc2b2_ae3d;
const PRIME_4 = 0x27d4_eb2f;
const PRIME_5 = 0x1656_67b1;

/** Seed of the second half of a content hash: any constant other than the first half's 0. */
const SECOND_SEED = PRIME_1;

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
const round = (lane: number, word: number): number =>
  Math.imul(rotate((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);

/** XXH32 of the whole of `bytes` as an unsigned 32-bit number. */
export function xxHash32(bytes: Uint8Array, seed = 0): number {
  const { length } = bytes;
  let at = 0;
  let hash: number;
  if (length >= 16) {
    let a = (seed + PRIME_1 + PRIME_2) | 0;
    let b = (seed + PRIME_2) | 0;
    let c = seed | 0;
    let d = (seed - PRIME_1) | 0;
    // Whole words where the memory allows it: four times faster than putting bytes together.
    const words = wordsOf(bytes);
    const end = length & ~15;
    if (words === undefined) {
      for (; at < end; at += 16) {
        a = round(a, wordAt(bytes, at));
        b = round(b, wordAt(bytes, at + 4));
        c = round(c, wordAt(bytes, at + 8));
        d = round(d, wordAt(bytes, at + 12));
      }
    } else {
      for (let word = 0; at < end; at += 16, word += 4) {
        a = round(a, words[word]!);
        b = round(b, words[word + 1]!);
        c = round(c, words[word + 2]!);
        d = round(d, words[word + 3]!);
      }
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  } else {
    hash = (seed + PRIME_5) | 0;
  }
  return finish((hash + length) | 0, bytes, at);
}

/** The 64-bit name of a batch body, 16 lower-case hex digits. */
export function contentHash(bytes: Uint8Array): string {
  return hex(xxHash32(bytes)) + hex(xxHash32(bytes, SECOND_SEED));
}

function finish(start: number, bytes: Uint8Array, from: number): number {
  let hash = start;
  let at = from;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(wordAt(bytes, at), PRIME_3)) | 0, 17), PRIME_4);
  }
  for (; at < bytes.length; at++) hash = Math.imul(rotate((hash + Math.imul(bytes[at]!, PRIME_5)) | 0, 11), PRIME_1);
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function wordsOf(bytes: Uint8Array): Int32Array | undefined {
  if (!LITTLE_ENDIAN || (bytes.byteOffset & 3) !== 0) return undefined;
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);

const hex = (word: number): string => word.toString(16).padStart(8, '0');
