/**
 * ICMP and ICMPv6 in tcpdump's text, which names type and code in words: `ICMP echo request, id 1, seq 1, length 64`,
 * `ICMP 192.0.2.1 udp port 53 unreachable, length 36`. Words that stand for several codes, and codes that are not printed,
 * give code 0. The packet quoted by an error, which -v prints behind it, is never looked at.
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import type { TextRow } from './text-row.ts';

export const ICMP = 1;
export const ICMPV6 = 58;
/** Type, code, checksum and four bytes more. */
const HEADER = 8;

interface Wording {
  readonly text: Uint8Array;
  readonly type: number;
  readonly code: number;
}

const wordings = (table: Readonly<Record<string, readonly [type: number, code: number]>>): readonly Wording[] =>
  Object.entries(table).map(([text, [type, code]]) => ({ text: word(text), type, code }));

/** ICMP messages (RFC 792, RFC 1812, IANA registry) that tcpdump begins with fixed words. */
const BEGINNINGS = wordings({
  'echo request': [8, 0],
  'echo reply': [0, 0],
  'time exceeded in-transit': [11, 0],
  'ip reassembly time exceeded': [11, 1],
  'source quench': [4, 0],
  'router advertisement': [9, 0],
  'router solicitation': [10, 0],
  'time stamp query': [13, 0],
  'time stamp reply': [14, 0],
  'information request': [15, 0],
  'information reply': [16, 0],
  'address mask request': [17, 0],
  'address mask is': [18, 0],
  'extended echo request': [42, 0],
  'extended echo reply': [43, 0],
});

/** Messages that begin with an address; the first words that fit count, so longer ones come first. */
const ENDINGS = wordings({
  'unreachable - need to frag': [3, 4],
  'unreachable - source route failed': [3, 5],
  'unreachable - source host isolated': [3, 8],
  'unreachable - admin prohibited filter': [3, 13],
  'unreachable - host precedence violation': [3, 14],
  'unreachable - precedence cutoff': [3, 15],
});

const HOST = word('host ');
const NET = word('net ');
/** The same words behind `host` and `net`. */
const HOST_OR_NET = [
  { text: word('unreachable - admin prohibited'), host: 10, net: 9 },
  { text: word('unreachable - tos prohibited'), host: 12, net: 11 },
  { text: word('unreachable - unknown'), host: 7, net: 6 },
  { text: word('unreachable'), host: 1, net: 0 },
];
const PORT_WORDS = [' tcp port ', ' udp port ', ' port '].map(word);
const PROTOCOL = word(' protocol ');
const UNREACHABLE = word('unreachable');
const UNREACHABLE_CODE = word('unreachable - #');

const REDIRECT = word('redirect ');
const REDIRECT_TOS = word('redirect-tos ');
const TO_HOST = word(' to host ');
const REDIRECT_CODE = word('redirect-#');
const TIME_EXCEEDED_CODE = word('time exceeded-#');
const PARAMETER_PROBLEM = word('parameter problem');
const CODE = word(' - code ');
const TYPE_NUMBER = word('type-#');
const LENGTH = word(', length ');
const CUT = word('[|');

/** Reads what follows `ICMP `. */
export function takeIcmp(text: ByteText, row: TextRow): void {
  row.setProtocol(ICMP);
  const known = typeAndCode(text);
  finish(text, row, LAYER.icmp, known);
}

/** Type * 256 + code, or -1. */
function typeAndCode(text: ByteText): number {
  for (const { text: words, type, code } of BEGINNINGS) if (text.sees(words)) return type * 256 + code;
  if (text.take(TYPE_NUMBER)) return number(text) * 256;
  if (text.take(TIME_EXCEEDED_CODE)) return 11 * 256 + number(text);
  if (text.take(REDIRECT_CODE)) return 5 * 256 + number(text);
  if (text.sees(REDIRECT)) return 5 * 256 + (text.find(TO_HOST) < 0 ? 0 : 1);
  if (text.sees(REDIRECT_TOS)) return 5 * 256 + (text.find(TO_HOST) < 0 ? 2 : 3);
  if (text.sees(PARAMETER_PROBLEM)) return 12 * 256 + (text.takeThrough(CODE) ? number(text) : 0);
  return unreachable(text);
}

const number = (text: ByteText): number => Math.max(0, text.number()) & 255;

