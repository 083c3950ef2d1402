/**
 * Frame Relay (ITU-T Q.922) with the encapsulations of RFC 2427 and Cisco's.
 *
 *   +---------------+------+-------+-------+             +---------------+-----------+
 *   | address (2-4) |  03  | (pad) | NLPID | …  Cisco:   | address (2-4) | EtherType | …
 *   +---------------+------+-------+-------+             +---------------+-----------+
 */
import { QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { decodeSnap } from './llc.ts';
import { NEXT, nextOfEtherType } from './next.ts';
import type { Next } from './next.ts';

const MAX_ADDRESS = 4;

export function decodeFrameRelay(c: Cursor): Next {
  const { bytes } = c;
  let addressLength = 0;
  let isLast = false;
  while (!isLast && addressLength < MAX_ADDRESS) {
    if (isCut(c, addressLength + 1, QUALITY.malformedLink)) return NEXT.done;
    isLast = (bytes[c.position + addressLength]! & 1) === 1;
    addressLength += 1;
  }
  c.position += addressLength;
  if (isCut(c, 2, QUALITY.malformedLink)) return NEXT.done;
  if (bytes[c.position] === 0x03) return followNlpid(c);
  const type = c.view.getUint16(c.position);
  if (type < 0x0600) return NEXT.done;
  c.position += 2;
  c.etherType = type;
  return nextOfEtherType(type);
}

/** Behind the control byte: an optional zero, then the network layer protocol id (ISO/IEC TR 9577). */
function followNlpid(c: Cursor): Next {
  c.position += c.bytes[c.position + 1] === 0 ? 2 : 1;
  if (isCut(c, 1, QUALITY.malformedLink)) return NEXT.done;
  const nlpid = c.bytes[c.position]!;
  c.position += 1;
  switch (nlpid) {
    case 0xcc:
      c.etherType = 0x0800;
      return NEXT.ipv4;
    case 0x8e:
      c.etherType = 0x86dd;
      return NEXT.ipv6;
    case 0x80:
      return decodeSnap(c);
    default:
      return NEXT.done;
  }
}
