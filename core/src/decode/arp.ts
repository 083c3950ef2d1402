/**
 * ARP and RARP (RFC 826, RFC 903). The row carries the protocol addresses when they are IPv4, the MAC addresses otherwise, and
 * the sender's hardware address: it is what receivers believe, whoever sent the frame. Where the two differ the row says so.
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

const MAC_BYTES = 6;

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
  if (hardwareLength === MAC_BYTES && isWhole) takeSender(c, position + 8);
  c.layers |= LAYER.arp;
  c.columns.arpOp[c.row] = c.view.getUint16(position + 6);
  return NEXT.done;
}

/** The sender hardware address is the row's MAC from here on. */
function takeSender(c: Cursor, at: number): void {
  const { view, senderMacAt } = c;
  if (senderMacAt >= 0) {
    const isSame =
      view.getUint16(senderMacAt) === view.getUint16(at) && view.getUint32(senderMacAt + 2) === view.getUint32(at + 2);
    if (!isSame) c.quality |= QUALITY.foreignSender;
  }
  c.senderMacAt = at;
}
