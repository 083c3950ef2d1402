/**
 * VLAN tags: 802.1Q, 802.1ad and the older 0x9100 stacking. The first two ids are kept, further tags are walked over.
 *
 *   +----------------+------+
 *   | PCP DEI id(12) | type | payload …
 *   +----------------+------+
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut, u16 } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { followType } from './ethernet.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

export function decodeVlan(c: Cursor): Next {
  if (isCut(c, 4, QUALITY.malformedLink)) return NEXT.done;
  const id = u16(c.bytes, c.position) & 0x0fff;
  if (c.tags === 0) {
    c.layers |= LAYER.vlan;
    c.columns.vlan[c.row] = id;
  } else if (c.tags === 1) {
    c.layers |= LAYER.qinq;
    c.columns.vlanInner[c.row] = id;
  }
  c.tags += 1;
  const type = u16(c.bytes, c.position + 2);
  c.position += 4;
  return followType(c, type);
}
