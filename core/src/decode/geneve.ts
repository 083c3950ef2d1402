/**
 * GENEVE (RFC 8926).
 *
 *   +--------------------+---------------+-----------+---------+----------+---------+
 *   | ver(2) opt.len(6)  | O C reserved  | EtherType | VNI (3) | reserved | options |
 *   +--------------------+---------------+-----------+---------+----------+---------+
 */
import { LAYER } from '../packet/columns.ts';

import type { Cursor } from './cursor.ts';
import { looksLikeEthernet } from './ethernet.ts';
import { NEXT, nextOfEtherType } from './next.ts';
import type { Next } from './next.ts';

const HEADER = 8;

export function decodeGeneve(c: Cursor): Next {
  const { bytes, position } = c;
  if (position + HEADER > c.end || bytes[position]! >> 6 !== 0) return NEXT.done;
  const payloadAt = position + HEADER + (bytes[position]! & 0x3f) * 4;
  const type = c.view.getUint16(position + 2);
  const next = nextOfEtherType(type);
  if (next === NEXT.done || payloadAt >= c.end) return NEXT.done;
  if (next === NEXT.ethernet && !looksLikeEthernet(c, payloadAt)) return NEXT.done;
  c.layers |= LAYER.geneve;
  c.position = payloadAt;
  c.etherType = type;
  return next;
}
