/**
 * What stands behind the addresses in tcpdump's text: transport headers, tunnels with another packet inside, and words that
 * name the protocol when -v did not print its number.
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { CLOSE, COLON, COMMA, OPEN, SPACE, word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import { takePair } from './text-address.ts';
import { takeIcmp, takeIcmpv6 } from './tcpdump-icmp.ts';
import { TCP, TCP_HEADER, takeTcp } from './tcpdump-tcp.ts';
import { UNKNOWN } from './text-row.ts';
import type { TextRow } from './text-row.ts';

const UDP = 17;
const SCTP = 132;
const DCCP = 33;
const PGM = 113;
const GRE = 47;
const UDP_HEADER = 8;
const SCTP_HEADER = 12;
const PORT_MAX = 65_535;
/** Extension headers of one packet that are followed; real ones have fewer than eight. */
const EXTENSIONS_MAX = 16;

const ARROW = word(' > ');
const FLAGS = word('Flags [');
const UDP_LENGTH = word('UDP, length ');
const UDP_BAD_LENGTH = word('UDP, bad length ');
const ICMP_WORD = word('ICMP ');
const ICMP6_WORD = word('ICMP6, ');
const CHECKSUM_NOTES = [
  '[udp sum ok]',
  '[bad udp cksum',
  '[no cksum]',
  '[icmp6 sum ok]',
  '[bad icmp6 cksum',
  '[udp length',
].map(word);
const BRACKET = 0x5d;
const CUT = word('[|');
const INVALID = word('(invalid)');
const SCTP_WORD = word('sctp');
const DCCP_WORD = word('DCCP');
const PGM_WORD = word('PGM');
const LENGTH = word('length ');
const ITEM_LENGTH = word(', length ');
const IP_PROTO = word('ip-proto-');

/** Reads what follows the addresses; true when it is the header of another network. */
export function takeTransport(text: ByteText, row: TextRow): boolean {
  while (text.takeByte(SPACE));
  if (text.take(FLAGS)) {
    takeTcp(text, row);
    return false;
  }
  for (let extensions = 0; extensions < EXTENSIONS_MAX; extensions++) {
    skipNotes(text);
    if (!takeExtension(text, row)) break;
  }
  if (takePorts(text, row)) skipNotes(text);
  return takeBody(text, row);
}

function takeBody(text: ByteText, row: TextRow): boolean {
  if (text.take(FLAGS)) takeTcp(text, row);
  else if (text.take(ICMP_WORD)) takeIcmp(text, row);
  else if (text.take(ICMP6_WORD)) takeIcmpv6(text, row);
  else if (text.sees(CUT)) markCut(text, row);
  else if (isFragment(row)) takeFragmentBody(text, row);
  else if (text.sees(SCTP_WORD) || row.protocol === SCTP) row.c.layers |= takeSctp(row);
  else if (text.sees(DCCP_WORD) || text.sees(PGM_WORD) || row.protocol === DCCP || row.protocol === PGM) {
    row.setProtocol(text.sees(PGM_WORD) || row.protocol === PGM ? PGM : DCCP);
    // Ports are those of TCP, UDP and SCTP.
    row.dropPorts();
  } else if ((row.c.layers & LAYER.ports) !== 0 && (row.protocol === UNKNOWN || row.protocol === UDP)) {
    return takeUdp(text, row);
  } else return takeNamed(text, row);
  return false;
}

/** Behind the first fragment nothing is printed but the protocol. */
function isFragment(row: TextRow): boolean {
  return row.c.columns.fragmentOffset[row.c.row]! > 0;
}

function takeFragmentBody(text: ByteText, row: TextRow): void {
  if (text.take(IP_PROTO)) row.setProtocol(text.number());
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

const CUT_NAMES = [
  { text: word('[|tcp]'), protocol: TCP },
  { text: word('[|udp]'), protocol: UDP },
  { text: word('[|icmp]'), protocol: 1 },
  { text: word('[|icmp6]'), protocol: 58 },
  { text: word('[|sctp]'), protocol: SCTP },
];

/** `[|tcp]`: the snap length cut the header; with ports in front of it something above them was cut. */
function markCut(text: ByteText, row: TextRow): void {
  row.c.quality |= QUALITY.headerCut;
  const named = CUT_NAMES.find(({ text: name }) => text.sees(name));
  if (row.protocol === UNKNOWN) {
    if (named !== undefined) row.setProtocol(named.protocol);
    else if ((row.c.layers & LAYER.ports) !== 0) row.setProtocol(UDP);
  }
  if (row.protocol === TCP) row.transportBytes = TCP_HEADER;
  if (row.protocol === UDP) {
    row.c.layers |= LAYER.udp;
    row.transportBytes = UDP_HEADER;
  }
}

function takeSctp(row: TextRow): number {
  row.setProtocol(SCTP);
  row.transportBytes = SCTP_HEADER;
  return LAYER.sctp;
}

const VXLAN = word('VXLAN, flags [');
const GENEVE = word('Geneve, ');
const VNI = word('vni ');
const L2TP = word('l2tp:[');
const INNER_OPEN = word('{');

/** UDP, known by its ports and by nothing else having claimed them. */
function takeUdp(text: ByteText, row: TextRow): boolean {
  row.setProtocol(UDP);
  row.c.layers |= LAYER.udp;
  takeUdpLength(text, row);
  row.transportBytes = UDP_HEADER;
  if (text.take(VXLAN)) {
    if (!text.takeThrough(VNI)) return false;
    text.at = text.lineEnd();
    row.c.layers |= LAYER.vxlan;
    row.c.etherType = 0;
    return true;
  }
  if (text.take(GENEVE)) return takeGeneve(text, row);
  return text.take(L2TP) && text.takeThrough(INNER_OPEN);
}

const DNS_PORTS = [53, 5353, 5355];
/** Protocols whose text says the length of the whole UDP payload. */
const LENGTH_TELLERS = ['BOOTP/DHCP, ', 'NTPv', 'RADIUS, '].map(word);

function takeUdpLength(text: ByteText, row: TextRow): void {
  if (text.take(UDP_LENGTH)) row.payload = text.number();
  else if (text.sees(UDP_BAD_LENGTH)) row.c.quality |= QUALITY.malformedTransport;
  else if (LENGTH_TELLERS.some((teller) => text.sees(teller))) {
    const from = text.at;
    if (text.takeThrough(LENGTH) || text.takeThrough(word('length: '))) row.payload = text.number();
    text.at = from;
  } else if (isDns(row)) row.payload = trailingNumber(text);
}

function isDns({ c: { columns, row } }: TextRow): boolean {
  return DNS_PORTS.includes(columns.sourcePort[row]!) || DNS_PORTS.includes(columns.destinationPort[row]!);
}

/** The number in the parentheses that end the line, or UNKNOWN. */
function trailingNumber(text: ByteText): number {
  const { bytes } = text;
  let at = text.lineEnd() - 1;
  while (at > text.at && bytes[at] === SPACE) at--;
  if (bytes[at] !== CLOSE) return UNKNOWN;
  let value = 0;
  let scale = 1;
  for (at--; at > text.at && bytes[at] !== OPEN; at--) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9 || scale > 1e6) return UNKNOWN;
    value += digit * scale;
    scale *= 10;
  }
  return scale > 1 ? value : UNKNOWN;
}

