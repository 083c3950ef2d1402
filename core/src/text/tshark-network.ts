/** IP, IPv6 with its extension headers, and ARP as tshark prints them. */
import { ADDRESS_TYPE, LAYER, QUALITY } from '../packet/columns.ts';
import { ETHER_TYPE, UNKNOWN } from './text-row.ts';
import type { TextRow } from './text-row.ts';
import type { TsharkLayer } from './tshark-layer.ts';

const IPV6_HEADER = 40;
const FRAGMENT_HEADER = 8;
const senderMac = new Uint32Array(2);

export function fillArp(layer: TsharkLayer, row: TextRow): void {
  const { c, source, destination } = row;
  if (c.etherType === 0) c.etherType = ETHER_TYPE.arp;
  if (layer.number('arp.opcode') < 0) {
    c.quality |= QUALITY.malformedNetwork;
    return;
  }
  const hasAddresses = layer.address('arp.src.proto_ipv4', source) && layer.address('arp.dst.proto_ipv4', destination);
  if (hasAddresses && row.enterNetwork()) row.setEnds(source, destination);
  if (layer.mac('arp.src.hw_mac', senderMac)) row.setArpSender(senderMac);
  c.layers |= LAYER.arp;
  c.columns.arpOp[c.row] = layer.count('arp.opcode');
}

export function fillIpv4(layer: TsharkLayer, row: TextRow): void {
  const { c, source, destination } = row;
  if (!layer.address('ip.src', source) || !layer.address('ip.dst', destination)) {
    c.quality |= QUALITY.malformedNetwork;
    return;
  }
  if (!row.enterIp(false)) return;
  row.setEnds(source, destination);
  row.setProtocol(layer.number('ip.proto'));
  const { columns, row: at } = c;
  columns.ttl[at] = layer.count('ip.ttl');
  columns.dscpEcn[at] = layer.count('ip.dsfield');
  columns.ipId[at] = layer.count('ip.id');
  // Three bits, in older versions still in their place in the header.
  const flags = layer.count('ip.flags');
  columns.ipFlags[at] = (flags > 7 ? flags >> 13 : flags) & 3;
  columns.fragmentOffset[at] = layer.count('ip.frag_offset') * 8;
  if (columns.fragmentOffset[at] > 0 || (columns.ipFlags[at] & 1) !== 0) c.layers |= LAYER.fragment;
  row.ipHeaderBytes = layer.number('ip.hdr_len');
  if (row.ipHeaderBytes > 20) c.layers |= LAYER.ipOptions;
  row.ipLength = layer.count('ip.len') || UNKNOWN;
}

export function fillIpv6(layer: TsharkLayer, row: TextRow): void {
  const { c, source, destination } = row;
  if (!layer.address('ipv6.src', source) || !layer.address('ipv6.dst', destination)) {
    c.quality |= QUALITY.malformedNetwork;
    return;
  }
  if (!row.enterIp(true)) return;
  // An address may be IPv4-mapped, but the header is not.
  source.type = ADDRESS_TYPE.ipv6;
  row.setEnds(source, destination);
  row.setProtocol(layer.number('ipv6.nxt'));
  c.columns.ttl[c.row] = layer.count('ipv6.hlim');
  c.columns.dscpEcn[c.row] = layer.count('ipv6.tclass');
  const length = layer.count('ipv6.plen');
  if (length > 0) row.ipLength = IPV6_HEADER + length;
}

/** An extension or authentication header; `network` is the layer that holds its fields. False when it is none. */
export function fillExtension(name: string, network: TsharkLayer, row: TextRow): boolean {
  let next: number;
  let bytes: number;
  switch (name) {
    case 'ipv6.hopopts':
      next = network.number('ipv6.hopopts.nxt');
      bytes = network.number('ipv6.hopopts.len_oct');
      break;
    case 'ipv6.dstopts':
      next = network.number('ipv6.dstopts.nxt');
      bytes = network.number('ipv6.dstopts.len_oct');
      break;
    case 'ipv6.routing':
      next = network.number('ipv6.routing.nxt');
      bytes = network.number('ipv6.routing.len_oct');
      break;
    case 'ipv6.fraghdr':
      next = network.number('ipv6.fraghdr.nxt');
      bytes = FRAGMENT_HEADER;
      fillFragment(network, row);
      break;
    case 'ah':
      next = network.number('ah.next_header');
      bytes = (network.number('ah.length') + 2) * 4;
      break;
    default:
      return false;
  }
  row.c.layers |= LAYER.ipOptions;
  row.setProtocol(next);
  row.ipHeaderBytes = bytes > 0 && row.ipHeaderBytes >= 0 ? row.ipHeaderBytes + bytes : UNKNOWN;
  return true;
}

function fillFragment(network: TsharkLayer, row: TextRow): void {
  const { columns, row: at } = row.c;
  columns.ipId[at] = network.count('ipv6.fraghdr.ident');
  columns.fragmentOffset[at] = network.count('ipv6.fraghdr.offset') * 8;
  columns.ipFlags[at] = network.isSet('ipv6.fraghdr.more') ? 1 : 0;
  if (columns.fragmentOffset[at] > 0 || columns.ipFlags[at] === 1) row.c.layers |= LAYER.fragment;
}
