/**
 * Tells what raw records are: whole capture files, tshark's JSON, or tcpdump's text. What they are not is said in words, since
 * the reason is all that a person sees of a message that was put aside.
 */
import { PipelineError } from '../errors.ts';
import { sniffCapture } from '../pcap/sniff.ts';
import { NEWLINE, isBlank, standsAt, word } from '../text/byte-text.ts';
import { startsRecordAt } from '../text/record-start.ts';

export type RawFormat = 'capture' | 'tshark' | 'tcpdump';

/** Bytes quoted in an error. */
const QUOTED = 24;
/** Lines looked at for one that tells. */
const LINES = 65_536;

const LAYERS = word('"layers"');
const OURS = word('{"tapline":');
/** { } [ ] , " */
const CONTAINERS = [0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x22];
/** How text of `tcpdump -t` begins. */
const TIMELESS = ['IP ', 'IP6 ', 'IP6, ', 'ARP, ', 'RARP, '].map(word);
/** The arrow of tshark's one-line summary, in UTF-8. */
const SUMMARY_ARROW = new Uint8Array([0x20, 0xe2, 0x86, 0x92, 0x20]);
/** What is left of a little-endian pcap magic when a tool reads bytes as UTF-8 text and writes them again. */
const BROKEN_PCAP = new Uint8Array([0xef, 0xbf, 0xbd, 0xc3, 0xb2, 0xef, 0xbf, 0xbd]);
/** Byte order magic of a pcapng section, either order: all that the line ends around it leave of the header's start. */
const PCAPNG_ORDERS = [new Uint8Array([0x4d, 0x3c, 0x2b, 0x1a]), new Uint8Array([0x1a, 0x2b, 0x3c, 0x4d])];

/** What to do instead of sending a capture through a tool that knows lines only. */
export const NO_LINES =
  'binary captures do not survive line by line; use `tapline capture`, or pipe the text of tcpdump -nn';

/**
 * @param bytes the records joined by line ends
 * @throws PipelineError WIRE_FORMAT when the bytes are none of the formats, saying what they look like
 */
export function rawFormat(bytes: Uint8Array): RawFormat {
  const from = firstVisible(bytes);
  switch (sniffCapture(bytes)) {
    case 'pcap':
    case 'pcapng':
      return 'capture';
    case 'gzip':
      throw refused('gzip data: raw records must not be compressed');
    case 'zstd':
      throw refused('zstd data: raw records must not be compressed');
    case 'unknown':
  }
  if (from === bytes.length) throw refused('empty lines only');
  if (standsAt(bytes, from, bytes.length, OURS)) {
    throw refused('a heartbeat or receipt of Tapline, which belongs on the heartbeats topic');
  }
  if (CONTAINERS.includes(bytes[from]!) && contains(bytes, LAYERS, from)) return 'tshark';
  if (bytes[from] !== 0x7b && hasStart(bytes, from)) return 'tcpdump';
  throw refused(describe(bytes, from));
}

function firstVisible(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && (isBlank(bytes[at]) || bytes[at] === NEWLINE)) at++;
  return at;
}

/** Whether a line begins a packet's text: with a time or brace, or as tcpdump -t prints it. */
function hasStart(bytes: Uint8Array, from: number): boolean {
  let at = from;
  for (let lines = 0; at < bytes.length && lines < LINES; lines++) {
    const found = bytes.indexOf(NEWLINE, at);
    const to = found < 0 ? bytes.length : found;
    if (startsRecordAt(bytes, at, to) || TIMELESS.some((start) => standsAt(bytes, at, to, start))) return true;
    at = to + 1;
  }
  return false;
}

function contains(bytes: Uint8Array, text: Uint8Array, from: number): boolean {
  for (let at = bytes.indexOf(text[0]!, from); at >= 0; at = bytes.indexOf(text[0]!, at + 1)) {
    if (standsAt(bytes, at, bytes.length, text)) return true;
  }
  return false;
}

function describe(bytes: Uint8Array, from: number): string {
  const head = bytes.subarray(from, from + QUOTED);
  if (standsAt(bytes, from, bytes.length, BROKEN_PCAP)) return `a pcap file that a text tool broke: ${NO_LINES}`;
  if (PCAPNG_ORDERS.some((order) => contains(head, order, 0))) return `a pcapng file cut at its line ends: ${NO_LINES}`;
  if (CONTAINERS.includes(bytes[from]!)) return 'JSON that is not of tshark -T json or -T ek: it has no "layers"';
  if (contains(bytes.subarray(from, from + 512), SUMMARY_ARROW, 0)) {
    return "tshark's summary lines: use tshark -T ek or -T json";
  }
  const isPrintable = head.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === NEWLINE || isBlank(byte));
  if (isPrintable) return `text without packets, it begins with ${JSON.stringify(String.fromCharCode(...head))}`;
  const hex = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `binary data that begins no capture (${hex}), maybe the rest of one cut at its line ends: ${NO_LINES}`;
}

const refused = (what: string): PipelineError =>
  new PipelineError('WIRE_FORMAT', `neither a batch nor packets in a known form: ${what}`);