function takeGeneve(text: ByteText, row: TextRow): boolean {
  row.c.layers |= LAYER.geneve;
  row.c.etherType = 0;
  if (!text.takeThrough(VNI)) return false;
  // The inner packet stands behind the options' closing colon or, with -v, in the next line.
  const line = text.lineEnd();
  const colon = text.find(word(': '));
  text.at = colon < 0 ? line : colon + 2;
  return true;
}

const GRE_WORD = word('GREv');
const GRE_UNKNOWN = word('gre-proto-');
const IP_WORDS = ['IP ', 'IP6 ', 'IP6, '].map(word);

const PROTOCOL_WORDS = (
  [
    ['igmp', 2],
    ['OSPFv', 89],
    ['PIMv', 103],
    ['pim v', 103],
    ['EIGRP', 88],
    ['igrp', 9],
    ['VRRPv', 112],
    ['vrrp', 112],
    ['CARPv', 112],
    ['RSVPv', 46],
    ['ESP(', 50],
    ['IPComp(', 108],
    ['mobility: ', 135],
    ['no next header', 59],
    ['HIP', 139],
  ] as const
).map(([text, protocol]) => ({ text: word(text), protocol }));
/** Of these the text says how long all of them is. */
const WHOLE_LENGTH = [50, 89];

function takeNamed(text: ByteText, row: TextRow): boolean {
  if (text.sees(GRE_WORD)) return takeGre(text, row);
  if (text.take(IP_PROTO)) {
    row.setProtocol(text.number());
    return false;
  }
  if (IP_WORDS.some((words) => text.sees(words))) {
    const isIpv6 = text.sees(IP_WORDS[1]!) || text.sees(IP_WORDS[2]!);
    if (row.protocol === UNKNOWN) row.setProtocol(isIpv6 ? 41 : 4);
    row.c.layers |= LAYER.ipInIp;
    return true;
  }
  const named = PROTOCOL_WORDS.find(({ text: words }) => text.sees(words));
  if (named !== undefined) {
    if (row.protocol === UNKNOWN) row.setProtocol(named.protocol);
    if (row.ipLength < 0 && WHOLE_LENGTH.includes(named.protocol) && text.takeThrough(ITEM_LENGTH)) {
      row.ipPayload = text.number();
    }
    return false;
  }
  return takeNameless(text, row);
}

/** With -e, IP in IP begins with addresses or, with -v too, with its parenthesis. */
function takeNameless(text: ByteText, row: TextRow): boolean {
  const from = text.at;
  const isNested = takePair(text, row);
  text.at = from;
  if (isNested || ((row.protocol === 4 || row.protocol === 41) && text.peek() === OPEN)) {
    row.c.layers |= LAYER.ipInIp;
    return true;
  }
  if ((row.c.layers & LAYER.ports) === 0 && text.find(INVALID) >= 0) row.c.quality |= QUALITY.malformedTransport;
  return false;
}

/** `GREv0, Flags [key present], key=0x1, proto IPv4 (0x0800), length 88: IP …`; -v breaks the line before what is inside. */
function takeGre(text: ByteText, row: TextRow): boolean {
  row.setProtocol(GRE);
  row.c.layers |= LAYER.gre;
  if (!text.takeThrough(ITEM_LENGTH)) return false;
  const length = text.number();
  if (length >= 0 && row.ipLength < 0) row.ipPayload = length;
  text.takeByte(COLON);
  text.takeByte(COMMA);
  text.skipSpace();
  if (text.sees(GRE_UNKNOWN) || text.at >= text.end) return false;
  row.c.etherType = 0;
  return true;
}
