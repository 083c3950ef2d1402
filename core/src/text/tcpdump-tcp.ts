/**
 * TCP in tcpdump's text:
 * `Flags [P.], cksum 0x1a2b (correct), seq 1:101, ack 1, win 502, options [nop,nop,TS val 1 ecr 2], length 100`.
 * Sequence numbers are kept as they are printed: tcpdump counts from the first packet of a connection unless run with -S.
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { CLOSE, COLON, COMMA, SPACE, word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import { UNKNOWN } from './text-row.ts';
import type { TextRow } from './text-row.ts';

export const TCP = 6;
export const TCP_HEADER = 20;
const BRACKET = 0x5d;
/** Letters of `flagsText` by bit. */
const FLAG_LETTERS = word('FSRP.UEWe');
const NONE = word('none');

const ITEM = word(', ');
const CHECKSUM = word('cksum ');
const SEQUENCE = word('seq ');
const ACKNOWLEDGMENT = word('ack ');
const WINDOW = word('win ');
const URGENT = word('urg ');
const OPTIONS = word('options [');
const LENGTH = word('length ');

/** Reads a TCP header behind `Flags [`. */
export function takeTcp(text: ByteText, row: TextRow): void {
  const { columns, row: at } = row.c;
  row.c.layers |= LAYER.tcp;
  row.setProtocol(TCP);
  columns.tcpFlags[at] = takeFlags(text);
  let headerBytes = TCP_HEADER;
  while (text.take(ITEM)) {
    if (text.take(CHECKSUM)) {
      const line = text.lineEnd();
      if (!text.skipTo(CLOSE) || text.at > line) break;
      text.at++;
    } else if (text.take(SEQUENCE)) {
      columns.tcpSeq[at] = text.number();
      if (text.takeByte(COLON)) text.number();
    } else if (text.take(ACKNOWLEDGMENT)) columns.tcpAck[at] = text.number();
    else if (text.take(WINDOW)) columns.tcpWindow[at] = text.number();
    else if (text.take(URGENT)) text.number();
    else if (text.take(OPTIONS)) headerBytes = takeOptions(text, row);
    else if (text.take(LENGTH)) {
      row.payload = text.number();
      row.transportBytes = headerBytes;
      columns.tcpHeaderLength[at] = Math.max(0, headerBytes);
      return;
    } else break;
  }
  // The length comes last; what is left out was not captured or is wrong.
  row.c.quality |= QUALITY.headerCut;
}

function takeFlags(text: ByteText): number {
  let flags = 0;
  if (!text.take(NONE)) {
    for (let bit = FLAG_LETTERS.indexOf(text.peek()); bit >= 0; bit = FLAG_LETTERS.indexOf(text.peek())) {
      flags |= 1 << bit;
      text.at++;
    }
  }
  text.takeByte(BRACKET);
  return flags;
}

const NOP = word('nop');
const END_OF_LIST = word('eol');
const MSS = word('mss ');
const WINDOW_SCALE = word('wscale ');
const SACK_PERMITTED = word('sackOK');
const TIMESTAMP_VALUE = word('TS val ');
const TIMESTAMP_ECHO = word(' ecr ');
const SACK = word('sack ');
const BRACE = 0x7b;

/** Reads options up to the bracket. The bytes of the whole header, or UNKNOWN when an option's size is not known. */
function takeOptions(text: ByteText, row: TextRow): number {
  const { columns, row: at } = row.c;
  const line = text.lineEnd();
  let bytes = 0;
  while (text.at < line && !text.takeByte(BRACKET)) {
    if (text.take(NOP) || text.take(END_OF_LIST)) bytes += 1;
    else if (text.take(TIMESTAMP_VALUE)) {
      row.c.layers |= LAYER.tcpTimestamps;
      columns.tcpTsValue[at] = text.number();
      if (text.take(TIMESTAMP_ECHO)) columns.tcpTsEcho[at] = text.number();
      bytes += 10;
    } else if (text.take(MSS)) {
      row.c.layers |= LAYER.tcpMss;
      columns.tcpMss[at] = text.number();
      bytes += 4;
    } else if (text.take(WINDOW_SCALE)) {
      row.c.layers |= LAYER.tcpWindowScale;
      columns.tcpWindowScale[at] = text.number();
      bytes += 3;
    } else if (text.take(SACK_PERMITTED)) {
      row.c.layers |= LAYER.tcpSackPermitted;
      bytes += 2;
    } else if (text.take(SACK)) bytes += takeSack(text);
    else {
      bytes = NaN;
      skipOption(text, line);
    }
    while (text.takeByte(COMMA) || text.takeByte(SPACE));
  }
  return Number.isNaN(bytes) ? UNKNOWN : TCP_HEADER + ((bytes + 3) & ~3);
}

/** `2 {1:2}{3:4}`: so many blocks of eight bytes behind two. */
function takeSack(text: ByteText): number {
  const blocks = text.number();
  while (text.takeByte(SPACE));
  while (text.peek() === BRACE) {
    if (!text.skipTo(0x7d)) break;
    text.at++;
  }
  return blocks >= 0 && blocks < 5 ? 2 + 8 * blocks : NaN;
}

/** To the next comma or closing bracket; brackets inside the option's own text are stepped over. */
function skipOption(text: ByteText, line: number): void {
  let depth = 0;
  for (; text.at < line; text.at++) {
    const byte = text.bytes[text.at];
    if (byte === 0x5b) depth++;
    else if (byte === BRACKET && depth-- === 0) return;
    else if (byte === COMMA && depth <= 0) return;
  }
}
