/**
 * TCP (RFC 9293) and the options that matter for flows: maximum segment size, window scale and timestamps (RFC 7323),
 * SACK permitted (RFC 2018).
 *
 *   +-------+-------+-----+-----+--------------------+--------+----------+--------+---------+
 *   | sport | dport | seq | ack | offset res + flags | window | checksum | urgent | options |
 *   0       2       4     8     12                   14       16         18       20
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';

const MIN_HEADER = 20;
/** Up to and with the window, which is all that the columns need of the fixed header. */
const FIELDS = 16;

export function decodeTcp(c: Cursor): Next {
  const { columns, row, position } = c;
  if (isCut(c, FIELDS, QUALITY.malformedTransport)) return writePortsOnly(c, MIN_HEADER);
  c.layers |= LAYER.tcp | LAYER.ports;
  columns.sourcePort[row] = c.view.getUint16(position);
  columns.destinationPort[row] = c.view.getUint16(position + 2);
  columns.tcpSeq[row] = c.view.getInt32(position + 4);
  columns.tcpAck[row] = c.view.getInt32(position + 8);
  const offsetAndFlags = c.view.getUint16(position + 12);
  columns.tcpFlags[row] = offsetAndFlags & 0x1ff;
  columns.tcpWindow[row] = c.view.getUint16(position + 14);
  const headerLength = (offsetAndFlags >> 12) << 2;
  columns.tcpHeaderLength[row] = headerLength;
  if (headerLength < MIN_HEADER || position + headerLength > c.wireEnd) {
    c.quality |= QUALITY.malformedTransport;
    columns.payloadLength[row] = 0;
    return NEXT.done;
  }
  columns.payloadLength[row] = c.wireEnd - position - headerLength;
  if (headerLength > MIN_HEADER) {
    if (position + headerLength > c.end) c.quality |= QUALITY.headerCut;
    decodeOptions(c, position + MIN_HEADER, Math.min(position + headerLength, c.end));
  } else if (position + MIN_HEADER > c.end) c.quality |= QUALITY.headerCut;
  return NEXT.done;
}

/** A transport header of `headerLength` bytes, cut behind its ports, still says between whom the packet went. */
export function writePortsOnly(c: Cursor, headerLength: number): Next {
  c.columns.payloadLength[c.row] = Math.max(0, c.wireEnd - c.position - headerLength);
  if (c.position + 4 > c.end) return NEXT.done;
  c.layers |= LAYER.ports;
  c.columns.sourcePort[c.row] = c.view.getUint16(c.position);
  c.columns.destinationPort[c.row] = c.view.getUint16(c.position + 2);
  return NEXT.done;
}

function decodeOptions(c: Cursor, start: number, end: number): void {
  const { bytes } = c;
  let at = start;
  while (at < end) {
    const kind = bytes[at]!;
    if (kind === 0) return;
    if (kind === 1) {
      at += 1;
      continue;
    }
    if (at + 1 >= end) return;
    const length = bytes[at + 1]!;
    if (length < 2) {
      c.quality |= QUALITY.malformedTransport;
      return;
    }
    if (at + length > end) return;
    writeOption(c, at, kind, length);
    at += length;
  }
}

function writeOption(c: Cursor, at: number, kind: number, length: number): void {
  const { bytes, columns, row } = c;
  if (kind === 8 && length === 10) {
    c.layers |= LAYER.tcpTimestamps;
    columns.tcpTsValue[row] = c.view.getInt32(at + 2);
    columns.tcpTsEcho[row] = c.view.getInt32(at + 6);
  } else if (kind === 2 && length === 4) {
    c.layers |= LAYER.tcpMss;
    columns.tcpMss[row] = c.view.getUint16(at + 2);
  } else if (kind === 3 && length === 3) {
    c.layers |= LAYER.tcpWindowScale;
    columns.tcpWindowScale[row] = bytes[at + 2]!;
  } else if (kind === 4 && length === 2) c.layers |= LAYER.tcpSackPermitted;
}
