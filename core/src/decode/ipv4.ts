/**
 * IPv4 (RFC 791).
 *
 *   +---------+-----+--------------+----+-------------------+-----+-------+----------+--------+-------------+---------+
 *   | ver ihl | TOS | total length | id | flags frag.offset | TTL | proto | checksum | source | destination | options |
 *   0         1     2              4    6                   8     9       10         12       16            20
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { enterNetwork, isCut, isTooDeep, limitTo, setIpv4Addresses } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT, nextOfIpProtocol } from './next.ts';
import type { Next } from './next.ts';

const MIN_HEADER = 20;
/** Largest IP packet of an ordinary Ethernet. */
export const ETHERNET_MTU = 1500;

export function decodeIpv4(c: Cursor): Next {
  if (isTooDeep(c) || isCut(c, MIN_HEADER, QUALITY.malformedNetwork)) return NEXT.done;
  const { bytes, position } = c;
  const headerLength = (bytes[position]! & 0x0f) << 2;
  if (bytes[position]! >> 4 !== 4 || headerLength < MIN_HEADER) {
    c.quality |= QUALITY.malformedNetwork;
    return NEXT.done;
  }
  enterNetwork(c);
  applyTotalLength(c, headerLength);
  const fragment = c.view.getUint16(position + 6);
  const protocol = bytes[position + 9]!;
  writeHeader(c, fragment, protocol);
  if (headerLength > MIN_HEADER) c.layers |= LAYER.ipOptions;
  if (isCut(c, headerLength, QUALITY.malformedNetwork)) return NEXT.done;
  c.position = position + headerLength;
  c.columns.payloadLength[c.row] = c.wireEnd - c.position;
  return (fragment & 0x1fff) === 0 ? nextOfIpProtocol(protocol) : NEXT.done;
}

/** Ends the packet where the header says: beyond it is padding. A length of 0 is segmentation offload's way to say "all". */
function applyTotalLength(c: Cursor, headerLength: number): void {
  const available = c.wireEnd - c.position;
  const totalLength = c.view.getUint16(c.position + 2);
  if (totalLength === 0) c.quality |= QUALITY.zeroLength;
  else if (totalLength < headerLength) c.quality |= QUALITY.malformedNetwork;
  else if (totalLength > available) c.quality |= QUALITY.lengthLie;
  else limitTo(c, totalLength);
  if (c.networks === 1 && c.wireEnd - c.position > ETHERNET_MTU) c.quality |= QUALITY.oversize;
}

function writeHeader(c: Cursor, fragment: number, protocol: number): void {
  const { columns, row, bytes, position } = c;
  c.layers |= LAYER.ipv4 | LAYER.ip;
  if ((fragment & 0x3fff) !== 0) c.layers |= LAYER.fragment;
  setIpv4Addresses(c, position + 12, position + 16);
  columns.ipProtocol[row] = protocol;
  columns.ttl[row] = bytes[position + 8]!;
  columns.dscpEcn[row] = bytes[position + 1]!;
  columns.ipId[row] = c.view.getUint16(position + 4);
  columns.ipFlags[row] = (fragment >> 13) & 3;
  columns.fragmentOffset[row] = (fragment & 0x1fff) << 3;
}
