/**
 * BSD loopback: four bytes of address family, in the capturing host's byte order (LINKTYPE_NULL) or the network's
 * (LINKTYPE_LOOP), then the packet.
 */
import { QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

/** AF_INET is 2 everywhere; AF_INET6 is 24 (NetBSD, OpenBSD), 28 (FreeBSD), 30 (macOS), 10 (Linux), 23 (Windows). */
export function decodeLoopback(c: Cursor, isNetworkOrder: boolean): Next {
  if (isCut(c, 4, QUALITY.malformedLink)) return NEXT.done;
  let family = c.view.getInt32(c.position);
  // The host's order is not recorded; families are small, so the small reading is the right one.
  if (!isNetworkOrder && family >>> 16 !== 0) family = c.bytes[c.position]! | (c.bytes[c.position + 1]! << 8);
  c.position += 4;
  switch (family) {
    case 2:
      return NEXT.ipv4;
    case 10:
    case 23:
    case 24:
    case 28:
    case 30:
      return NEXT.ipv6;
    default:
      return NEXT.done;
  }
}
