/**
 * Network service header (RFC 8300), between a link or tunnel header and the packet it steers.
 *
 *   +---------------------------------+---------+---------------+---------------------+---------+
 *   | ver O U TTL length (4-byte words) | MD type | next protocol | service path, index | context |
 *   +---------------------------------+---------+---------------+---------------------+---------+
 */
import { QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

const MIN_HEADER = 8;

export function decodeServiceHeader(c: Cursor): Next {
  if (isCut(c, MIN_HEADER, QUALITY.malformedTunnel)) return NEXT.done;
  const { bytes, position } = c;
  const length = (bytes[position + 1]! & 0x3f) * 4;
  if (length < MIN_HEADER) c.quality |= QUALITY.malformedTunnel;
  if (length < MIN_HEADER || isCut(c, length, QUALITY.malformedTunnel)) return NEXT.done;
  c.position += length;
  switch (bytes[position + 3]!) {
    case 1:
      return NEXT.ipv4;
    case 2:
      return NEXT.ipv6;
    case 3:
      return NEXT.ethernet;
    case 5:
      return NEXT.mpls;
    default:
      return NEXT.done;
  }
}
