/**
 * PPP (RFC 1661) with or without HDLC address and control bytes (RFC 1662), and Cisco's HDLC.
 *
 *   +-------+----------------------+             +------+------+-----------+
 *   |(FF 03)| protocol (1-2 bytes) |   Cisco:    | 0F/8F| 00   | EtherType |
 *   +-------+----------------------+             +------+------+-----------+
 */
import { QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT, nextOfEtherType } from './next.ts';
import type { Next } from './next.ts';

const ETHERTYPE_PPP = 0x880b;

export function decodePpp(c: Cursor): Next {
  if (isCut(c, 1, QUALITY.malformedLink)) return NEXT.done;
  const { bytes } = c;
  if (c.position + 2 <= c.end && bytes[c.position] === 0xff && bytes[c.position + 1] === 0x03) c.position += 2;
  if (isCut(c, 1, QUALITY.malformedLink)) return NEXT.done;
  // An odd first byte is a compressed protocol field: numbers end in an odd byte and start with an even one.
  const isCompressed = (bytes[c.position]! & 1) === 1;
  if (isCut(c, isCompressed ? 1 : 2, QUALITY.malformedLink)) return NEXT.done;
  const protocol = isCompressed ? bytes[c.position]! : c.view.getUint16(c.position);
  c.position += isCompressed ? 1 : 2;
  if (c.etherType === 0) c.etherType = ETHERTYPE_PPP;
  switch (protocol) {
    case 0x0021:
      c.etherType = 0x0800;
      return NEXT.ipv4;
    case 0x0057:
      c.etherType = 0x86dd;
      return NEXT.ipv6;
    case 0x0281:
      c.etherType = 0x8847;
      return NEXT.mpls;
    case 0x0283:
      c.etherType = 0x8848;
      return NEXT.mpls;
    default:
      return NEXT.done;
  }
}

/** LINKTYPE_PPP_HDLC: PPP behind FF 03, or Cisco HDLC, told by the first byte. */
export function decodeHdlc(c: Cursor): Next {
  if (isCut(c, 1, QUALITY.malformedLink)) return NEXT.done;
  const address = c.bytes[c.position]!;
  return address === 0x0f || address === 0x8f ? NEXT.ciscoHdlc : NEXT.ppp;
}

export function decodeCiscoHdlc(c: Cursor): Next {
  if (isCut(c, 4, QUALITY.malformedLink)) return NEXT.done;
  const type = c.view.getUint16(c.position + 2);
  c.position += 4;
  c.etherType = type;
  return nextOfEtherType(type);
}
