/**
 * Linux "any" device captures: cooked headers version 1 (LINKTYPE_LINUX_SLL) and 2 (LINKTYPE_LINUX_SLL2).
 *
 *   v1: packet type (2) | ARPHRD (2) | address length (2) | address (8) | protocol (2)
 *   v2: protocol (2) | reserved (2) | interface (4) | ARPHRD (2) | packet type (1) | address length (1) | address (8)
 */
import { QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT, nextOfEtherType } from './next.ts';
import type { Next } from './next.ts';

/** Device types whose protocol field is not an EtherType: netlink, and 802.11 with or without radio header. */
const ARPHRD_NETLINK = 824;
const ARPHRD_80211 = 801;
const ARPHRD_80211_RADIOTAP = 803;
const PROTOCOL_802_3 = 1;
const PROTOCOL_802_2 = 4;

export function decodeCooked(c: Cursor): Next {
  if (isCut(c, 16, QUALITY.malformedLink)) return NEXT.done;
  const { position } = c;
  if (c.view.getUint16(position + 4) === 6) keepSource(c, position + 6);
  c.position += 16;
  return follow(c, c.view.getUint16(position + 14), c.view.getUint16(position + 2));
}

export function decodeCooked2(c: Cursor): Next {
  if (isCut(c, 20, QUALITY.malformedLink)) return NEXT.done;
  const { position } = c;
  if (c.bytes[position + 11] === 6) keepSource(c, position + 12);
  c.position += 20;
  return follow(c, c.view.getUint16(position), c.view.getUint16(position + 8));
}

function keepSource(c: Cursor, at: number): void {
  c.sourceMacAt = at;
  c.senderMacAt = at;
}

function follow(c: Cursor, protocol: number, deviceType: number): Next {
  if (deviceType === ARPHRD_NETLINK) return NEXT.done;
  if (deviceType >= ARPHRD_80211 && deviceType <= ARPHRD_80211_RADIOTAP) return NEXT.done;
  if (protocol === PROTOCOL_802_2 || protocol === PROTOCOL_802_3) return NEXT.llc;
  if (protocol < 0x0600) return NEXT.done;
  c.etherType = protocol;
  return nextOfEtherType(protocol);
}
