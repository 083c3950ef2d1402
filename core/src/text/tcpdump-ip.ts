/**
 * IP headers in tcpdump's text. Without -v only the addresses; with it, in front of them,
 * `(tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)` or
 * `(class 0xc0, flowlabel 0x1234, hlim 64, next-header TCP (6) payload length: 20)`.
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { CLOSE, COLON, COMMA, OPEN, SPACE, word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import { takePair } from './text-address.ts';
import { UNKNOWN } from './text-row.ts';
import type { TextRow } from './text-row.ts';

const MORE_FRAGMENTS = 1;
const DO_NOT_FRAGMENT = 2;
const IPV6_HEADER = 40;
/** IPv4 header with a router alert option (RFC 2113), the only one that IGMP and RSVP use. */
const ROUTER_ALERT_HEADER = 24;

const TRUNCATED = word('truncated-ip');
const MISSING = word('missing!');
const CUT = word('[|');
const INVALID = word('(invalid)');
const TOS = word('tos 0x');
const TTL = word('ttl ');
const ID = word('id ');
const OFFSET = word('offset ');
const FLAGS = word('flags [');
const PROTO = word('proto ');
const LENGTH = word('length');
const OPTIONS = word('options (');
const ROUTER_ALERT = word('RA)');
const BAD_CHECKSUM = word('bad cksum');
const CLASS = word('class 0x');
const HOP_LIMIT = word('hlim ');
const NEXT_HEADER = word('next-header ');
const PAYLOAD_LENGTH = word('payload length');

/**
 * Reads an IPv4 header up to the colon behind its addresses, into a row whose network header has been entered.
 * False when the addresses are not there: the packet is cut, or they are names.
 */
export function takeIpv4Header(text: ByteText, row: TextRow): boolean {
  takeTruncation(text, row);
  if (text.takeByte(OPEN)) {
    row.c.layers |= LAYER.ip;
    takeIpv4Fields(text, row);
    text.skipSpace();
  }
  return takeAddresses(text, row);
}

/** The same for IPv6. */
export function takeIpv6Header(text: ByteText, row: TextRow): boolean {
  takeTruncation(text, row);
  if (text.takeByte(OPEN)) {
    row.c.layers |= LAYER.ip;
    takeIpv6Fields(text, row);
    text.skipSpace();
  }
  takeTruncation(text, row);
  return takeAddresses(text, row);
}

/** `truncated-ip - 20 bytes missing! `: the header says more than was on the wire. */
function takeTruncation(text: ByteText, row: TextRow): void {
  if (!text.sees(TRUNCATED) || !text.takeThrough(MISSING)) return;
  row.c.quality |= QUALITY.lengthLie;
  while (text.takeByte(SPACE));
}

function takeAddresses(text: ByteText, row: TextRow): boolean {
  const from = text.at;
  text.skipSpace();
  if (takePair(text, row)) {
    row.setEnds(row.source, row.destination);
    text.takeByte(COLON);
    return true;
  }
  text.at = from;
  markUnread(text, row, QUALITY.malformedNetwork);
  return false;
}

/** Says what the text says about a header that is not there: cut by the snap length, or not as it must be. */
export function markUnread(text: ByteText, row: TextRow, malformedBit: number): void {
  row.c.quality |= text.find(CUT) >= 0 && text.find(INVALID) < 0 ? QUALITY.headerCut : malformedBit;
}

function takeIpv4Fields(text: ByteText, row: TextRow): void {
  const { columns, row: at } = row.c;
  let offset = 0;
  let flags = 0;
  for (;;) {
    while (text.takeByte(SPACE) || text.takeByte(COMMA));
    if (text.take(TOS)) columns.dscpEcn[at] = text.hex();
    else if (text.take(TTL)) columns.ttl[at] = takePadded(text);
    else if (text.take(ID)) columns.ipId[at] = text.number();
    else if (text.take(OFFSET)) offset = text.number();
    else if (text.take(FLAGS)) flags = takeFlags(text);
    else if (text.take(PROTO)) takeProtocol(text, row);
    else if (text.take(LENGTH)) {
      text.takeByte(COLON);
      row.ipLength = takePadded(text);
    } else if (text.take(OPTIONS)) takeOptions(text, row);
    else if (text.take(BAD_CHECKSUM)) skipPast(text, CLOSE);
    else if (text.takeByte(CLOSE)) break;
    else if (!skipItem(text)) break;
  }
  columns.fragmentOffset[at] = offset;
  columns.ipFlags[at] = flags;
  if (offset > 0 || (flags & MORE_FRAGMENTS) !== 0) row.c.layers |= LAYER.fragment;
  if (row.ipLength === 0) {
    row.c.quality |= QUALITY.zeroLength;
    row.ipLength = UNKNOWN;
  }
}

