/** Which bytes of a frame belong to which header, as the decoder followed them: what a hex dump is labelled with. */
import { LAYER, allocateColumns, clearColumns, type PacketColumns } from '../packet/columns.ts';
import { Decoder, type HeaderTrace } from './decoder.ts';
import { NEXT } from './next.ts';

/** Bytes [fromAt, toAt) of a frame. */
export interface HeaderSpan {
  readonly name: string;
  readonly fromAt: number;
  readonly toAt: number;
}

/** What people call what the decoder steps through; steps that only tell versions apart take no bytes. */
const NAMES: Readonly<Record<keyof typeof NEXT, string>> = {
  done: '',
  ethernet: 'Ethernet',
  llc: 'LLC',
  vlan: 'VLAN tag',
  mpls: 'MPLS',
  pppoe: 'PPPoE',
  ppp: 'PPP',
  arp: 'ARP',
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  tcp: 'TCP',
  udp: 'UDP',
  sctp: 'SCTP',
  icmp: 'ICMP',
  icmpv6: 'ICMPv6',
  gre: 'GRE',
  vxlan: 'VXLAN',
  geneve: 'Geneve',
  erspan: 'ERSPAN',
  gtpu: 'GTP-U',
  l2tp: 'L2TP',
  etherIp: 'EtherIP',
  authentication: 'IPsec AH',
  providerBackbone: '802.1ah',
  rawIp: 'IP',
  null: 'Loopback',
  loop: 'Loopback',
  cooked: 'Linux cooked',
  cooked2: 'Linux cooked v2',
  hdlc: 'HDLC',
  ciscoHdlc: 'Cisco HDLC',
  ipInIpv4: 'IP in IP',
  ipInIpv6: 'IP in IP',
  frameRelay: 'Frame Relay',
  unknownLink: 'unknown link layer',
  teredo: 'Teredo',
  ciscoMetadata: 'Cisco metadata',
  serviceHeader: 'NSH',
};
const NAME_OF = new Map(Object.entries(NEXT).map(([key, next]) => [next as number, NAMES[key as keyof typeof NEXT]]));

const decoder = new Decoder();
/** One row of it, overwritten by every frame that is looked at. */
let shared: PacketColumns | undefined;

/**
 * The headers of a frame from the outside in, its payload, and what lies behind the packet (padding, checksums).
 * @param bytes the frame as it was captured, alone
 * @param wireLength bytes the frame had on the wire
 */
export function headerSpans(bytes: Uint8Array, wireLength: number, linkType: number): HeaderSpan[] {
  const columns = (shared ??= allocateColumns());
  clearColumns(columns, 1);
  const trace = decoder.trace(columns, 0, bytes, 0, bytes.length, wireLength, 0, 0, linkType);
  const { headers } = trace;
  const dataAt = payloadStart(trace, columns);
  const spans: HeaderSpan[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const fromAt = headers[i + 1]!;
    const toAt = Math.min(headers[i + 3] ?? dataAt, bytes.length);
    // A header that was cut before it ended is followed by nothing, so it is the last one and takes what is left.
    if (toAt > fromAt) spans.push({ name: NAME_OF.get(headers[i]!) ?? '', fromAt, toAt });
  }
  if (trace.end > dataAt) spans.push({ name: 'payload', fromAt: dataAt, toAt: trace.end });
  const packetEnd = Math.max(dataAt, trace.end);
  if (bytes.length > packetEnd) spans.push({ name: 'trailer', fromAt: packetEnd, toAt: bytes.length });
  return spans;
}

/** Where the innermost header ends: TCP, SCTP and ICMP leave the decoder at their start, and say how much follows. */
function payloadStart({ headers, position, end }: HeaderTrace, columns: PacketColumns): number {
  const lastAt = headers.at(-1) ?? 0;
  if (position > lastAt) return Math.min(position, end);
  const headerLength = transportHeader(headers.at(-2), columns);
  return headerLength === 0 ? end : Math.min(lastAt + headerLength, end);
}

/** Bytes of the header in the frame's row; 0 where all that is left is one message. */
function transportHeader(last: number | undefined, columns: PacketColumns): number {
  if (last === NEXT.tcp && (columns.layers[0]! & LAYER.tcp) !== 0) return columns.tcpHeaderLength[0]!;
  if (last === NEXT.sctp) return 12;
  return last === NEXT.icmp || last === NEXT.icmpv6 ? 8 : 0;
}
