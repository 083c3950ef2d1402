/**
 * VXLAN (RFC 7348).
 *
 *   +----------+----------+---------+----------+
 *   | 0000I000 | reserved | VNI (3) | reserved | an Ethernet frame
 *   +----------+----------+---------+----------+
 */
import { LAYER } from '../packet/columns.ts';
import type { Cursor } from './cursor.ts';
import { looksLikeEthernet } from './ethernet.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

const HEADER = 8;
const VNI_VALID = 0x08;

export function decodeVxlan(c: Cursor): Next {
  if (c.position + HEADER > c.end) return NEXT.done;
  const isVxlan = (c.bytes[c.position]! & VNI_VALID) !== 0 && c.bytes[c.position + 7] === 0;
  if (!isVxlan || !looksLikeEthernet(c, c.position + HEADER)) return NEXT.done;
  c.layers |= LAYER.vxlan;
  c.position += HEADER;
  return NEXT.ethernet;
}
