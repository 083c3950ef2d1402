/** How long a TCP header is at least, by the options that the packet row knows of (RFC 9293 3.1). */
import { LAYER } from './columns.ts';

/** Bytes without options. */
export const TCP_BASE_BYTES = 20;

/** Bytes of the shortest TCP header with the options in a row's `layers`, padded to 32 bits. */
export function shortestTcpHeader(layers: number): number {
  let options = 0;
  if ((layers & LAYER.tcpMss) !== 0) options += 4;
  if ((layers & LAYER.tcpWindowScale) !== 0) options += 3;
  if ((layers & LAYER.tcpSackPermitted) !== 0) options += 2;
  if ((layers & LAYER.tcpTimestamps) !== 0) options += 10;
  return TCP_BASE_BYTES + ((options + 3) & ~3);
}
