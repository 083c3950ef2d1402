/**
 * What stands in front of the network header in tcpdump's text: link headers (-e), interfaces (-i any), VLAN tags, MPLS,
 * PPPoE, PPP; and packets that are neither IP nor ARP, which are known by their first word.
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { CLOSE, COMMA, OPEN, SPACE, word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import { takeMac } from './text-address.ts';
import type { TextRow } from './text-row.ts';

const ARROW = word(' > ');
const ITEM = word(', ');
const LENGTH = word(', length ');
const ETHERTYPE = word('ethertype ');
const HEX = word('0x');
const LLC = word('802.3');
const SNAP = word('LLC, dsap SNAP');
const PROTOCOL_ID = word(', pid ');
const ETHERNET_HEADER = 14;
const MPLS_UNICAST = 0x8847;
const VLAN = word('vlan ');
const MPLS = word('MPLS ');
const LABEL = word('(label ');
const PPPOE = word('PPPoE ');
const SESSION = word('[ses 0x');
const SESSION_END = word('] ');
const LINKTYPE_ETHERNET = 1;

const DIRECTIONS = [' In ', ' Out ', ' B ', ' M ', ' P ', ' ? '].map(word);
/** The one direction that fills its three columns. */
const OUT = word('Out ');
/** `lo    In  `: the interface name takes five columns. */
const INTERFACE_MAX = 24;
const IFINDEX = word('ifindex ');

/** Steps over the interface and direction that captures of all interfaces begin with. */
export function skipInterface(text: ByteText): void {
  if (text.take(OUT)) return;
  const from = text.at;
  const { bytes } = text;
  let at = from;
  while (at < text.end && at - from < INTERFACE_MAX && bytes[at]! > SPACE) at++;
  // The direction is one blank behind the padded name.
  while (at + 1 < text.end && at - from < INTERFACE_MAX && bytes[at] === SPACE && bytes[at + 1] === SPACE) at++;
  text.at = at;
  const direction = DIRECTIONS.find((known) => text.take(known));
  if (direction === undefined) text.at = from;
  while (text.takeByte(SPACE));
}

/**
 * Steps over link headers up to what they carry. Whatever header has a length first, that is the frame's.
 * @returns false when nothing was there to step over
 */
export function takeLink(text: ByteText, row: TextRow): boolean {
  const from = text.at;
  if (text.take(IFINDEX)) {
    text.number();
    text.takeByte(SPACE);
  }
  if (takeMac(text, row.sourceMac)) takeEthernet(text, row, from);
  else if (text.sees(ETHERTYPE)) takeEtherType(text, row);
  else if (takeFamily(text, row)) return true;
  else if (text.take(VLAN)) takeTag(text, row);
  else if (text.take(MPLS)) takeLabels(text, row);
  else if (text.take(PPPOE)) {
    row.c.layers |= LAYER.pppoe;
    row.c.etherType = 0;
    if (!text.takeThrough(SESSION) || !text.takeThrough(SESSION_END)) text.at = text.lineEnd();
  }
  return text.at > from;
}

/** `<mac> > <mac>, ethertype IPv4 (0x0800), length 60: ` behind the first address; Linux cooked has only that one. */
function takeEthernet(text: ByteText, row: TextRow, from: number): void {
  const { c } = row;
  const isCooked = !text.take(ARROW);
  if (isCooked ? !text.takeByte(SPACE) || !text.sees(ETHERTYPE) : !takeMac(text, row.destinationMac)) {
    text.at = from;
    return;
  }
  if (c.networks === 0) row.hasMac = true;
  row.setSenderMac(row.sourceMac);
  if (isCooked) row.destinationMac.fill(0);
  else {
    c.layers |= LAYER.ethernet;
    if (c.networks === 0) c.columns.linkType[c.row] = LINKTYPE_ETHERNET;
    text.takeByte(COMMA);
    text.takeByte(SPACE);
  }
  if (text.sees(LLC)) takeLlc(text, row);
  else takeEtherType(text, row);
}

/** `802.3, length 38: LLC, dsap …`: the length is that of what follows, not the frame's, which may be padded. */
function takeLlc(text: ByteText, row: TextRow): void {
  const isKnown = row.frameLength >= 0;
  takeLength(text, row);
  if (!isKnown && row.frameLength >= 0) row.frameLength += ETHERNET_HEADER;
  takeSnap(text, row);
}

/** `LLC, dsap SNAP (0xaa) …: oui Cisco (0x00000c), pid PVST (0x010b), length 42: `, or an EtherType in place of pid. */
function takeSnap(text: ByteText, row: TextRow): void {
  if (!text.sees(SNAP)) return;
  const from = text.at;
  if (text.takeThrough(PROTOCOL_ID) || text.takeThrough(ETHERTYPE)) {
    takeTypeNumber(text, row);
  } else text.at = from;
}

