/**
 * Walks JSON as bytes and reports names and plain values with their depth, without building anything. tshark repeats names
 * inside one object (`ip` in `ip`), of which JSON.parse would keep the last only. It takes what it gets: text that is not
 * JSON ends the walk, with everything before it reported.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

/** Containers inside containers that are followed; tshark has about twenty. */
const DEPTH_MAX = 128;

export interface JsonEvents {
  /** A name and its colon; the value follows. [from, to) is the name without quotes. Depth 1 is in the outermost object. */
  name(bytes: Uint8Array, from: number, to: number, depth: number): void;
  /** An object or list begins; what is in it has depth + 1. */
  open(depth: number, isObject: boolean): void;
  close(depth: number): void;
  /** A string (without quotes), number, true, false or null, in an object or list. */
  value(bytes: Uint8Array, from: number, to: number, depth: number): void;
}

/** Walks the value at bytes [from, to); true when it was whole. */
export function walkJson(bytes: Uint8Array, from: number, to: number, events: JsonEvents): boolean {
  let at = from;
  let depth = 0;
  while (at < to) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      const end = endOfString(bytes, at + 1, to);
      if (end < 0) return false;
      let next = end + 1;
      while (next < to && bytes[next]! <= 0x20) next++;
      if (bytes[next] === COLON && next < to) {
        events.name(bytes, at + 1, end, depth);
        at = next + 1;
      } else {
        events.value(bytes, at + 1, end, depth);
        at = next;
      }
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (depth === DEPTH_MAX) return false;
      events.open(depth, byte === OPEN_OBJECT);
      depth++;
      at++;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      if (depth === 0) return false;
      depth--;
      events.close(depth);
      at++;
      if (depth === 0) return true;
    } else if (byte <= 0x20 || byte === COMMA) at++;
    else {
      const end = endOfWord(bytes, at, to);
      if (end === at || depth === 0) return false;
      events.value(bytes, at, end, depth);
      at = end;
    }
  }
  return false;
}

/** Where the string's closing quote is, or -1. */
function endOfString(bytes: Uint8Array, from: number, to: number): number {
  for (let at = bytes.indexOf(QUOTE, from); at >= 0 && at < to; at = bytes.indexOf(QUOTE, at + 1)) {
    let slashes = 0;
    while (bytes[at - 1 - slashes] === BACKSLASH && at - 1 - slashes >= from) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

/** Numbers, true, false, null: letters, digits, signs and dots. */
function endOfWord(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const byte = bytes[at]!;
    const isWord =
      (byte >= 0x30 && byte <= 0x39) ||
      (byte >= 0x61 && byte <= 0x7a) ||
      (byte >= 0x41 && byte <= 0x5a) ||
      byte === 0x2e;
    if (!isWord && byte !== 0x2d && byte !== 0x2b) break;
    at++;
  }
  return at;
}
