/**
 * UDP (RFC 768) and UDP-Lite (RFC 3828), and the tunnels that are known by a UDP port. A port alone proves nothing, so
 * each tunnel's own function rejects what does not look like its header and the packet stays plain UDP.
 *
 *   +-------+-------+--------+----------+
 *   | sport | dport | length | checksum |
 *   +-------+-------+--------+----------+
 */
import { LAYER, QUALITY } from '../packet/columns.ts';
import { isCut, limitTo } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { NEXT } from './next.ts';
import type { Next } from './next.ts';
import { writePortsOnly } from './tcp.ts';

const HEADER = 8;
const UDP = 17;

export function decodeUdp(c: Cursor): Next {
  const { columns, row, position } = c;
  c.layers |= LAYER.udp;
  if (isCut(c, HEADER, QUALITY.malformedTransport)) return writePortsOnly(c, HEADER);
  c.layers |= LAYER.ports;
  const sourcePort = c.view.getUint16(position);
  const destinationPort = c.view.getUint16(position + 2);
  columns.sourcePort[row] = sourcePort;
  columns.destinationPort[row] = destinationPort;
  if (columns.ipProtocol[row] === UDP) applyLength(c, c.view.getUint16(position + 4));
  c.position = position + HEADER;
  columns.payloadLength[row] = c.wireEnd - c.position;
  return tunnelOfPort(destinationPort) || tunnelOfPort(sourcePort);
}

/** UDP's own length. 0 is a jumbogram (RFC 2675); more than the IP packet is a lie unless this is its first fragment. */
function applyLength(c: Cursor, length: number): void {
  if (length === 0) return;
  if (length < HEADER) c.quality |= QUALITY.malformedTransport;
  else if (length <= c.wireEnd - c.position) limitTo(c, length);
  else if ((c.layers & LAYER.fragment) === 0) c.quality |= QUALITY.malformedTransport;
}

function tunnelOfPort(port: number): Next {
  switch (port) {
    case 4789: // VXLAN (RFC 7348)
    case 8472: // VXLAN as Linux had it before the port was assigned
      return NEXT.vxlan;
    case 6081: // GENEVE (RFC 8926)
      return NEXT.geneve;
    case 2152: // GTP-U (3GPP TS 29.281)
      return NEXT.gtpu;
    case 3544: // Teredo (RFC 4380)
      return NEXT.teredo;
    case 1701: // L2TP (RFC 2661)
      return NEXT.l2tp;
    default:
      return NEXT.done;
  }
}
