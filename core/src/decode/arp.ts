/**
 * ARP and RARP (RFC 826, RFC 903). The row carries the protocol addresses when they are IPv4, the MAC addresses otherwise.
 *
 *   +-------+-------+------+------+----+------------+------------+------------+------------+
 *   | htype | ptype | hlen | plen | op | sender HW  | sender IP  | target HW  | target IP  |
 *   +-------+-------+------+------+----+------------+------------+------------+------------+
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { enterNetwork, isCut, isTooDeep, setIpv4Addresses } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

export function decodeArp(c: Cursor): Next {
  if (isTooDeep(c) || isCut(c, 8, QUALITY.malformedNetwork)) return NEXT.done;
  const { bytes, position } = c;
  const protocolType = c.view.getUint16(position + 2);
  const hardwareLength = bytes[position + 4]!;
  const protocolLength = bytes[position + 5]!;
  const isIpv4 = protocolType === 0x0800 && protocolLength === 4;
  const isWhole = !isCut(c, 8 + 2 * (hardwareLength + protocolLength), QUALITY.malformedNetwork);
  if (isIpv4 && isWhole) {
    enterNetwork(c);
    const senderAt = position + 8 + hardwareLength;
    setIpv4Addresses(c, senderAt, senderAt + 4 + hardwareLength);
  }
  c.layers |= LAYER.arp;
  c.columns.arpOp[c.row] = c.view.getUint16(position + 6);
  return NEXT.done;
}
