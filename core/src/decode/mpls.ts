/**
 * MPLS (RFC 3032). Nothing in the header says what follows the last label, so it is told as every analyser does: explicit
 * null labels say it, else an IP version in the first four bits, else a pseudowire with or without control word (RFC 4385).
 *
 *   +-----------------+----+---+-----+
 *   | label (20 bits) | TC | S | TTL |  S = 1: last label
 *   +-----------------+----+---+-----+
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { looksLikeEthernet } from './ethernet.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

const IPV4_EXPLICIT_NULL = 0;
const IPV6_EXPLICIT_NULL = 2;

export function decodeMpls(c: Cursor): Next {
  const { bytes } = c;
  let label = 0;
  let isBottom = false;
  while (!isBottom) {
    if (isCut(c, 4, QUALITY.malformedLink)) return NEXT.done;
    label = (bytes[c.position]! << 12) | (bytes[c.position + 1]! << 4) | (bytes[c.position + 2]! >> 4);
    isBottom = (bytes[c.position + 2]! & 1) === 1;
    c.position += 4;
    c.layers |= LAYER.mpls;
  }
  if (label === IPV4_EXPLICIT_NULL) return NEXT.ipv4;
  if (label === IPV6_EXPLICIT_NULL) return NEXT.ipv6;
  return guessPayload(c);
}

function guessPayload(c: Cursor): Next {
  if (c.position >= c.end) return NEXT.done;
  switch (c.bytes[c.position]! >> 4) {
    case 4:
      return NEXT.ipv4;
    case 6:
      return NEXT.ipv6;
    case 0:
      if (!looksLikeEthernet(c, c.position + 4)) break;
      c.position += 4;
      return NEXT.ethernet;
  }
  return looksLikeEthernet(c, c.position) ? NEXT.ethernet : NEXT.done;
}
