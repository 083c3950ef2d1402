/**
 * ARP in tcpdump's text: `ARP, Request who-has 192.0.2.2 tell 192.0.2.1, length 28`, `ARP, Reply 192.0.2.2 is-at
 * 00:00:5e:00:53:01, length 46`, with -v `ARP, Ethernet (len 6), IPv4 (len 4), …`. A reply's text does not say to which
 * protocol address it went: the row's destination is then 0.0.0.0.
 */
import { ADDRESS_TYPE, LAYER, QUALITY } from '../packet/columns.ts';
import { word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import { takeEndpoint, takeMac } from './text-address.ts';
import { markUnread } from './tcpdump-ip.ts';
import { ETHER_TYPE } from './text-row.ts';
import type { Endpoint, TextRow } from './text-row.ts';

const REQUEST = word('Request who-has ');
const TELL = word(' tell ');
const REPLY = word('Reply ');
const IS_AT = word(' is-at ');
const ANNOUNCEMENT = word('Announcement ');
const PROBE = word('Probe ');
const REVERSE_REQUEST = word('Reverse Request ');
const REVERSE_REPLY = word('Reverse Reply ');
const INVERSE_REQUEST = word('InARP Request ');
const INVERSE_REPLY = word('InARP Reply ');
const UNKNOWN_OPERATION = word('Unknown (');
const STARTS = [REQUEST, REPLY, ANNOUNCEMENT, PROBE, REVERSE_REQUEST, REVERSE_REPLY, INVERSE_REQUEST, INVERSE_REPLY];

const senderMac = new Uint32Array(2);

/** Whether an ARP message is next, without `ARP, ` in front (behind a link header that names it). */
export function seesArp(text: ByteText): boolean {
  return STARTS.some((start) => text.sees(start));
}

/** Reads an ARP message, from `Request` or, with -v, from the hardware type on. */
export function takeArp(text: ByteText, row: TextRow): void {
  const { c } = row;
  c.layers |= LAYER.arp;
  if (c.etherType !== ETHER_TYPE.rarp) c.etherType = ETHER_TYPE.arp;
  if (!seesArp(text)) skipTypes(text);
  const operation = takeOperation(text, row);
  if (operation < 0) {
    markUnread(text, row, QUALITY.malformedNetwork);
    return;
  }
  c.columns.arpOp[c.row] = operation;
}

/** `Ethernet (len 6), IPv4 (len 4), `. */
function skipTypes(text: ByteText): void {
  const from = text.at;
  for (const start of [...STARTS, UNKNOWN_OPERATION]) {
    const found = text.find(start);
    if (found >= 0) {
      text.at = found;
      return;
    }
  }
  text.at = from;
}

/** The operation (IANA registry), with the addresses in their columns; -1 when it is none of the known. */
function takeOperation(text: ByteText, row: TextRow): number {
  const { source, destination } = row;
  if (text.take(REQUEST)) {
    if (takeIpv4(text, destination) && text.takeThrough(TELL) && takeIpv4(text, source))
      setEnds(row, source, destination);
    return 1;
  }
  if (text.take(REPLY)) {
    if (takeIpv4(text, source)) setEnds(row, source, nowhere(destination));
    if (text.take(IS_AT) && takeMac(text, senderMac)) row.setArpSender(senderMac);
    return 2;
  }
  if (text.take(ANNOUNCEMENT)) {
    if (takeIpv4(text, source)) setEnds(row, source, source);
    return 1;
  }
  if (text.take(PROBE)) {
    if (takeIpv4(text, destination)) setEnds(row, nowhere(source), destination);
    return 1;
  }
  if (text.take(REVERSE_REQUEST)) return 3;
  if (text.take(REVERSE_REPLY)) return 4;
  if (text.take(INVERSE_REQUEST)) return 8;
  if (text.take(INVERSE_REPLY)) return 9;
  return text.take(UNKNOWN_OPERATION) ? text.number() : -1;
}

const takeIpv4 = (text: ByteText, end: Endpoint): boolean => takeEndpoint(text, end) && end.type === ADDRESS_TYPE.ipv4;

/** 0.0.0.0. */
function nowhere(end: Endpoint): Endpoint {
  end.type = ADDRESS_TYPE.ipv4;
  end.port = -1;
  end.words.set([0, 0, 0xffff, 0]);
  return end;
}

function setEnds(row: TextRow, source: Endpoint, destination: Endpoint): void {
  if (row.enterNetwork()) {
    row.c.layers |= LAYER.arp;
    source.port = -1;
    row.setEnds(source, destination);
  }
}
