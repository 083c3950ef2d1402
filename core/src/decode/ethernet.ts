/**
 * Ethernet II and IEEE 802.3, and the two headers that wrap a whole Ethernet frame: EtherIP and the 802.1ah backbone tag.
 *
 *   0          6          12    14
 *   +----------+----------+-----+
 *   | dst MAC  | src MAC  |type | payload …   type <= 1500: 802.3 length, an LLC header follows
 *   +----------+----------+-----+
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut, limitTo } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT, nextOfEtherType } from './next.ts';
import type { Next } from './next.ts';

/** Largest value of the type field that is a length (IEEE 802.3 §3.2.6). */
const MAX_802_3_LENGTH = 1500;

export function decodeEthernet(c: Cursor): Next {
  if (c.position + 12 <= c.end) {
    if (c.layers === 0) {
      // Keep the link addresses, in case nothing above has any.
      c.destinationMacAt = c.position;
      c.sourceMacAt = c.position + 6;
    }
    c.senderMacAt = c.position + 6;
  }
  if (isCut(c, 14, QUALITY.malformedLink)) return NEXT.done;
  c.layers |= LAYER.ethernet;
  const type = c.view.getUint16(c.position + 12);
  c.position += 14;
  return followType(c, type);
}

/** What follows a type-or-length field that ends right before `position`. */
export function followType(c: Cursor, type: number): Next {
  if (type > MAX_802_3_LENGTH) {
    c.etherType = type;
    return nextOfEtherType(type);
  }
  if (c.position + type > c.wireEnd) c.quality |= QUALITY.lengthLie;
  else limitTo(c, type);
  return NEXT.llc;
}

/** EtherIP (RFC 3378): version 3 in four bits, twelve reserved bits, then an Ethernet frame. */
export function decodeEtherIp(c: Cursor): Next {
  if (isCut(c, 2, QUALITY.malformedTunnel)) return NEXT.done;
  if (c.bytes[c.position]! >> 4 !== 3) {
    c.quality |= QUALITY.malformedTunnel;
    return NEXT.done;
  }
  c.position += 2;
  return NEXT.ethernet;
}

/** 802.1ah I-tag: four bytes of priority and service id, then the customer's whole Ethernet header. */
export function decodeProviderBackbone(c: Cursor): Next {
  if (isCut(c, 4, QUALITY.malformedLink)) return NEXT.done;
  c.position += 4;
  return NEXT.ethernet;
}

/**
 * Whether the bytes at `at` can be an Ethernet header with a payload that agrees with its type. Used where nothing but a
 * port number says that a frame follows.
 */
export function looksLikeEthernet(c: Cursor, at: number): boolean {
  if (at + 15 > c.end) return false;
  const { bytes } = c;
  const type = c.view.getUint16(at + 12);
  if (type === 0x0800) return bytes[at + 14]! >= 0x45 && bytes[at + 14]! <= 0x4f;
  if (type === 0x86dd) return bytes[at + 14]! >> 4 === 6;
  if (type <= MAX_802_3_LENGTH) return at + 14 + type <= c.wireEnd && type > 2;
  return KNOWN_TYPES.has(type);
}

const KNOWN_TYPES = new Set([
  0x0806, 0x8035, 0x8100, 0x88a8, 0x9100, 0x8847, 0x8848, 0x8863, 0x8864, 0x88cc, 0x8809, 0x888e, 0x88e5, 0x88f7,
  0x8902, 0x9000,
]);
