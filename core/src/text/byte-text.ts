/**
 * Text as bytes with a place to read at: what the parsers of printed packets share. Nothing here makes a string, and every
 * step moves forward or not at all, so the time for a text is bounded by its length whatever is in it.
 */
import { asciiBytes } from '../rows/ascii.ts';

/** A word to compare text with; make it once, not per packet. */
export const word = asciiBytes;

export const SPACE = 0x20;
const TAB = 0x09;
export const NEWLINE = 0x0a;
const RETURN = 0x0d;
const ZERO = 0x30;
export const COLON = 0x3a;
export const DOT = 0x2e;
export const COMMA = 0x2c;
export const OPEN = 0x28;
export const CLOSE = 0x29;

/** Digits read of one number at most, so that it stays exact; a longer one is read to its end and is as good as none. */
const DIGITS_MAX = 15;

export const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= 0x39;
export const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB || byte === RETURN;

/** 0 to 15, or -1 when the byte is no hexadecimal digit. */
export function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= ZERO && byte <= 0x39) return byte - ZERO;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Whether `text` stands at `at` and ends before `end`. */
export function standsAt(bytes: Uint8Array, at: number, end: number, text: Uint8Array): boolean {
  if (at + text.length > end) return false;
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return false;
  return true;
}

export class ByteText {
  bytes: Uint8Array = new Uint8Array(0);
  /** Next byte to read. */
  at = 0;
  /** Nothing at or beyond it is read. */
  end = 0;

  /** Points at bytes [from, to). */
  open(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
  }

  /** The byte at `at`, or -1 at the end. */
  peek(): number {
    return this.at < this.end ? this.bytes[this.at]! : -1;
  }

  sees(text: Uint8Array): boolean {
    return standsAt(this.bytes, this.at, this.end, text);
  }

  /** Steps over `text` when it is next. */
  take(text: Uint8Array): boolean {
    if (!this.sees(text)) return false;
    this.at += text.length;
    return true;
  }

  takeByte(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  /** Steps over blanks and line ends. */
  skipSpace(): void {
    const { bytes, end } = this;
    while (this.at < end && (isBlank(bytes[this.at]) || bytes[this.at] === NEWLINE)) this.at++;
  }

  /** Steps to the next `byte`, or to the end; whether it is there. */
  skipTo(byte: number): boolean {
    const found = this.bytes.indexOf(byte, this.at);
    if (found < 0 || found >= this.end) {
      this.at = this.end;
      return false;
    }
    this.at = found;
    return true;
  }

  /** Steps behind the next `text` in this line; false, without a step, when the line has none. */
  takeThrough(text: Uint8Array): boolean {
    const found = this.find(text);
    if (found < 0) return false;
    this.at = found + text.length;
    return true;
  }

  /** Where `text` stands next in this line, or -1. */
  find(text: Uint8Array): number {
    const { bytes } = this;
    const last = this.lineEnd() - text.length;
    const first = text[0]!;
    for (let at = bytes.indexOf(first, this.at); at >= 0 && at <= last; at = bytes.indexOf(first, at + 1)) {
      if (standsAt(bytes, at, this.end, text)) return at;
    }
    return -1;
  }

  /** Where this line ends. */
  lineEnd(): number {
    const found = this.bytes.indexOf(NEWLINE, this.at);
    return found < 0 || found > this.end ? this.end : found;
  }

  /** A decimal number, or -1 (without a step) when there is no digit. */
  number(): number {
    const { bytes, end } = this;
    const from = this.at;
    let value = 0;
    let digit = from < end ? bytes[from]! - ZERO : -1;
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      this.at++;
      digit = this.at < end ? bytes[this.at]! - ZERO : -1;
    }
    if (this.at === from) return -1;
    return this.at - from > DIGITS_MAX ? Number.MAX_SAFE_INTEGER : value;
  }

  /** A hexadecimal number without prefix, or -1 (without a step) when there is no digit. */
  hex(): number {
    const from = this.at;
    let value = 0;
    for (
      let digit = hexDigit(this.bytes[from]);
      digit >= 0 && this.at < this.end;
      digit = hexDigit(this.bytes[this.at])
    ) {
      value = (value * 16 + digit) % 2 ** 48;
      this.at++;
    }
    return this.at === from ? -1 : value;
  }
}
