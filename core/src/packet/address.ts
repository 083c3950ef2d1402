/**
 * Addresses as text and back. In the columns an address is four 32-bit words from the most significant down: IPv6 as it is,
 * IPv4 as ::ffff:a.b.c.d, a MAC address in the low 16 bits of the third word and the fourth.
 */
import { ADDRESS_TYPE } from './columns.ts';

/** Four words of an address, as in an address column. */
export type AddressWords = readonly [number, number, number, number];

export interface Address {
  /** One of ADDRESS_TYPE. */
  readonly type: number;
  readonly words: AddressWords;
}

/** `192.0.2.1` of 32 bits. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** `00:00:5e:00:53:01` of the high 16 and the low 32 bits. */
export function formatMac(high: number, low: number): string {
  return [high >>> 8, high, low >>> 24, low >>> 16, low >>> 8, low]
    .map((byte) => (byte & 255).toString(16).padStart(2, '0'))
    .join(':');
}

/** The one text of an IPv6 address by RFC 5952; ::ffff:0:0/96 with the last 32 bits as IPv4. */
export function formatIpv6(w0: number, w1: number, w2: number, w3: number): string {
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return `::ffff:${formatIpv4(w3)}`;
  const groups = [w0, w1, w2, w3].flatMap((word) => [word >>> 16, word & 0xffff]);
  const [start, length] = longestZeroRun(groups);
  const text = groups.map((group) => group.toString(16));
  if (length < 2) return text.join(':');
  return `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best = 0;
  let bestLength = 0;
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > bestLength) [best, bestLength] = [start, length];
  }
  return [best, bestLength];
}

/**
 * Text of row `index` of an address column.
 * @param words the column: four words per row
 * @param type the row's address type; the text is empty for ADDRESS_TYPE.none
 */
export function formatAddress(words: ArrayLike<number>, index: number, type: number): string {
  const at = index * 4;
  switch (type) {
    case ADDRESS_TYPE.ipv4:
      return formatIpv4(words[at + 3]!);
    case ADDRESS_TYPE.ipv6:
      return formatIpv6(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    case ADDRESS_TYPE.mac:
      return formatMac(words[at + 2]!, words[at + 3]!);
    default:
      return '';
  }
}

/** Address of a text as formatAddress writes it, or any other usual spelling; undefined when it is none. */
export function parseAddress(text: string): Address | undefined {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return { type: ADDRESS_TYPE.ipv4, words: [0, 0, 0xffff, ipv4] };
  if (/^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i.test(text)) {
    const hex = text.replaceAll(/[:-]/g, '');
    return { type: ADDRESS_TYPE.mac, words: [0, 0, parseInt(hex.slice(0, 4), 16), parseInt(hex.slice(4), 16)] };
  }
  const ipv6 = parseIpv6(text);
  return ipv6 === undefined ? undefined : { type: ADDRESS_TYPE.ipv6, words: ipv6 };
}

function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let word = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255) return undefined;
    word = word * 256 + Number(part);
  }
  return word;
}

function parseIpv6(text: string): AddressWords | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let plain = text;
  if (tail !== null) {
    const word = parseIpv4(tail[2]!);
    if (word === undefined) return undefined;
    plain = `${tail[1]!}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  }
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const [head, rest] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head!.length - (rest?.length ?? 0);
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head!, ...Array<string>(missing).fill('0'), ...(rest ?? [])];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const n = groups.map((group) => parseInt(group, 16));
  return [n[0]! * 65536 + n[1]!, n[2]! * 65536 + n[3]!, n[4]! * 65536 + n[5]!, n[6]! * 65536 + n[7]!];
}

/** Order of two rows of address columns by their 128 bits: negative, 0 or positive. */
export function compareAddress(a: ArrayLike<number>, aIndex: number, b: ArrayLike<number>, bIndex: number): number {
  for (let word = 0; word < 4; word += 1) {
    const difference = a[aIndex * 4 + word]! - b[bIndex * 4 + word]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
