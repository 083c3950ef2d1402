/** Addresses as tcpdump prints them, the port behind a dot: `192.0.2.1.80`, `2001:db8::1.443`, `00:00:5e:00:53:01`. */
import { ADDRESS_TYPE } from '../packet/columns.ts';
import { COLON, DOT, hexDigit, isDigit, word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import { UNKNOWN } from './text-row.ts';
import type { Endpoint, TextRow } from './text-row.ts';

const ARROW = word(' > ');
const GROUPS = 8;
const PORT_MAX = 65_535;

/** Reads `<address>[.port] > <address>[.port]` into the row's endpoints; false, without a step, when that is not next. */
export function takePair(text: ByteText, { source, destination }: TextRow): boolean {
  const from = text.at;
  if (takeEndpoint(text, source) && text.take(ARROW) && takeEndpoint(text, destination)) {
    if (source.type === destination.type) return true;
  }
  text.at = from;
  return false;
}

/** Reads an IPv4 or IPv6 address and the port behind it, if there is one. On false `at` may be anywhere in it. */
export function takeEndpoint(text: ByteText, end: Endpoint): boolean {
  end.port = UNKNOWN;
  const from = text.at;
  const first = text.number();
  if (first >= 0 && first < 256 && text.peek() === DOT) return takeIpv4(text, end, first);
  text.at = from;
  return takeIpv6(text, end);
}

/** The three numbers behind the first, and a port. */
function takeIpv4(text: ByteText, end: Endpoint, first: number): boolean {
  let value = first;
  for (let octets = 1; octets < 4; octets++) {
    const octet = text.takeByte(DOT) ? text.number() : UNKNOWN;
    if (octet < 0 || octet > 255) return false;
    value = value * 256 + octet;
  }
  end.type = ADDRESS_TYPE.ipv4;
  end.words[0] = 0;
  end.words[1] = 0;
  end.words[2] = 0xffff;
  end.words[3] = value;
  return takePort(text, end);
}

/** A dot and a number; nothing is fine too. False when the number is no port. */
function takePort(text: ByteText, end: Endpoint): boolean {
  if (text.peek() !== DOT || !isDigit(text.bytes[text.at + 1])) return true;
  text.at++;
  end.port = text.number();
  return end.port <= PORT_MAX;
}

const groups = new Uint16Array(GROUPS);

function takeIpv6(text: ByteText, end: Endpoint): boolean {
  const { bytes } = text;
  let count = 0;
  let gap = UNKNOWN;
  let hasColon = false;
  if (text.peek() === COLON && bytes[text.at + 1] !== COLON) return false;
  while (count < GROUPS && text.at < text.end) {
    if (text.peek() === COLON && bytes[text.at + 1] === COLON) {
      if (gap >= 0) return false;
      gap = count;
      hasColon = true;
      text.at += 2;
    } else if (text.peek() === COLON) {
      // A colon that no digit follows ends the address.
      if (hexDigit(bytes[text.at + 1]) < 0) break;
      hasColon = true;
      text.at++;
    }
    if (hexDigit(bytes[text.at]) < 0 || text.at >= text.end) break;
    if (count <= GROUPS - 2 && dotsAhead(text) >= 3) {
      if (!takeTail(text, count)) return false;
      count += 2;
      break;
    }
    const from = text.at;
    const value = text.hex();
    if (text.at - from > 4) return false;
    groups[count++] = value;
    if (text.peek() !== COLON) break;
  }
  if (!hasColon || (gap < 0 ? count !== GROUPS : count > GROUPS)) return false;
  writeGroups(end, count, gap);
  return takePort(text, end);
}

/** Dots in the digits and dots that come next: three or four of them are an IPv4 address, one is a port. */
function dotsAhead(text: ByteText): number {
  let dots = 0;
  for (let at = text.at; at < text.end; at++) {
    if (text.bytes[at] === DOT) dots++;
    else if (!isDigit(text.bytes[at])) break;
  }
  return dots;
}

/** The last two groups as IPv4. */
function takeTail(text: ByteText, count: number): boolean {
  let value = 0;
  for (let octets = 0; octets < 4; octets++) {
    const octet = octets === 0 || text.takeByte(DOT) ? text.number() : UNKNOWN;
    if (octet < 0 || octet > 255) return false;
    value = value * 256 + octet;
  }
  groups[count] = Math.floor(value / 65_536);
  groups[count + 1] = value;
  return true;
}

function writeGroups(end: Endpoint, count: number, gap: number): void {
  const zeros = GROUPS - count;
  end.type = ADDRESS_TYPE.ipv6;
  end.words.fill(0);
  for (let index = 0; index < count; index++) {
    const place = gap >= 0 && index >= gap ? index + zeros : index;
    end.words[place >> 1]! |= (place & 1) === 0 ? groups[index]! << 16 : groups[index]!;
  }
}

/** Reads `00:00:5e:00:53:01` into two words (16 and 32 bits); false, without a step, when that is not next. */
export function takeMac(text: ByteText, words: Uint32Array): boolean {
  const from = text.at;
  const { bytes } = text;
  if (text.at + 17 > text.end) return false;
  let high = 0;
  let low = 0;
  for (let octets = 0; octets < 6; octets++) {
    const at = from + 3 * octets;
    const upper = hexDigit(bytes[at]);
    const lower = hexDigit(bytes[at + 1]);
    if (upper < 0 || lower < 0 || (octets < 5 && bytes[at + 2] !== COLON)) return false;
    if (octets < 2) high = high * 256 + upper * 16 + lower;
    else low = low * 256 + upper * 16 + lower;
  }
  words[0] = high;
  words[1] = low;
  text.at = from + 17;
  return true;
}
