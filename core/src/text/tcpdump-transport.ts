/**
 * What stands behind the addresses in tcpdump's text: transport headers, tunnels with another packet inside, and words that
 * name the protocol when -v did not print its number.
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { COLON, COMMA, OPEN, SPACE, word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import { takePair } from './text-address.ts';
import { skipToTransport } from './tcpdump-extension.ts';
import { takeIcmp, takeIcmpv6 } from './tcpdump-icmp.ts';
import { TCP, TCP_HEADER, takeTcp } from './tcpdump-tcp.ts';
import { UDP, UDP_HEADER, takeUdp } from './tcpdump-udp.ts';
import { UNKNOWN } from './text-row.ts';
import type { TextRow } from './text-row.ts';

const SCTP = 132;
const DCCP = 33;
const PGM = 113;
const GRE = 47;
const SCTP_HEADER = 12;

const FLAGS = word('Flags [');
const ICMP_WORD = word('ICMP ');
const ICMP6_WORD = word('ICMP6, ');
const QUIET_TCP = word('tcp ');
const CUT = word('[|');
const INVALID = word('(invalid)');
const SCTP_WORD = word('sctp');
const DCCP_WORD = word('DCCP');
const PGM_WORD = word('PGM');
const ITEM_LENGTH = word(', length ');
const IP_PROTO = word('ip-proto-');

/** Reads what follows the addresses; true when it is the header of another network. */
export function takeTransport(text: ByteText, row: TextRow): boolean {
  while (text.takeByte(SPACE));
  if (text.take(FLAGS)) {
    takeTcp(text, row);
    return false;
  }
  skipToTransport(text, row);
  return takeBody(text, row);
}

function takeBody(text: ByteText, row: TextRow): boolean {
  if (text.take(FLAGS)) takeTcp(text, row);
  else if (text.take(ICMP_WORD)) takeIcmp(text, row);
  else if (text.take(ICMP6_WORD)) takeIcmpv6(text, row);
  else if (text.take(QUIET_TCP)) takeQuietTcp(text, row);
  else if (text.sees(CUT)) markCut(text, row);
  else if (isFragment(row)) takeFragmentBody(text, row);
  else if (text.sees(SCTP_WORD) || row.protocol === SCTP) markSctp(row);
  else if (text.sees(DCCP_WORD) || text.sees(PGM_WORD) || row.protocol === DCCP || row.protocol === PGM) {
    row.setProtocol(text.sees(PGM_WORD) || row.protocol === PGM ? PGM : DCCP);
    // Ports are those of TCP, UDP and SCTP.
    row.dropPorts();
  } else if ((row.c.layers & LAYER.ports) !== 0 && (row.protocol === UNKNOWN || row.protocol === UDP)) {
    return takeUdp(text, row);
  } else return takeNamed(text, row);
  return false;
}

/** `tcp 40`: all that -q prints are the payload's bytes. */
function takeQuietTcp(text: ByteText, row: TextRow): void {
  row.setProtocol(TCP);
  row.payload = text.number();
}

/** Behind the first fragment nothing is printed but the protocol. */
function isFragment(row: TextRow): boolean {
  return row.c.columns.fragmentOffset[row.c.row]! > 0;
}

function takeFragmentBody(text: ByteText, row: TextRow): void {
  if (text.take(IP_PROTO)) row.setProtocol(text.number());
}

const CUT_NAMES = [
  { text: word('[|tcp]'), protocol: TCP },
  { text: word('[|udp]'), protocol: UDP },
  { text: word('[|icmp]'), protocol: 1 },
  { text: word('[|icmp6]'), protocol: 58 },
  { text: word('[|sctp]'), protocol: SCTP },
  { text: word('[|igmp]'), protocol: 2 },
  { text: word('[|esp]'), protocol: 50 },
  { text: word('[|ipcomp]'), protocol: 108 },
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

function markSctp(row: TextRow): void {
  row.setProtocol(SCTP);
  row.c.layers |= LAYER.sctp;
  row.transportBytes = SCTP_HEADER;
}

const GRE_WORD = word('GREv');
const GRE_UNKNOWN = word('gre-proto-');
const IP_WORDS = ['IP ', 'IP6 ', 'IP6, '].map(word);

const PROTOCOL_WORDS = (
  [
    ['igmp', 2],
    ['mtrace', 2],
    ['mrinfo', 2],
    ['dvmrp', 2],
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
