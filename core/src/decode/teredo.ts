/**
 * Teredo (RFC 4380): IPv6 in UDP, behind an optional authentication and an optional origin header.
 *
 *   authentication: 00 01 | id length | auth length | id | auth | nonce (8) | confirmation (1)      origin: 00 00 | port | address
 */
import { LAYER } from '../packet/columns.ts';

import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

const AUTHENTICATION = 1;
const ORIGIN = 0;
const IPV6_HEADER = 40;

export function decodeTeredo(c: Cursor): Next {
  const { bytes } = c;
  let at = c.position;
  if (at + 4 <= c.end && c.view.getUint16(at) === AUTHENTICATION) at += 4 + bytes[at + 2]! + bytes[at + 3]! + 9;
  if (at + 8 <= c.end && c.view.getUint16(at) === ORIGIN) at += 8;
  // Only a whole IPv6 header whose length agrees with what is left is believed.
  if (at + IPV6_HEADER > c.end || bytes[at]! >> 4 !== 6) return NEXT.done;
  if (c.view.getUint16(at + 4) !== c.wireEnd - at - IPV6_HEADER) return NEXT.done;
  c.layers |= LAYER.ipInIp;
  c.position = at;
  return NEXT.ipv6;
}
