/** The `protocol` column: a name for what a packet is, made from the columns when a person looks. */
import { LAYER, QUALITY } from './columns.ts';
import type { PacketColumns } from './columns.ts';
import { ETHER_TYPE_NAMES } from './ether-type-names.ts';
import { IP_PROTOCOL_NAMES } from './ip-protocol-names.ts';
import { LINK_TYPE_NAMES } from './link-type-names.ts';

/** IANA keyword of an IP protocol number (TCP, UDP, ICMP, IPv6-ICMP …), or `IPPROTO_<number>` when it has none. */
export function ipProtocolName(protocol: number): string {
  const name = IP_PROTOCOL_NAMES[protocol];
  return name === undefined || name === '' ? `IPPROTO_${protocol}` : name;
}

/** Number of a protocol name as ipProtocolName writes it, in any case; undefined when there is none. */
export function parseIpProtocol(name: string): number | undefined {
  const number = /^IPPROTO_(\d{1,3})$/i.exec(name)?.[1];
  if (number !== undefined) return Number(number) <= 255 ? Number(number) : undefined;
  const index = IP_PROTOCOL_NAMES.findIndex((known) => known !== '' && known.toLowerCase() === name.toLowerCase());
  return index < 0 ? undefined : index;
}

/** `ARP`, `LLDP`, `STP` … of an `etherType` column value; `ETHERTYPE_0x1234` or `DSAP_0x12` when it has no name. */
export function etherTypeName(etherType: number): string {
  const known = ETHER_TYPE_NAMES.get(etherType);
  if (known !== undefined) return known;
  const hex = etherType.toString(16).padStart(etherType < 0x100 ? 2 : 4, '0');
  return `${etherType < 0x100 ? 'DSAP' : 'ETHERTYPE'}_0x${hex}`;
}

/** `LINKTYPE_IEEE802_11` or `LINKTYPE_<number>`. */
export function linkTypeName(linkType: number): string {
  return `LINKTYPE_${LINK_TYPE_NAMES.get(linkType) ?? linkType}`;
}

/**
 * Name of a packet's protocol: the IANA keyword of the innermost IP header's protocol, else what the link header announces,
 * else the link type itself.
 */
export function protocolName(columns: PacketColumns, row: number): string {
  const layers = columns.layers[row]!;
  if ((layers & LAYER.ip) !== 0) return ipProtocolName(columns.ipProtocol[row]!);
  const etherType = columns.etherType[row]!;
  if ((columns.quality[row]! & QUALITY.unknownLink) === 0) {
    if (etherType !== 0) return etherTypeName(etherType);
    if ((layers & LAYER.ethernet) !== 0) return 'Ethernet';
  }
  return linkTypeName(columns.linkType[row]!);
}
