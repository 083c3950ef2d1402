/**
 * GRE: version 0 with all its options (RFC 2784, RFC 2890, routing of RFC 1701) and version 1, PPTP's (RFC 2637).
 *
 *   +-----------------------------+-----------+--------------------+-----+----------+---------+
 *   | C R K S s recur A flags ver | EtherType | checksum + offset  | key | sequence | routing |
 *   +-----------------------------+-----------+--------------------+-----+----------+---------+
 *     version 1: key = payload length and call id; A = an acknowledgment number follows
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut, limitTo } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT, nextOfEtherType } from './next.ts';
import type { Next } from './next.ts';

const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGMENT = 0x0080;
const WCCP = 0x883e;
const CISCO_METADATA = 0x8909;

export function decodeGre(c: Cursor): Next {
  if (isCut(c, 4, QUALITY.malformedTunnel)) return NEXT.done;
  const flags = c.view.getUint16(c.position);
  const type = c.view.getUint16(c.position + 2);
  const version = flags & 7;
  if (version > 1) {
    c.quality |= QUALITY.malformedTunnel;
    return NEXT.done;
  }
  c.layers |= LAYER.gre;
  return version === 0 ? decodeVersion0(c, flags, type) : decodeVersion1(c, flags);
}

function decodeVersion0(c: Cursor, flags: number, type: number): Next {
  let length = 4;
  if ((flags & (CHECKSUM | ROUTING)) !== 0) length += 4;
  if ((flags & KEY) !== 0) length += 4;
  if ((flags & SEQUENCE) !== 0) length += 4;
  if (isCut(c, length, QUALITY.malformedTunnel)) return NEXT.done;
  c.position += length;
  if ((flags & ROUTING) !== 0 && !skipRouting(c)) return NEXT.done;
  if (c.position >= c.end) return NEXT.done;
  return followType(c, flags, type);
}

function followType(c: Cursor, flags: number, type: number): Next {
  switch (type) {
    case 0x88be:
      // ERSPAN type I has neither a header nor a sequence number: the mirrored frame follows at once.
      if ((flags & SEQUENCE) !== 0) return NEXT.erspan;
      c.layers |= LAYER.erspan;
      return NEXT.ethernet;
    case 0x22eb:
      return NEXT.erspan;
    case WCCP:
      // Version 2 has a four-byte redirect header; nothing says so but the missing IP version.
      if (c.bytes[c.position]! >> 4 !== 4) c.position = Math.min(c.position + 4, c.end);
      return NEXT.ipv4;
    case CISCO_METADATA: {
      // Here, unlike behind Ethernet, the type of what follows comes first.
      if (isCut(c, 8, QUALITY.malformedTunnel)) return NEXT.done;
      const inner = c.view.getUint16(c.position);
      c.position += 8;
      return nextOfEtherType(inner);
    }
    default: {
      const next = nextOfEtherType(type);
      if (next !== NEXT.done) c.etherType = type;
      return next;
    }
  }
}

/** Source route entries (RFC 1701): family, offset, length, then `length` bytes; an entry of family and length 0 ends. */
function skipRouting(c: Cursor): boolean {
  for (;;) {
    if (isCut(c, 4, QUALITY.malformedTunnel)) return false;
    const family = c.view.getUint16(c.position);
    const length = c.bytes[c.position + 3]!;
    c.position += 4;
    if (family === 0 && length === 0) return true;
    if (isCut(c, length, QUALITY.malformedTunnel)) return false;
    c.position += length;
  }
}

function decodeVersion1(c: Cursor, flags: number): Next {
  let length = 8;
  if ((flags & SEQUENCE) !== 0) length += 4;
  if ((flags & ACKNOWLEDGMENT) !== 0) length += 4;
  if (isCut(c, length, QUALITY.malformedTunnel)) return NEXT.done;
  const payloadLength = c.view.getUint16(c.position + 4);
  c.position += length;
  // A bare acknowledgment has no sequence number and no payload.
  if ((flags & SEQUENCE) === 0 || payloadLength === 0) return NEXT.done;
  if (c.position + payloadLength > c.wireEnd) c.quality |= QUALITY.lengthLie;
  else limitTo(c, payloadLength);
  return NEXT.ppp;
}
