/** UDP in tcpdump's text, which is known by its ports: what it carries prints itself; and the tunnels over it. */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { CLOSE, OPEN, SPACE, word } from './byte-text.ts';
import type { ByteText } from './byte-text.ts';
import { UNKNOWN } from './text-row.ts';
import type { TextRow } from './text-row.ts';

export const UDP = 17;
export const UDP_HEADER = 8;

const UDP_LENGTH = word('UDP, length ');
const UDP_BAD_LENGTH = word('UDP, bad length ');
const LENGTH = word('length ');
const LENGTH_COLON = word('length: ');
const COLON_BLANK = word(': ');

const VXLAN = word('VXLAN, flags [');
const GENEVE = word('Geneve, ');
const VNI = word('vni ');
const L2TP = word('l2tp:[');
const INNER_OPEN = word('{');

/** Reads a UDP packet; true when another packet's header follows. */
export function takeUdp(text: ByteText, row: TextRow): boolean {
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
    if (text.takeThrough(LENGTH) || text.takeThrough(LENGTH_COLON)) row.payload = text.number();
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
  const colon = text.find(COLON_BLANK);
  text.at = colon < 0 ? line : colon + 2;
  return true;
}
