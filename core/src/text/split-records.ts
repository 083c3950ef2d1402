/** Cuts a block of lines into the texts of single packets, and leaves out what tcpdump says about itself. */
import { NEWLINE, isBlank, isDigit, standsAt, word } from './byte-text.ts';
import { startsRecordAt } from './record-start.ts';

/** What one block of lines is cut into, besides calls. */
export interface SplitText {
  /** Texts handed on. */
  readonly records: number;
  /** Lines that are no part of a packet: tcpdump's messages, the brackets around a JSON array, empty lines before a packet. */
  readonly otherLines: number;
}

/**
 * Calls `take` with [from, to) of each packet's text, in order. Lines before the first one that begins a packet are a text
 * of their own, since they may be the rest of a packet; without any such line (`tcpdump -t`) each line that is not
 * indented begins one.
 */
export function splitRecords(bytes: Uint8Array, take: (from: number, to: number) => void): SplitText {
  const { length } = bytes;
  const starts = hasStart(bytes) ? startsRecordAt : isOutermost;
  let records = 0;
  let otherLines = 0;
  let recordStart = -1;
  let recordEnd = 0;
  for (let from = 0; from < length;) {
    const found = bytes.indexOf(NEWLINE, from);
    const to = found < 0 ? length : found;
    if (starts(bytes, from, to)) {
      if (recordStart >= 0) {
        take(recordStart, recordEnd);
        records++;
      }
      recordStart = from;
    } else if (isMessage(bytes, from, to) || (recordStart < 0 && isFiller(bytes, from, to))) {
      otherLines++;
      from = to + 1;
      continue;
    } else if (recordStart < 0) recordStart = from;
    recordEnd = to;
    from = to + 1;
  }
  if (recordStart >= 0) {
    take(recordStart, recordEnd);
    records++;
  }
  return { records, otherLines };
}

function hasStart(bytes: Uint8Array): boolean {
  for (let from = 0; from < bytes.length;) {
    const found = bytes.indexOf(NEWLINE, from);
    const to = found < 0 ? bytes.length : found;
    if (startsRecordAt(bytes, from, to)) return true;
    from = to + 1;
  }
  return false;
}

/** Not indented, not empty and no message. */
function isOutermost(bytes: Uint8Array, from: number, to: number): boolean {
  return from < to && !isBlank(bytes[from]) && !isMessage(bytes, from, to);
}

/** Empty, or one of the brackets and commas between the packets of a JSON array. */
function isFiller(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (!isBlank(byte) && byte !== 0x5b && byte !== 0x5d && byte !== 0x2c) return false;
  }
  return true;
}

const MESSAGES = ['tcpdump: ', 'listening on ', 'reading from file ', 'dropped privs to '].map((text) => word(text));
const COUNTED = ['captured', 'received by filter', 'dropped by kernel', 'dropped by interface'].map((text) =>
  word(text),
);
const PACKET = word(' packet');

/** What tcpdump prints to stderr, when both streams went into one pipe. */
function isMessage(bytes: Uint8Array, from: number, to: number): boolean {
  if (isDigit(bytes[from])) return isCount(bytes, from, to);
  return MESSAGES.some((text) => standsAt(bytes, from, to, text));
}

/** `17 packets captured` and the like. */
function isCount(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && isDigit(bytes[at])) at++;
  if (!standsAt(bytes, at, to, PACKET)) return false;
  at += PACKET.length;
  if (bytes[at] === 0x73) at++;
  return COUNTED.some((text) => standsAt(bytes, at + 1, to, text));
}
