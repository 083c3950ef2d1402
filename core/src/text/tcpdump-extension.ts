/**
 * What stands between addresses and transport header in tcpdump's text: IPv6 extension headers, the authentication header,
 * notes about checksums, and addresses printed once more, with ports.
 */
import { LAYER } from '../packet/columns.ts';
import { CLOSE, COLON, OPEN, SPACE, word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import { takePair } from './text-address.ts';
import { UNKNOWN } from './text-row.ts';
import type { TextRow } from './text-row.ts';

/** Extension headers of one packet that are followed; real ones have fewer than eight. */
const EXTENSIONS_MAX = 16;
const PORT_MAX = 65_535;

const ARROW = word(' > ');
const BRACKET = 0x5d;
const INVALID = word('(invalid)');
const CHECKSUM_NOTES = [
  '[udp sum ok]',
  '[bad udp cksum',
  '[no cksum]',
  '[icmp6 sum ok]',
  '[bad icmp6 cksum',
  '[udp length',
].map(word);

/** Steps to where the transport header's text begins. */
export function skipToTransport(text: ByteText, row: TextRow): void {
  for (let extensions = 0; extensions < EXTENSIONS_MAX; extensions++) {
    skipNotes(text);
    if (!takeExtension(text, row)) break;
  }
  if (takePorts(text, row)) skipNotes(text);
}

/** `[udp sum ok] ` and other notes about checksums. */
function skipNotes(text: ByteText): void {
  for (;;) {
    while (text.takeByte(SPACE));
    if (text.peek() !== 0x5b || !CHECKSUM_NOTES.some((note) => text.sees(note))) return;
    const line = text.lineEnd();
    if (!text.skipTo(BRACKET) || text.at > line) text.at = line;
    else text.at++;
  }
}

const EXTENSION_WORDS = ['HBH ', 'DSTOPT ', 'AH(', 'RT', 'srcrt ', 'frag ('].map(word);
const HBH = EXTENSION_WORDS[0]!;
const AH = EXTENSION_WORDS[2]!;
const ROUTING = [EXTENSION_WORDS[3]!, EXTENSION_WORDS[4]!];
const FRAGMENT = EXTENSION_WORDS[5]!;
const HEX = word('0x');
/** The hop-by-hop header of multicast listener messages (RFC 2711), whose size is known. */
const ROUTER_ALERT = word('HBH (rtalert: 0x0000) (padn) ');
const ROUTER_ALERT_BYTES = 8;
const SIZED = word('(length=');
const BYTES = word('-bytes)');

/** Steps over an IPv6 extension header or an authentication header. */
function takeExtension(text: ByteText, row: TextRow): boolean {
  const extension = EXTENSION_WORDS.find((known) => text.sees(known));
  if (extension === undefined) return false;
  const { c } = row;
  c.layers |= LAYER.ipOptions;
  // What follows is another protocol than the one in the IP header; it names itself.
  row.protocol = UNKNOWN;
  if (extension === HBH && text.take(ROUTER_ALERT)) {
    if (row.ipHeaderBytes >= 0) row.ipHeaderBytes += ROUTER_ALERT_BYTES;
    return true;
  }
  const headerBytes = row.ipHeaderBytes;
  row.ipHeaderBytes = UNKNOWN;
  if (extension === FRAGMENT) {
    text.at += FRAGMENT.length;
    takeFragment(text, row);
  } else if (extension === AH || ROUTING.includes(extension)) {
    if (extension !== AH) row.isRouted = true;
    takeSized(text, row, headerBytes);
  } else {
    text.at += extension === HBH ? HBH.length : extension.length;
    while (text.peek() === OPEN && !text.sees(INVALID)) {
      skipParentheses(text);
      text.takeByte(SPACE);
    }
  }
  return true;
}

/** `(length=4(24-bytes),spi=0x1,…): `: only with -v, and only an authentication header, says how many bytes it has. */
function takeSized(text: ByteText, row: TextRow, headerBytes: number): void {
  if (!text.skipTo(OPEN)) return;
  const from = text.at;
  if (text.take(SIZED) && text.number() >= 0 && text.takeByte(OPEN)) {
    const bytes = text.number();
    if (text.take(BYTES) && headerBytes >= 0) row.ipHeaderBytes = headerBytes + bytes;
  }
  text.at = from;
  skipParentheses(text);
  text.takeByte(COLON);
}

function skipParentheses(text: ByteText): void {
  const line = text.lineEnd();
  let depth = 0;
  for (; text.at < line; text.at++) {
    if (text.bytes[text.at] === OPEN) depth++;
    if (text.bytes[text.at] === CLOSE && --depth <= 0) {
      text.at++;
      return;
    }
  }
}

/** `0x1a2b:0|1448) ` with -v, `0|1448) ` without. */
function takeFragment(text: ByteText, row: TextRow): void {
  const { columns, row: at } = row.c;
  row.c.layers |= LAYER.fragment;
  if (text.take(HEX)) {
    columns.ipId[at] = text.hex();
    text.takeByte(COLON);
  }
  const offset = text.number();
  if (offset > 0) columns.fragmentOffset[at] = offset;
  text.skipTo(CLOSE);
  text.at = Math.min(text.at + 1, text.end);
}

/** Behind an extension header the addresses are printed again, with ports; elsewhere it is another packet's header. */
function takePorts(text: ByteText, row: TextRow): boolean {
  const { columns, row: at } = row.c;
  const from = text.at;
  if ((row.c.layers & LAYER.ports) !== 0) return false;
  if (!takePair(text, row)) return takeBarePorts(text, row);
  const { source, destination } = row;
  let isSame = source.port >= 0 && destination.port >= 0;
  for (let word = 0; word < 4; word++) {
    if (columns.source[4 * at + word] !== source.words[word]) isSame = false;
    // Behind a routing header tcpdump prints the last hop.
    if (!row.isRouted && columns.destination[4 * at + word] !== destination.words[word]) isSame = false;
  }
  if (!isSame) {
    text.at = from;
    return false;
  }
  row.setPorts(source.port, destination.port);
  text.takeByte(COLON);
  text.takeByte(SPACE);
  return true;
}

/** `57745 > 5001: `. */
function takeBarePorts(text: ByteText, row: TextRow): boolean {
  const from = text.at;
  const source = text.number();
  const destination = source >= 0 && text.take(ARROW) ? text.number() : UNKNOWN;
  if (destination < 0 || source > PORT_MAX || destination > PORT_MAX || !text.takeByte(COLON)) {
    text.at = from;
    return false;
  }
  row.setPorts(source, destination);
  text.takeByte(SPACE);
  return true;
}
