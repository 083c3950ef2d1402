/**
 * One packet of tcpdump's text as one row of columns: `tcpdump -nn` with any of -v -vv -vvv -e -t -tt -tttt -S -# --nano,
 * IPv4, IPv6, ARP and what they carry. Addresses must be numbers (-n). The text says less than the packet: columns it
 * does not mention stay 0, rows say so with QUALITY.fromText; without -e `length` is that of the IP packet. A text that
 * cannot be read is a row that says so.
 */
import { ADDRESS_TYPE, QUALITY } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { ByteText, OPEN, SPACE, word } from './byte-text.ts';
import { takeArp, seesArp } from './tcpdump-arp.ts';
import { takeIpv4Header, takeIpv6Header } from './tcpdump-ip.ts';
import { skipInterface, takeLink, takeOther } from './tcpdump-link.ts';
import { takeTransport } from './tcpdump-transport.ts';
import { takePair } from './text-address.ts';
import { STAMP, nearestDay, takeStamp } from './text-time.ts';
import { ETHER_TYPE, TextRow } from './text-row.ts';

/** Bytes of one packet's text that are looked at. */
export const TEXT_BYTES_MAX = 65_536;
/** Headers of any kind that are followed in one text. */
const MAX_HEADERS = 64;

const IP = word('IP ');
const IP6 = word('IP6 ');
const IP6_ITEM = word('IP6, ');
const ARP = word('ARP, ');
const RARP = word('RARP, ');
const TOS = word('(tos ');
const IPV6_FIELDS = ['(class ', '(flowlabel ', '(hlim '].map(word);
const TRUNCATED_IP = word('truncated-ip -');
const TRUNCATED_IP6 = word('truncated-ip6 -');
const NSH = word('NSH, ');
const CONTEXT = word('Context[');
const COLON_BLANK = word(': ');
const CUT = word('[|');
const NO_HEADER = ['bad-hlen', 'bad-len', 'version error', 'wrong link-layer'].map(word);

export class TcpdumpParser {
  readonly #text = new ByteText();
  readonly #time = { timeUs: 0, timeNs: 0 };
  #row: TextRow | undefined;

  /**
   * Reads the text at bytes [from, to) into row `row`, which must be all zero. Never throws.
   * @param arrivalUs when the text arrived, microseconds since 1970: the day, or the whole time, when it has none
   */
  parse(columns: PacketColumns, row: number, bytes: Uint8Array, from: number, to: number, arrivalUs: number): void {
    const text = this.#text;
    const out = (this.#row ??= new TextRow(columns));
    out.begin(columns, row);
    text.open(bytes, from, Math.min(to, from + TEXT_BYTES_MAX));
    this.#setTime(out, arrivalUs);
    skipInterface(text);
    walk(text, out);
    out.finish();
  }

  #setTime(out: TextRow, arrivalUs: number): void {
    const time = this.#time;
    switch (takeStamp(this.#text, time)) {
      case STAMP.exact:
        out.setTime(time.timeUs, time.timeNs);
        return;
      case STAMP.dayless:
        out.setTime(nearestDay(time.timeUs, arrivalUs), time.timeNs);
        break;
      case STAMP.relative:
      case STAMP.none:
        out.setTime(arrivalUs, 0);
    }
    out.c.quality |= QUALITY.timeInferred;
  }
}

function walk(text: ByteText, row: TextRow): void {
  for (let headers = 0; headers < MAX_HEADERS; headers++) {
    text.skipSpace();
    if (takeLink(text, row)) continue;
    if (!takeNetwork(text, row) || !takeTransport(text, row)) return;
  }
  row.c.quality |= QUALITY.tooDeep;
}

/** Reads a network header; true when a transport header can follow. */
function takeNetwork(text: ByteText, row: TextRow): boolean {
  if (text.take(IP)) return !hasNoHeader(text, row) && row.enterIp(false) && takeIpv4Header(text, row);
  if (text.take(IP6) || text.take(IP6_ITEM))
    return !hasNoHeader(text, row) && row.enterIp(true) && takeIpv6Header(text, row);
  if (text.take(ARP) || text.take(RARP)) {
    takeArp(text, row);
    return false;
  }
  return takeUnnamed(text, row);
}

/** ` [|ip]`: nothing of the header was captured; `bad-hlen 16`, `version error: 4 != 6`: it is none. */
function hasNoHeader(text: ByteText, row: TextRow): boolean {
  while (text.takeByte(SPACE));
  if (text.sees(CUT)) row.c.quality |= QUALITY.headerCut;
  else if (NO_HEADER.some((words) => text.sees(words))) row.c.quality |= QUALITY.malformedNetwork;
  else return false;
  return true;
}

/** Behind a link header that names it, the name of the network protocol is left out. */
function takeUnnamed(text: ByteText, row: TextRow): boolean {
  const { c } = row;
  if (text.peek() === OPEN) {
    if (text.sees(TOS)) return row.enterIp(false) && takeIpv4Header(text, row);
    if (IPV6_FIELDS.some((field) => text.sees(field))) return row.enterIp(true) && takeIpv6Header(text, row);
  }
  if (text.sees(TRUNCATED_IP)) return row.enterIp(false) && takeIpv4Header(text, row);
  if (text.sees(TRUNCATED_IP6)) return row.enterIp(true) && takeIpv6Header(text, row);
  const from = text.at;
  const hasPair = takePair(text, row);
  text.at = from;
  if (hasPair) {
    const isIpv6 = row.source.type === ADDRESS_TYPE.ipv6;
    return row.enterIp(isIpv6) && (isIpv6 ? takeIpv6Header : takeIpv4Header)(text, row);
  }
  if (seesArp(text) || c.etherType === ETHER_TYPE.arp) takeArp(text, row);
  else if (text.take(NSH)) {
    skipServiceHeader(text);
    return takeNetwork(text, row);
  } else if (text.sees(CUT)) c.quality |= QUALITY.headerCut;
  else if (c.networks === 0) takeOther(text, row);
  return false;
}

/** What is inside stands behind a colon or, with -v, in a line of its own, before which -vv prints the context headers. */
function skipServiceHeader(text: ByteText): void {
  if (text.takeThrough(COLON_BLANK)) return;
  for (let lines = 0; lines < MAX_HEADERS && text.at < text.end; lines++) {
    text.at = text.lineEnd();
    text.skipSpace();
    if (!text.sees(CONTEXT)) return;
  }
}
