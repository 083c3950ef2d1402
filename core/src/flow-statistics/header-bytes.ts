/**
 * Length of a packet's transport header, which the packet row does not keep. For TCP it follows from the frame: what is
 * left of it beside link header, IP header and payload. That holds where no padding can be (Ethernet pads short frames) and
 * all other headers have known sizes; elsewhere it is the base header and the options that the row says were there.
 */
import { LAYER } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';

const TCP_BASE = 20;
const TCP_MAX = 60;
const UDP_BYTES = 8;
const ICMP_BYTES = 8;
const SCTP_BYTES = 12;
/** A frame of this length may be padded; it has room for no option that the row does not tell of. */
const ETHERNET_MIN = 60;

/** Layers that put bytes of unknown size between the frame's start and TCP. */
const UNKNOWN_SIZE =
  LAYER.mpls | LAYER.pppoe | LAYER.gre | LAYER.vxlan | LAYER.geneve | LAYER.erspan | LAYER.gtpu | LAYER.ipInIp;

/** Bytes of the transport header of a row, 0 where there is none. */
export function transportHeaderBytes(columns: PacketColumns, row: number): number {
  const layers = columns.layers[row]!;
  if ((layers & LAYER.tcp) !== 0) return tcpHeaderBytes(columns, row, layers);
  if ((layers & LAYER.udp) !== 0) return UDP_BYTES;
  if ((layers & LAYER.anyIcmp) !== 0) return ICMP_BYTES;
  return (layers & LAYER.sctp) !== 0 ? SCTP_BYTES : 0;
}

function tcpHeaderBytes(columns: PacketColumns, row: number, layers: number): number {
  const known = knownTcpHeader(layers);
  const linkBytes = linkHeaderBytes(columns.linkType[row]!, layers);
  if (linkBytes < 0 || columns.tunnelDepth[row] !== 0) return known;
  if ((layers & (UNKNOWN_SIZE | LAYER.ipOptions)) !== 0) return known;
  const length = columns.length[row]!;
  if ((layers & LAYER.ethernet) !== 0 && length >= ETHERNET_MIN && length <= ETHERNET_MIN + tagBytes(layers)) {
    return known;
  }
  const left = length - linkBytes - ((layers & LAYER.ipv6) !== 0 ? 40 : 20) - columns.payloadLength[row]!;
  return left >= known && left <= TCP_MAX && (left & 3) === 0 ? left : known;
}

function knownTcpHeader(layers: number): number {
  let options = 0;
  if ((layers & LAYER.tcpMss) !== 0) options += 4;
  if ((layers & LAYER.tcpWindowScale) !== 0) options += 3;
  if ((layers & LAYER.tcpSackPermitted) !== 0) options += 2;
  if ((layers & LAYER.tcpTimestamps) !== 0) options += 10;
  return TCP_BASE + ((options + 3) & ~3);
}

function tagBytes(layers: number): number {
  if ((layers & LAYER.qinq) !== 0) return 8;
  return (layers & LAYER.vlan) !== 0 ? 4 : 0;
}

/** Ethernet with tags, raw IP, the BSD loopback and Linux cooked captures; -1 = not known. */
function linkHeaderBytes(linkType: number, layers: number): number {
  switch (linkType) {
    case 1:
      return 14 + tagBytes(layers);
    case 101:
    case 228:
    case 229:
      return 0;
    case 0:
    case 108:
      return 4;
    case 113:
      return 16;
    case 276:
      return 20;
    default:
      return -1;
  }
}
