/**
 * VLAN tags: 802.1Q, 802.1ad and the older 0x9100 stacking. The first two ids are kept, further tags are walked over.
 *
 *   +----------------+------+
 *   | PCP DEI id(12) | type | payload …
 *   +----------------+------+
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { followType } from './ethernet.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

export function decodeVlan(c: Cursor): Next {
  const isWhole = !isCut(c, 4, QUALITY.malformedLink);
  if (!isWhole && c.position + 2 > c.end) return NEXT.done;
  const id = c.view.getUint16(c.position) & 0x0fff;
  if (c.tags === 0) {
    c.layers |= LAYER.vlan;
    c.columns.vlan[c.row] = id;
  } else if (c.tags === 1) {
    c.layers |= LAYER.qinq;
    c.columns.vlanInner[c.row] = id;
  }
  c.tags += 1;
  if (!isWhole) return NEXT.done;
  const type = c.view.getUint16(c.position + 2);
  c.position += 4;
  return followType(c, type);
}

/** Cisco TrustSec metadata behind its EtherType: version, length, one option (a security group), then the next EtherType. */
export function decodeCiscoMetadata(c: Cursor): Next {
  if (isCut(c, 8, QUALITY.malformedLink)) return NEXT.done;
  const type = c.view.getUint16(c.position + 6);
  c.position += 8;
  return followType(c, type);
}
