/** Length of a packet's transport header: what TCP says of itself, a constant for the others. */
import { LAYER } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { shortestTcpHeader, TCP_BASE_BYTES } from '../packet/tcp-header.ts';

const UDP_BYTES = 8;
const ICMP_BYTES = 8;
const SCTP_BYTES = 12;

/**
 * Bytes of the transport header of a row, 0 where there is none. Of TCP read from text that does not say it, or that lies
 * about it, the shortest header with the options that are known.
 */
export function transportHeaderBytes(columns: PacketColumns, row: number): number {
  const layers = columns.layers[row]!;
  if ((layers & LAYER.tcp) !== 0) {
    const said = columns.tcpHeaderLength[row]!;
    return said >= TCP_BASE_BYTES ? said : shortestTcpHeader(layers);
  }
  if ((layers & LAYER.udp) !== 0) return UDP_BYTES;
  if ((layers & LAYER.anyIcmp) !== 0) return ICMP_BYTES;
  return (layers & LAYER.sctp) !== 0 ? SCTP_BYTES : 0;
}