/** Destination unreachable: the code is in the words around the address, or a number. */
function unreachable(text: ByteText): number {
  const type = 3 * 256;
  if (text.find(UNREACHABLE) < 0) return -1;
  for (const { text: words, code } of ENDINGS) if (text.find(words) >= 0) return type + code;
  const isHost = text.sees(HOST);
  if (isHost || text.sees(NET)) {
    const found = HOST_OR_NET.find(({ text: words }) => text.find(words) >= 0)!;
    return type + (isHost ? found.host : found.net);
  }
  if (PORT_WORDS.some((words) => text.find(words) >= 0)) return type + 3;
  if (text.find(PROTOCOL) >= 0) return type + 2;
  return text.takeThrough(UNREACHABLE_CODE) ? type + number(text) : -1;
}

/** ICMPv6 messages (RFC 4443, RFC 4861, RFC 2710, RFC 3810, IANA registry). */
const BEGINNINGS_V6 = wordings({
  'echo request': [128, 0],
  'echo reply': [129, 0],
  'neighbor solicitation': [135, 0],
  'neighbor advertisement': [136, 0],
  'router solicitation': [133, 0],
  'router advertisement': [134, 0],
  'multicast listener report v2': [143, 0],
  'multicast listener query': [130, 0],
  'multicast listener report': [131, 0],
  'multicast listener done': [132, 0],
  'destination unreachable, unreachable route': [1, 0],
  'destination unreachable,  unreachable prohibited': [1, 1],
  'destination unreachable, unreachable prohibited': [1, 1],
  'destination unreachable, beyond scope': [1, 2],
  'destination unreachable, unreachable address': [1, 3],
  'destination unreachable, unreachable port': [1, 4],
  'destination unreachable': [1, 0],
  'packet too big': [2, 0],
  'time exceeded in-transit': [3, 0],
  'ip reassembly time exceeded': [3, 1],
  'time exceeded': [3, 0],
  'parameter problem, next header': [4, 1],
  'parameter problem, option': [4, 2],
  'parameter problem, incomplete header chain': [4, 3],
  'parameter problem, code-#3': [4, 3],
  'parameter problem': [4, 0],
  redirect: [137, 0],
  'router renumbering, command': [138, 0],
  'router renumbering, result': [138, 1],
  'router renumbering, sequence number reset': [138, 255],
  'router renumbering': [138, 0],
  'node information query': [139, 0],
  'node information reply': [140, 0],
  'who-are-you request': [139, 0],
  'who-are-you reply': [140, 0],
  'inverse neighbor solicitation': [141, 0],
  'inverse neighbor advertisement': [142, 0],
  'dhaad request': [144, 0],
  'dhaad reply': [145, 0],
  'mobile router solicitation': [146, 0],
  'mobile router advertisement': [147, 0],
  'extended echo request': [160, 0],
  'extended echo reply': [161, 0],
});
const UNKNOWN_TYPE = word('unknown icmp6 type (');
const RPL = word('RPL, ');
const RPL_TYPE = 155;
/** RPL control messages (RFC 6550 §6), the longer words first. */
const RPL_CODES = [
  'Destination Advertisement Object Ack',
  'Destination Advertisement Object',
  'DODAG Information Object',
].map((text, index) => ({ text: word(text), code: 3 - index }));
const REACHABILITY_CODE = word('unreachable code-#');

/** Reads what follows `ICMP6, `. */
export function takeIcmpv6(text: ByteText, row: TextRow): void {
  row.setProtocol(ICMPV6);
  finish(text, row, LAYER.icmpv6, typeAndCodeV6(text));
}

function typeAndCodeV6(text: ByteText): number {
  if (text.find(REACHABILITY_CODE) >= 0) {
    text.takeThrough(REACHABILITY_CODE);
    return 256 + number(text);
  }
  for (const { text: words, type, code } of BEGINNINGS_V6) if (text.sees(words)) return type * 256 + code;
  if (text.sees(RPL)) return RPL_TYPE * 256 + (RPL_CODES.find(({ text: words }) => text.find(words) >= 0)?.code ?? 0);
  return text.take(UNKNOWN_TYPE) || text.take(TYPE_NUMBER) ? number(text) * 256 : -1;
}

function finish(text: ByteText, row: TextRow, layer: number, known: number): void {
  row.transportBytes = HEADER;
  if (known >= 0) row.setIcmp(layer, known >> 8, known & 255);
  else row.c.quality |= text.find(CUT) >= 0 ? QUALITY.headerCut : QUALITY.malformedTransport;
  if (text.takeThrough(LENGTH)) {
    const length = text.number();
    if (length >= 0) row.ipPayload = length;
  }
}
