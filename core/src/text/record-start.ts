/**
 * Where the text of a packet begins. tcpdump breaks lines inside a packet (-v, -x, -A, tunnels) and tshark's JSON takes
 * hundreds of lines for one, so whoever cuts a stream of lines into blocks must cut in front of a line named here, and
 * parse joins what follows up to the next one.
 */
import { ByteText, NEWLINE, SPACE } from './byte-text.ts';
import { STAMP, takeStamp } from './text-time.ts';

const BRACE = 0x7b;
const QUOTE = 0x22;
/** How far tshark -T json indents the packets of its array. */
const JSON_INDENT = 2;

const scratchText = new ByteText();
const scratchTime = { timeUs: 0, timeNs: 0 };

/**
 * Whether a packet's text begins with this line (without its line end): a line of tcpdump with a time in front, or the
 * brace that opens a packet of `tshark -T json` or a line of `-T ek`. Text of `tcpdump -t` has no such line.
 */
export function startsRecord(line: Uint8Array): boolean {
  return startsRecordAt(line, 0, line.length);
}

/** The same for the line at bytes [from, to). */
export function startsRecordAt(bytes: Uint8Array, from: number, to: number): boolean {
  if (startsJson(bytes, from, to)) return true;
  scratchText.open(bytes, from, to);
  return takeStamp(scratchText, scratchTime) !== STAMP.none;
}

function startsJson(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && at - from < JSON_INDENT && bytes[at] === SPACE) at++;
  if (at >= to || bytes[at] !== BRACE) return false;
  const next = at + 1 < to ? bytes[at + 1] : NEWLINE;
  return next === QUOTE || next === NEWLINE || next === 0x0d;
}