function takePadded(text: ByteText): number {
  while (text.takeByte(SPACE));
  return text.number();
}

/** `DF]`, `+]`, `+, DF]`, `none]`. */
function takeFlags(text: ByteText): number {
  let flags = 0;
  for (let byte = text.peek(); byte !== 0x5d && byte >= SPACE; byte = text.peek()) {
    if (byte === 0x2b) flags |= MORE_FRAGMENTS;
    if (byte === 0x44) flags |= DO_NOT_FRAGMENT;
    text.at++;
  }
  text.at++;
  return flags;
}

/** `TCP (6)`; the number is what counts, since names vary. */
function takeProtocol(text: ByteText, row: TextRow): void {
  const line = text.lineEnd();
  if (!text.skipTo(OPEN) || text.at > line) return;
  // A name may have a parenthesis of its own.
  for (;;) {
    text.at++;
    const number = text.number();
    if (number >= 0 && text.takeByte(CLOSE)) {
      row.setProtocol(number);
      return;
    }
    if (!text.skipTo(OPEN) || text.at > line) return;
  }
}

/** `RA)` and other lists of names, which may hold parentheses; the header's length is known for the first only. */
function takeOptions(text: ByteText, row: TextRow): void {
  row.c.layers |= LAYER.ipOptions;
  if (text.take(ROUTER_ALERT)) {
    row.ipHeaderBytes = ROUTER_ALERT_HEADER;
    return;
  }
  row.ipHeaderBytes = UNKNOWN;
  let depth = 1;
  for (const line = text.lineEnd(); text.at < line && depth > 0; text.at++) {
    if (text.bytes[text.at] === OPEN) depth++;
    if (text.bytes[text.at] === CLOSE) depth--;
  }
}

function skipPast(text: ByteText, byte: number): void {
  const line = text.lineEnd();
  if (!text.skipTo(byte) || text.at > line) text.at = line;
  else text.at++;
}

/** Steps to the next comma or closing parenthesis of a header's list, over `ECT(0)`; false at the end of the line. */
function skipItem(text: ByteText): boolean {
  const line = text.lineEnd();
  const from = text.at;
  let depth = 0;
  for (; text.at < line; text.at++) {
    const byte = text.bytes[text.at];
    if (byte === OPEN) depth++;
    else if (byte === CLOSE && depth-- === 0) break;
    else if (byte === COMMA && depth === 0) break;
  }
  if (text.at === from && text.at < line) text.at++;
  return text.at < line;
}

function takeIpv6Fields(text: ByteText, row: TextRow): void {
  const { columns, row: at } = row.c;
  for (;;) {
    while (text.takeByte(SPACE) || text.takeByte(COMMA));
    if (text.take(CLASS)) columns.dscpEcn[at] = text.hex();
    else if (text.take(HOP_LIMIT)) columns.ttl[at] = text.number();
    else if (text.take(NEXT_HEADER)) takeProtocol(text, row);
    else if (text.take(PAYLOAD_LENGTH)) takePayloadLength(text, row);
    else if (text.takeByte(CLOSE)) return;
    else if (!skipItem(text)) return;
  }
}

/** `: 20` up to version 4.99, ` 20` later. */
function takePayloadLength(text: ByteText, row: TextRow): void {
  text.takeByte(COLON);
  const length = takePadded(text);
  if (length > 0) row.ipLength = IPV6_HEADER + length;
}
