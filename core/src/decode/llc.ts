/**
 * IEEE 802.2 LLC and SNAP. The etherType column holds the SNAP type, or the DSAP of a frame without one.
 *
 *   +------+------+---------+            +---------+------+
 *   | DSAP | SSAP | control |  AA AA 03: | OUI (3) | type |
 *   +------+------+---------+            +---------+------+
 */
import { QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT, nextOfEtherType } from './next.ts';
import type { Next } from './next.ts';

const DSAP_IP = 0x06;
const DSAP_SNAP = 0xaa;

export function decodeLlc(c: Cursor): Next {
  if (isCut(c, 2, QUALITY.malformedLink)) return NEXT.done;
  const { bytes, position } = c;
  const dsap = bytes[position]!;
  if (dsap === 0xff && bytes[position + 1] === 0xff) {
    // Novell put IPX straight behind the length: the "SAPs" are its checksum.
    c.etherType = 0x8137;
    return NEXT.done;
  }
  c.etherType = dsap;
  if (isCut(c, 3, QUALITY.malformedLink)) return NEXT.done;
  // Numbered frames have two bytes of control; only unnumbered information carries what we follow.
  if (bytes[position + 2] !== 0x03) return NEXT.done;
  c.position += 3;
  if (dsap === DSAP_SNAP && bytes[position + 1] === DSAP_SNAP) return decodeSnap(c);
  return dsap === DSAP_IP ? NEXT.ipv4 : NEXT.done;
}

/** Organization and type, at `position`. */
export function decodeSnap(c: Cursor): Next {
  if (isCut(c, 5, QUALITY.malformedLink)) return NEXT.done;
  const { bytes, position } = c;
  const oui = (bytes[position]! << 16) | c.view.getUint16(position + 1);
  const type = c.view.getUint16(position + 3);
  c.position += 5;
  switch (oui) {
    case 0x000000: // RFC 1042
    case 0x0000f8: // 802.1H bridge tunnel
      c.etherType = type;
      return nextOfEtherType(type);
    case 0x00000c: // Cisco: CDP, VTP, PVST+ … by their own numbers, which no EtherType uses
      c.etherType = type;
      return NEXT.done;
    case 0x0080c2: // 802.1 bridged frames (RFC 2684): with the checksum kept (1) or not (7)
      return type === 1 || type === 7 ? NEXT.ethernet : NEXT.done;
    default:
      return NEXT.done;
  }
}
