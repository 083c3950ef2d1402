/** Bytes of a packet's transport header, which is no column: from the lengths where these are exact, else from the options. */
import { LAYER, type PacketColumns } from '../packet/columns.ts';

const ETHERNET = 1;
/** Frames up to this may be padded, so that their length says nothing about headers (VLAN tags come on top). */
const PADDED_FRAME = 60;
const PLAIN = LAYER.mpls | LAYER.pppoe | LAYER.outer | LAYER.ipOptions | LAYER.fragment;

/** 8 for UDP and ICMP, 20 to 60 for TCP, 0 for what has no header that is known. */
export function transportHeaderBytes(columns: PacketColumns, row: number): number {
  const layers = columns.layers[row]!;
  if ((layers & LAYER.tcp) === 0) return (layers & (LAYER.udp | LAYER.anyIcmp)) === 0 ? 0 : 8;
  const tags = (layers & LAYER.vlan ? 4 : 0) + (layers & LAYER.qinq ? 4 : 0);
  if (columns.linkType[row] === ETHERNET && (layers & PLAIN) === 0 && columns.length[row]! > PADDED_FRAME + tags) {
    const network = (layers & LAYER.ipv4) === 0 ? 40 : 20;
    const header = columns.length[row]! - 14 - tags - network - columns.payloadLength[row]!;
    if (header >= 20 && header <= 60 && header % 4 === 0) return header;
  }
  const options =
    (layers & LAYER.tcpMss ? 4 : 0) +
    (layers & LAYER.tcpWindowScale ? 3 : 0) +
    (layers & LAYER.tcpSackPermitted ? 2 : 0) +
    (layers & LAYER.tcpTimestamps ? 10 : 0);
  return 20 + ((options + 3) & ~3);
}
