/** IP without a link header, and IP directly inside IP. */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

/** LINKTYPE_RAW: the version in the first four bits says which IP it is. */
export function decodeRawIp(c: Cursor): Next {
  if (isCut(c, 1, QUALITY.malformedLink)) return NEXT.done;
  switch (c.bytes[c.position]! >> 4) {
    case 4:
      return NEXT.ipv4;
    case 6:
      return NEXT.ipv6;
    default:
      c.quality |= QUALITY.malformedLink;
      return NEXT.done;
  }
}

/** IP protocols 4 and 41 (RFC 2003, RFC 4213): IP in IP, 6in4, 4in6, 6in6. */
export function enterIpInIp(c: Cursor, next: Next): Next {
  c.layers |= LAYER.ipInIp;
  return next;
}
