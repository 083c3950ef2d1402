/**
 * L2TP version 2 data messages (RFC 2661): PPP inside UDP.
 *
 *   +--------------------------+----------+-----------+------------+---------+----------+
 *   | T L 00 S 0 O P 0000 ver  | (length) | tunnel id | session id | (Ns Nr) | (offset) |
 *   +--------------------------+----------+-----------+------------+---------+----------+
 */

import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

const CONTROL = 0x8000;
const LENGTH = 0x4000;
const SEQUENCE = 0x0800;
const OFFSET = 0x0200;
/** Bits that must be zero, and the version, which must be 2. */
const FIXED_BITS = 0x34ff;

export function decodeL2tp(c: Cursor): Next {
  const { position } = c;
  if (position + 6 > c.end) return NEXT.done;
  const flags = c.view.getUint16(position);
  if ((flags & CONTROL) !== 0 || (flags & FIXED_BITS) !== 2) return NEXT.done;
  let at = position + 6;
  if ((flags & LENGTH) !== 0) {
    if (c.view.getUint16(position + 2) > c.wireEnd - position) return NEXT.done;
    at += 2;
  }
  if ((flags & SEQUENCE) !== 0) at += 4;
  if ((flags & OFFSET) !== 0) {
    if (at + 2 > c.end) return NEXT.done;
    at += 2 + c.view.getUint16(at);
  }
  if (at >= c.end) return NEXT.done;
  c.position = at;
  return NEXT.ppp;
}
