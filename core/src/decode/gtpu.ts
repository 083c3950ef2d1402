/**
 * GTP-U version 1 (3GPP TS 29.281): a user's IP packet in a mobile network.
 *
 *   +--------------------+------+--------+------+ E, S or PN set: +----------+--------+-----------+
 *   | ver PT res E S PN  | type | length | TEID |                 | sequence | N-PDU  | next ext. |  extension headers …
 *   +--------------------+------+--------+------+                 +----------+--------+-----------+
 */
import { LAYER } from '../packet/columns.ts';
import { limitTo } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

const HEADER = 8;
const USER_PACKET = 255;

export function decodeGtpu(c: Cursor): Next {
  const { bytes, position } = c;
  if (position + HEADER > c.end || bytes[position]! >> 4 !== 3 || bytes[position + 1] !== USER_PACKET) return NEXT.done;
  const length = c.view.getUint16(position + 2);
  if (position + HEADER + length > c.wireEnd) return NEXT.done;
  const payloadAt = (bytes[position]! & 7) === 0 ? position + HEADER : skipExtensions(c, position + HEADER);
  if (payloadAt < 0 || payloadAt >= Math.min(c.end, position + HEADER + length)) return NEXT.done;
  const version = bytes[payloadAt]! >> 4;
  if (version !== 4 && version !== 6) return NEXT.done;
  c.layers |= LAYER.gtpu;
  c.position += HEADER;
  limitTo(c, length);
  c.position = payloadAt;
  return version === 4 ? NEXT.ipv4 : NEXT.ipv6;
}

/** Where the user's packet starts behind the optional fields at `at` and their extension headers, or -1. */
function skipExtensions(c: Cursor, at: number): number {
  let next = at + 4;
  if (next > c.end) return -1;
  while (c.bytes[next - 1] !== 0) {
    if (next >= c.end) return -1;
    const length = c.bytes[next]! * 4;
    if (length === 0 || next + length > c.end) return -1;
    next += length;
  }
  return next;
}
