/**
 * What packets carry. Payload bytes come out of two pools made once (random bytes as TLS looks, and text), with running
 * sums beside them, so that the checksum of any stretch costs two look-ups and the copy is one memory move.
 */
import type { Prng } from '@tapline/core/eval/prng';

const POOL_BYTES = 1 << 18;

export interface Pool {
  readonly bytes: Buffer;
  /** sums[i] = sum of the first i big-endian 16-bit words, modulo 2^32. */
  readonly sums: Uint32Array;
}

const WORDS =
  'packet window tap frame sensor flow report batch the of a in and to section paragraph figure table value href class div span'.split(
    ' ',
  );

function poolOf(bytes: Buffer): Pool {
  const sums = new Uint32Array(bytes.length / 2 + 1);
  for (let word = 0; word < bytes.length / 2; word++) {
    sums[word + 1] = sums[word]! + ((bytes[2 * word]! << 8) | bytes[2 * word + 1]!);
  }
  return { bytes, sums };
}

/** A pool of bytes without structure, as encrypted payload looks. */
export function randomPool(random: Prng): Pool {
  const bytes = Buffer.alloc(POOL_BYTES);
  for (let offset = 0; offset < POOL_BYTES; offset += 4) bytes.writeUInt32LE(random.u32(), offset);
  return poolOf(bytes);
}

/** A pool of markup-like text. */
export function textPool(random: Prng): Pool {
  const bytes = Buffer.alloc(POOL_BYTES, ' ');
  let offset = 0;
  while (offset < POOL_BYTES - 16) {
    offset += bytes.write(
      `${WORDS[random.below(WORDS.length)]!}${random.chance(0.08) ? '.\n' : ' '}`,
      offset,
      'latin1',
    );
  }
  return poolOf(bytes);
}

/** An even offset, scattered by `key`, from which `length` bytes can be taken: the same key gives the same bytes again. */
export function offsetIn(pool: Pool, length: number, key: number): number {
  return 2 * ((Math.imul(key, 0x9e3779b1) >>> 0) % ((pool.bytes.length - length) >> 1));
}

/** Sum of the big-endian 16-bit words of pool[offset, offset + length), an odd last byte padded; `offset` is even. */
export function sumOf(pool: Pool, offset: number, length: number): number {
  const first = offset >> 1;
  const last = first + (length >> 1);
  const sum = (pool.sums[last]! - pool.sums[first]!) >>> 0;
  return length & 1 ? sum + (pool.bytes[offset + length - 1]! << 8) : sum;
}

const text = (line: string): Buffer => Buffer.from(line.length & 1 ? `${line} ` : line, 'latin1');

/** Beginnings of messages, all of even length; a message's first segment starts with one, cut to the segment's length. */
export const HEADS = {
  httpRequest: text('GET /pages/report.html HTTP/1.1\r\nHost: www.example.net\r\nAccept: text/html, */*\r\nX-Note: '),
  httpResponse: text('HTTP/1.1 200 OK\r\nServer: example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html>'),
  tlsHello: Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]),
  tlsServerHello: Buffer.from([0x16, 0x03, 0x03, 0x00, 0x7a, 0x02]),
  tlsData: Buffer.from([0x17, 0x03, 0x03, 0x40, 0x00, 0x5c]),
  ssh: text('SSH-2.0-OpenSSH_9.2\r\n'),
  ntpRequest: Buffer.from([0x23, 0x00, 0x06, 0xe8]),
  ntpResponse: Buffer.from([0x24, 0x02, 0x06, 0xe8]),
  quic: Buffer.from([0x43, 0x5a]),
  none: Buffer.alloc(0),
} as const;

/** What requests and responses begin with. */
export type Heads = readonly [request: Buffer, response: Buffer];
