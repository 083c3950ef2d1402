/**
 * ERSPAN types II and III inside GRE (draft-foschiano-erspan-03): the mirrored frame behind a header that starts with its
 * version. Type I has no header and is told in gre.ts.
 *
 *   II  (version 1): 8 bytes        III (version 2): 12 bytes, and 8 more when the last bit (O) is set
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

export function decodeErspan(c: Cursor): Next {
  if (isCut(c, 8, QUALITY.malformedTunnel)) return NEXT.done;
  const version = c.bytes[c.position]! >> 4;
  let length = 8;
  if (version === 2) {
    if (isCut(c, 12, QUALITY.malformedTunnel)) return NEXT.done;
    length = (c.bytes[c.position + 11]! & 1) === 1 ? 20 : 12;
  } else if (version !== 1) {
    c.quality |= QUALITY.malformedTunnel;
    return NEXT.done;
  }
  if (isCut(c, length, QUALITY.malformedTunnel)) return NEXT.done;
  c.layers |= LAYER.erspan;
  c.position += length;
  return NEXT.ethernet;
}