/** `ethertype IPv4 (0x0800), length 60: `; inside a tag without length. */
function takeEtherType(text: ByteText, row: TextRow): void {
  if (!text.take(ETHERTYPE)) {
    takeLength(text, row);
    return;
  }
  takeTypeNumber(text, row);
}

/** ` IPv4 (0x0800), length 60: `, from anywhere in the name on. */
function takeTypeNumber(text: ByteText, row: TextRow): void {
  const line = text.lineEnd();
  while (text.at < line && text.peek() !== OPEN) text.at++;
  if (!text.takeByte(OPEN)) return;
  if (text.take(HEX)) row.c.etherType = text.hex() & 0xffff;
  text.takeByte(CLOSE);
  if (text.sees(LENGTH)) takeLength(text, row);
  else text.take(ITEM);
}

/** Through `, length 60: `; the first one is the frame's. */
function takeLength(text: ByteText, row: TextRow): void {
  if (!text.takeThrough(LENGTH)) return;
  const length = text.number();
  if (row.frameLength < 0 && row.c.networks === 0 && length >= 0) row.frameLength = length;
  text.takeByte(0x3a);
  text.takeByte(SPACE);
}

/** `105, p 0, DEI, ethertype IPv4 (0x0800), ` behind `vlan `. */
function takeTag(text: ByteText, row: TextRow): void {
  const id = text.number();
  if (id >= 0) row.addTag(id);
  const type = text.find(ETHERTYPE);
  if (type < 0) {
    takeLlcBehindTag(text, row);
    return;
  }
  text.at = type;
  takeEtherType(text, row);
}

/** `105, p 0, 802.3LLC, dsap …`. */
function takeLlcBehindTag(text: ByteText, row: TextRow): void {
  const found = text.find(LLC);
  text.at = found < 0 ? text.lineEnd() : found + LLC.length;
  takeSnap(text, row);
}

/** `(label 29, tc 0, [S], ttl 255) ` and further labels, which -v writes into lines of their own. */
function takeLabels(text: ByteText, row: TextRow): void {
  row.c.layers |= LAYER.mpls;
  if (row.c.etherType === 0) row.c.etherType = MPLS_UNICAST;
  do {
    const line = text.lineEnd();
    let depth = 0;
    for (; text.at < line; text.at++) {
      if (text.bytes[text.at] === OPEN) depth++;
      if (text.bytes[text.at] === CLOSE && --depth <= 0) break;
    }
    if (text.at < line) text.at++;
    text.skipSpace();
  } while (text.sees(LABEL));
}

/** Link headers of other captures with -e: `AF IPv4 (2), length 60: `, `IP (0x0021), length 50: `, `ip: `. */
const FAMILIES = ['AF IPv4 (', 'AF IPv6 (', 'IP (0x', 'IP6 (0x', 'MPLS (0x', 'Q.922'].map(word);
const RAW_IP = word('ip: ');

function takeFamily(text: ByteText, row: TextRow): boolean {
  if (text.take(RAW_IP)) return true;
  if (!FAMILIES.some((family) => text.sees(family))) return false;
  const from = text.at;
  takeLength(text, row);
  return text.at > from;
}

/** First words of packets without IP, and the EtherType or DSAP they have in our columns. */
const FIRST_WORDS = (
  [
    ['STP ', 0x42],
    ['LLDP', 0x88cc],
    ['CDPv', 0x2000],
    ['EAPOL', 0x888e],
    ['EAP ', 0x888e],
    ['Loopback', 0x9000],
    ['IPX ', 0x8137],
    ['IS-IS', 0xfe],
    ['ES-IS', 0xfe],
    ['CLNP', 0xfe],
    ['LACPv', 0x8809],
    ['MACsec', 0x88e5],
    ['PTPv', 0x88f7],
    ['CFMv', 0x8902],
    ['AoE', 0x88a2],
    ['TIPC', 0x88ca],
    ['UDLD', 0x0111],
    ['VTPv', 0x2003],
    ['DTPv', 0x2004],
    ['LLC, dsap STP', 0x42],
    ['LLC, dsap IPX', 0xe0],
    ['LLC, dsap OSI', 0xfe],
    ['LLC, dsap NetBeui', 0xf0],
    ['LLC, dsap SNAP', 0xaa],
  ] as const
).map(([text, etherType]) => ({ text: word(text), etherType }));
const UNKNOWN_TYPE = word('Unknown');

/** What is neither IP nor ARP: its type when its first words are known, else a row that says it was not understood. */
export function takeOther(text: ByteText, row: TextRow): void {
  const found = FIRST_WORDS.find(({ text: words }) => text.sees(words));
  const { c } = row;
  if (found !== undefined) {
    if (c.etherType === 0) c.etherType = found.etherType;
    return;
  }
  // Behind a link header whose type is printed, tcpdump may print the bytes only, or nothing.
  if (c.etherType !== 0 || text.sees(UNKNOWN_TYPE)) return;
  c.quality |= QUALITY.malformedLink;
}
