/**
 * SCTP (RFC 9260): the common header; chunks are payload.
 *
 *   +-------+-------+------------------+----------+
 *   | sport | dport | verification tag | checksum |
 *   +-------+-------+------------------+----------+
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';
import { writePortsOnly } from './tcp.ts';

const HEADER = 12;

export function decodeSctp(c: Cursor): Next {
  c.layers |= LAYER.sctp;
  if (isCut(c, HEADER, QUALITY.malformedTransport)) return writePortsOnly(c, HEADER);
  c.layers |= LAYER.ports;
  c.columns.sourcePort[c.row] = c.view.getUint16(c.position);
  c.columns.destinationPort[c.row] = c.view.getUint16(c.position + 2);
  c.columns.payloadLength[c.row] = c.wireEnd - c.position - HEADER;
  return NEXT.done;
}
