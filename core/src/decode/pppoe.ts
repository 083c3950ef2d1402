/**
 * PPP over Ethernet (RFC 2516), discovery and session.
 *
 *   +---------+------+------------+--------+
 *   | ver typ | code | session id | length | code 0: a PPP protocol number and its payload
 *   +---------+------+------------+--------+
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut, limitTo } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

export function decodePppoe(c: Cursor): Next {
  c.layers |= LAYER.pppoe;
  if (isCut(c, 6, QUALITY.malformedLink)) return NEXT.done;
  const { bytes, position } = c;
  if (bytes[position] !== 0x11) {
    c.quality |= QUALITY.malformedLink;
    return NEXT.done;
  }
  const code = bytes[position + 1];
  const length = c.view.getUint16(position + 4);
  c.position += 6;
  if (c.position + length > c.wireEnd) c.quality |= QUALITY.lengthLie;
  else limitTo(c, length);
  return code === 0 ? NEXT.ppp : NEXT.done;
}
