/**
 * ICMP (RFC 792) and ICMPv6 (RFC 4443). The packet quoted inside an error is evidence about another packet: its addresses
 * are never taken for this one's, so nothing behind the header is looked at.
 *
 *   +------+------+----------+----------------+
 *   | type | code | checksum | rest of header | data …
 *   +------+------+----------+----------------+
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

const HEADER = 8;
/** Type, code and checksum, which every message has. */
const MIN_HEADER = 4;

export function decodeIcmp(c: Cursor): Next {
  return writeTypeAndCode(c, LAYER.icmp);
}

export function decodeIcmpv6(c: Cursor): Next {
  return writeTypeAndCode(c, LAYER.icmpv6);
}

function writeTypeAndCode(c: Cursor, layer: number): Next {
  c.columns.payloadLength[c.row] = Math.max(0, c.wireEnd - c.position - HEADER);
  isCut(c, MIN_HEADER, QUALITY.malformedTransport);
  if (c.position + 2 > c.end) return NEXT.done;
  c.layers |= layer | LAYER.anyIcmp;
  c.columns.icmpType[c.row] = c.bytes[c.position]!;
  c.columns.icmpCode[c.row] = c.bytes[c.position + 1]!;
  return NEXT.done;
}
