/**
 * IPv6 (RFC 8200) and its extension headers; the authentication header (RFC 4302) for IPv4 too.
 *
 *   +-----------------+----------------+-------------+-----------+-------------+------------------+
 *   | ver class label | payload length | next header | hop limit | source (16) | destination (16) |
 *   0                 4                6             7           8             24                 40
 */
import { ADDRESS_TYPE, LAYER, QUALITY } from '../packet/columns.ts';
import { enterNetwork, isCut, isTooDeep, limitTo } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { ETHERNET_MTU } from './ipv4.ts';
import { NEXT, nextOfIpProtocol } from './next.ts';
import type { Next } from './next.ts';

const HEADER = 40;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const NO_NEXT_HEADER = 59;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;

export function decodeIpv6(c: Cursor): Next {
  if (isTooDeep(c) || isCut(c, HEADER, QUALITY.malformedNetwork)) return NEXT.done;
  if (c.bytes[c.position]! >> 4 !== 6) {
    c.quality |= QUALITY.malformedNetwork;
    return NEXT.done;
  }
  enterNetwork(c);
  writeHeader(c);
  const nextHeader = c.bytes[c.position + 6]!;
  const payloadLength = c.view.getUint16(c.position + 4);
  c.position += HEADER;
  applyPayloadLength(c, payloadLength, nextHeader);
  return followExtensions(c, nextHeader);
}

/** Ends the packet where the header says. A length of 0 means a jumbogram (RFC 2675) or segmentation offload: all of it. */
function applyPayloadLength(c: Cursor, payloadLength: number, nextHeader: number): void {
  const available = c.wireEnd - c.position;
  if (payloadLength === 0 && nextHeader !== NO_NEXT_HEADER) {
    if (available > 0) c.quality |= QUALITY.zeroLength;
  } else if (payloadLength > available) c.quality |= QUALITY.lengthLie;
  else limitTo(c, payloadLength);
  if (c.networks === 1 && c.wireEnd - c.position + HEADER > ETHERNET_MTU) c.quality |= QUALITY.oversize;
}

function writeHeader(c: Cursor): void {
  const { columns, row, position } = c;
  const word = row * 4;
  c.layers |= LAYER.ipv6 | LAYER.ip | LAYER.addresses;
  columns.addressType[row] = ADDRESS_TYPE.ipv6;
  for (let i = 0; i < 4; i += 1) {
    columns.source[word + i] = c.view.getInt32(position + 8 + 4 * i);
    columns.destination[word + i] = c.view.getInt32(position + 24 + 4 * i);
  }
  columns.ttl[row] = c.bytes[position + 7]!;
  columns.dscpEcn[row] = (c.view.getUint16(position) >> 4) & 0xff;
}

/** The authentication header of an IPv4 packet. */
export function decodeAuthentication(c: Cursor): Next {
  return followExtensions(c, AUTHENTICATION);
}

/** Walks the extension headers from `position`, then writes the protocol they lead to and what is left for it. */
function followExtensions(c: Cursor, first: number): Next {
  const { bytes, columns, row } = c;
  let protocol = first;
  let isReadable = true;
  while (isReadable && isExtension(protocol)) {
    c.layers |= LAYER.ipOptions;
    if (isCut(c, 8, QUALITY.malformedNetwork)) {
      isReadable = false;
      break;
    }
    const at = c.position;
    const length = extensionLength(protocol, bytes[at + 1]!);
    // Mobility, HIP and Shim6 usually end the packet: then they, not "no next header", are what it carries.
    if (protocol >= MOBILITY && bytes[at] === NO_NEXT_HEADER) break;
    if (protocol === FRAGMENT && writeFragment(c)) isReadable = false;
    else if (isCut(c, length, QUALITY.malformedNetwork)) isReadable = false;
    protocol = bytes[at]!;
    c.position = Math.min(at + length, c.wireEnd);
  }
  columns.ipProtocol[row] = protocol;
  columns.payloadLength[row] = c.wireEnd - c.position;
  return isReadable && !isExtension(protocol) ? nextOfIpProtocol(protocol) : NEXT.done;
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HOST_IDENTITY:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

/** Bytes of an extension header: counted in 8 bytes beyond the first 8, but AH in 4 bytes beyond the first 8 (RFC 4302). */
function extensionLength(protocol: number, field: number): number {
  if (protocol === FRAGMENT) return 8;
  return protocol === AUTHENTICATION ? (field + 2) * 4 : (field + 1) * 8;
}

/** Writes a fragment header at `position`; true when the packet is not the first fragment, so no transport header follows. */
function writeFragment(c: Cursor): boolean {
  const { columns, row, position } = c;
  const field = c.view.getUint16(position + 2);
  columns.ipId[row] = c.view.getInt32(position + 4);
  columns.ipFlags[row] = field & 1;
  columns.fragmentOffset[row] = field & 0xfff8;
  // An atomic fragment (offset 0, no more fragments; RFC 6946) is a whole packet.
  if ((field & 0xfff9) !== 0) c.layers |= LAYER.fragment;
  return (field & 0xfff8) !== 0;
}
