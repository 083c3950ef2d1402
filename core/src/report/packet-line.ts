/** One row of a batch as a person reads it: names instead of numbers, and a tcpdump-like line of what else it says. */
import { formatAddress } from '../packet/address.ts';
import { ADDRESS_TYPE, LAYER, QUALITY, type PacketColumns } from '../packet/columns.ts';
import { flagsText } from '../packet/flags.ts';
import { protocolName } from '../packet/names.ts';
import type { PacketLine } from './snapshot.ts';

const QUALITY_BITS = Object.entries(QUALITY);

const qualityNames = (quality: number): string[] =>
  quality === 0 ? [] : QUALITY_BITS.filter(([, bit]) => (quality & bit) !== 0).map(([name]) => name);

const tcpInfo = (columns: PacketColumns, row: number): string => {
  const layers = columns.layers[row]!;
  const acknowledges = (columns.tcpFlags[row]! & 16) !== 0;
  const options = [
    (layers & LAYER.tcpMss) !== 0 && `mss ${columns.tcpMss[row]!}`,
    (layers & LAYER.tcpWindowScale) !== 0 && `wscale ${columns.tcpWindowScale[row]!}`,
    (layers & LAYER.tcpSackPermitted) !== 0 && 'sackOK',
  ].filter((option) => option !== false);
  const parts = [
    `seq ${columns.tcpSeq[row]!}`,
    acknowledges ? `ack ${columns.tcpAck[row]!}` : '',
    `win ${columns.tcpWindow[row]!}`,
    options.length > 0 ? `[${options.join(', ')}]` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
};

const arpInfo = (operation: number): string => {
  if (operation === 1) return 'who-has';
  return operation === 2 ? 'is-at' : `operation ${operation}`;
};

const tunnelInfo = (columns: PacketColumns, row: number): string => {
  if ((columns.layers[row]! & LAYER.outer) === 0) return '';
  const type = columns.outerAddressType[row]!;
  const source = formatAddress(columns.outerSource, row, type);
  return `in ${source} > ${formatAddress(columns.outerDestination, row, type)}`;
};

const vlanInfo = (columns: PacketColumns, row: number): string => {
  const layers = columns.layers[row]!;
  if ((layers & LAYER.vlan) === 0) return '';
  return (layers & LAYER.qinq) === 0
    ? `vlan ${columns.vlan[row]!}`
    : `vlan ${columns.vlan[row]!}.${columns.vlanInner[row]!}`;
};

const fragmentInfo = (columns: PacketColumns, row: number): string => {
  if ((columns.layers[row]! & LAYER.fragment) === 0) return '';
  const more = (columns.ipFlags[row]! & 1) !== 0 ? '+' : '';
  return `frag ${columns.ipId[row]!}:${columns.fragmentOffset[row]!}${more}`;
};

const info = (columns: PacketColumns, row: number): string => {
  const layers = columns.layers[row]!;
  const parts = [
    (layers & LAYER.tcp) !== 0 ? tcpInfo(columns, row) : '',
    (layers & LAYER.anyIcmp) !== 0 ? `type ${columns.icmpType[row]!} code ${columns.icmpCode[row]!}` : '',
    (layers & LAYER.arp) !== 0 ? arpInfo(columns.arpOp[row]!) : '',
    (layers & (LAYER.tcp | LAYER.udp | LAYER.sctp)) !== 0 ? `data ${columns.payloadLength[row]!}` : '',
    fragmentInfo(columns, row),
    vlanInfo(columns, row),
    tunnelInfo(columns, row),
  ];
  return parts.filter((part) => part !== '').join(' ');
};

/** Row `row` of a batch of a session. */
export function packetLine(columns: PacketColumns, row: number, session: string): PacketLine {
  const layers = columns.layers[row]!;
  const ports = (layers & LAYER.ports) !== 0;
  const type = columns.addressType[row]!;
  const addressed = type !== ADDRESS_TYPE.none;
  return {
    session,
    number: columns.firstNumber + row,
    timeUs: columns.timeUs[row]!,
    timeNs: columns.timeNs[row]!,
    source: addressed ? formatAddress(columns.source, row, type) : '',
    destination: addressed ? formatAddress(columns.destination, row, type) : '',
    sourcePort: ports ? columns.sourcePort[row]! : null,
    destinationPort: ports ? columns.destinationPort[row]! : null,
    protocol: protocolName(columns, row),
    length: columns.length[row]!,
    flags: (layers & LAYER.tcp) !== 0 ? flagsText(columns.tcpFlags[row]!) : 'none',
    ttl: (layers & LAYER.ip) !== 0 ? columns.ttl[row]! : null,
    info: info(columns, row),
    quality: qualityNames(columns.quality[row]!),
  };
}
