/** From the layers of a packet as tshark prints them to a row of columns, as the decoder would have made it. */
import { parseTime } from '../packet/time.ts';
import { ADDRESS_TYPE, LAYER, QUALITY } from '../packet/columns.ts';
import { ByteText } from './byte-text.ts';
import { takeEndpoint, takeMac } from './text-address.ts';
import { STAMP, takeStamp } from './text-time.ts';
import { ETHER_TYPE, UNKNOWN } from './text-row.ts';
import type { Endpoint, TextRow } from './text-row.ts';
import { LAYER_NAMES } from './tshark-packet.ts';
import type { FieldName, LayerName, TsharkPacket } from './tshark-packet.ts';

/** Link types by Wireshark's encapsulation numbers (wtap.h). */
const LINK_TYPES = new Map([
  [1, 1],
  [4, 9],
  [7, 101],
  [15, 0],
  [25, 113],
  [210, 276],
]);
const IPV6_HEADER = 40;
const FRAGMENT_HEADER = 8;
const UDP_HEADER = 8;
const SCTP_HEADER = 12;
const ICMP_HEADER = 8;

/** Layer bits of protocols that only wrap others. */
const WRAPPERS = new Map<string, number>([
  ['gre', LAYER.gre],
  ['vxlan', LAYER.vxlan],
  ['geneve', LAYER.geneve],
  ['erspan', LAYER.erspan],
  ['gtp', LAYER.gtpu],
  ['mpls', LAYER.mpls],
  ['pppoes', LAYER.pppoe],
]);
/** What is inside of these belongs to another packet. */
const QUOTING = new Set(['icmp', 'icmpv6', 'sflow', 'nhrp']);

const text = new ByteText();
const time = { timeUs: 0, timeNs: 0 };

/** Reads one layer after the other, in the order of frame.protocols. */
export function fillRow(packet: TsharkPacket, row: TextRow, arrivalUs: number): void {
  const frame = packet.find(LAYER_NAMES.indexOf('frame'), 0);
  fillFrame(new Layer(packet, frame), row, arrivalUs);
  const seen = new Map<string, number>();
  let network: Layer | undefined;
  let before = '';
  for (const name of protocols(packet, frame)) {
    row.c.layers |= WRAPPERS.get(name) ?? 0;
    const known = LAYER_NAMES.indexOf(name as LayerName);
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    const layer = new Layer(packet, known < 0 ? -1 : packet.find(known, nth));
    if (name === 'ip' || name === 'ipv6') {
      if (before === 'ip' || before === 'ipv6') row.c.layers |= LAYER.ipInIp;
      network = layer;
    }
    fillLayer(name, layer, row, network);
    if (QUOTING.has(name)) return;
    // Extension headers stand between IP and IP without changing that one is in the other.
    if (!name.startsWith('ipv6.') && name !== 'ah') before = name;
  }
}

/** Names of frame.protocols. */
function protocols(packet: TsharkPacket, frame: number): string[] {
  const field = packet.field(frame, 'frame.protocols');
  if (field < 0) return [];
  const to = Math.min(packet.to(field), packet.from(field) + 1024);
  return String.fromCharCode(...packet.bytes.subarray(packet.from(field), to)).split(':');
}

/** The fields of one layer. */
class Layer {
  readonly packet: TsharkPacket;
  readonly index: number;

  constructor(packet: TsharkPacket, index: number) {
    this.packet = packet;
    this.index = index;
  }

  /** Points the scratch text at a field; false when the layer has none of that name. */
  opens(name: FieldName): boolean {
    const field = this.index < 0 ? -1 : this.packet.field(this.index, name);
    if (field < 0) return false;
    text.open(this.packet.bytes, this.packet.from(field), this.packet.to(field));
    return true;
  }

  /** A decimal number, or a hexadecimal one with 0x; UNKNOWN when there is none. */
  number(name: FieldName): number {
    if (!this.opens(name)) return UNKNOWN;
    const { bytes, at } = text;
    if (bytes[at] !== 0x30 || at + 1 >= text.end || (bytes[at + 1]! | 0x20) !== 0x78) return text.number();
    text.at += 2;
    return text.hex();
  }

  /** The same, 0 when there is none. */
  count(name: FieldName): number {
    return Math.max(0, this.number(name));
  }

  address(name: FieldName, end: Endpoint): boolean {
    return this.opens(name) && takeEndpoint(text, end);
  }

  mac(name: FieldName, words: Uint32Array): boolean {
    return this.opens(name) && takeMac(text, words);
  }
}

function fillFrame(frame: Layer, row: TextRow, arrivalUs: number): void {
  const { columns, row: at } = row.c;
  fillTime(frame, row, arrivalUs);
  row.frameLength = frame.number('frame.len');
  if (row.frameLength < 0) row.c.quality |= QUALITY.malformedLink;
  const captured = frame.number('frame.cap_len');
  columns.capturedLength[at] = Math.max(0, captured);
  if (captured >= 0 && captured < row.frameLength) row.c.quality |= QUALITY.truncated;
  columns.linkType[at] = LINK_TYPES.get(frame.number('frame.encap_type')) ?? 0;
}

/** Seconds since 1970 or, in newer versions, ISO 8601. */
function fillTime(frame: Layer, row: TextRow, arrivalUs: number): void {
  if (frame.opens('frame.time_epoch')) {
    const from = text.at;
    if (takeStamp(text, time) === STAMP.exact) {
      row.setTime(time.timeUs, time.timeNs);
      return;
    }
    const iso = parseTime(String.fromCharCode(...text.bytes.subarray(from, Math.min(text.end, from + 40))));
    if (iso !== undefined) {
      row.setTime(iso.timeUs, iso.timeNs);
      return;
    }
  }
  row.c.quality |= QUALITY.timeInferred;
  row.setTime(arrivalUs, 0);
}

function fillLayer(name: string, layer: Layer, row: TextRow, network: Layer | undefined): void {
  const { c } = row;
  switch (name) {
    case 'eth':
      fillEthernet(layer, row);
      break;
    case 'sll':
      if (layer.mac('sll.src.eth', row.sourceMac)) {
        row.hasMac = true;
        row.destinationMac.fill(0);
      }
      if (c.etherType === 0) c.etherType = layer.count('sll.etype');
      break;
    case 'vlan':
      row.addTag(layer.count('vlan.id'));
      if (layer.number('vlan.etype') >= 0) c.etherType = layer.count('vlan.etype');
      break;
    case 'ieee8021ad':
      row.addTag(layer.count('ieee8021ad.id'));
      break;
    case 'arp':
      fillArp(layer, row);
      break;
    case 'ip':
      fillIpv4(layer, row);
      break;
    case 'ipv6':
      fillIpv6(layer, row);
      break;
    default:
      if (network !== undefined && !fillExtension(name, network, row)) fillTransport(name, layer, row);
  }
}

function fillEthernet(layer: Layer, row: TextRow): void {
  const { c } = row;
  c.layers |= LAYER.ethernet;
  const isOutermost = c.networks === 0 && !row.hasMac;
  if (isOutermost && layer.mac('eth.src', row.sourceMac) && layer.mac('eth.dst', row.destinationMac)) row.hasMac = true;
  const type = layer.number('eth.type');
  if (type >= 0) c.etherType = type;
}

function fillArp(layer: Layer, row: TextRow): void {
  const { c, source, destination } = row;
  c.layers |= LAYER.arp;
  if (c.etherType === 0) c.etherType = ETHER_TYPE.arp;
  const hasAddresses = layer.address('arp.src.proto_ipv4', source) && layer.address('arp.dst.proto_ipv4', destination);
  if (hasAddresses && row.enterNetwork()) {
    c.layers |= LAYER.arp;
    row.setEnds(source, destination);
  }
  c.columns.arpOp[c.row] = layer.count('arp.opcode');
}

function fillIpv4(layer: Layer, row: TextRow): void {
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

function fillIpv6(layer: Layer, row: TextRow): void {
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

/** An extension or authentication header; its fields are inside those of the network layer. False when it is none. */
function fillExtension(name: string, network: Layer, row: TextRow): boolean {
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

function fillFragment(network: Layer, row: TextRow): void {
  const { columns, row: at } = row.c;
  columns.ipId[at] = network.count('ipv6.fraghdr.ident');
  columns.fragmentOffset[at] = network.count('ipv6.fraghdr.offset') * 8;
  columns.ipFlags[at] = isSet(network, 'ipv6.fraghdr.more') ? 1 : 0;
  if (columns.fragmentOffset[at] > 0 || columns.ipFlags[at] === 1) row.c.layers |= LAYER.fragment;
}

/** `1` or `true`. */
function isSet(layer: Layer, name: FieldName): boolean {
  return layer.opens(name) && (text.peek() === 0x31 || text.peek() === 0x74);
}

function fillTransport(name: string, layer: Layer, row: TextRow): void {
  switch (name) {
    case 'tcp':
      fillTcp(layer, row);
      break;
    case 'udp':
    case 'udplite':
      row.c.layers |= LAYER.udp;
      fillPorts(layer, row, 'udp.srcport', 'udp.dstport');
      row.transportBytes = UDP_HEADER;
      if (layer.number('udp.length') >= UDP_HEADER) row.payload = layer.number('udp.length') - UDP_HEADER;
      break;
    case 'sctp':
      row.c.layers |= LAYER.sctp;
      fillPorts(layer, row, 'sctp.srcport', 'sctp.dstport');
      row.transportBytes = SCTP_HEADER;
      break;
    case 'icmp':
      row.transportBytes = ICMP_HEADER;
      if (layer.number('icmp.type') >= 0) row.setIcmp(LAYER.icmp, layer.count('icmp.type'), layer.count('icmp.code'));
      break;
    case 'icmpv6':
      row.transportBytes = ICMP_HEADER;
      if (layer.number('icmpv6.type') >= 0) {
        row.setIcmp(LAYER.icmpv6, layer.count('icmpv6.type'), layer.count('icmpv6.code'));
      }
      break;
    default:
  }
}

function fillPorts(layer: Layer, row: TextRow, source: FieldName, destination: FieldName): void {
  if (layer.number(source) < 0 || layer.number(destination) < 0) row.c.quality |= QUALITY.headerCut;
  else row.setPorts(layer.number(source), layer.number(destination));
}

function fillTcp(layer: Layer, row: TextRow): void {
  const { c } = row;
  const { columns, row: at } = c;
  fillPorts(layer, row, 'tcp.srcport', 'tcp.dstport');
  const flags = layer.number('tcp.flags');
  if (flags < 0 || layer.number('tcp.window_size_value') < 0) {
    c.quality |= QUALITY.headerCut;
    return;
  }
  c.layers |= LAYER.tcp;
  columns.tcpFlags[at] = flags & 0x1ff;
  columns.tcpSeq[at] = layer.count('tcp.seq_raw');
  columns.tcpAck[at] = layer.count('tcp.ack_raw');
  columns.tcpWindow[at] = layer.count('tcp.window_size_value');
  row.payload = layer.number('tcp.len');
  fillOptions(layer, row);
}

function fillOptions(layer: Layer, row: TextRow): void {
  const { c } = row;
  const { columns, row: at } = c;
  if (layer.number('tcp.options.mss_val') >= 0) {
    c.layers |= LAYER.tcpMss;
    columns.tcpMss[at] = layer.number('tcp.options.mss_val');
  }
  if (layer.number('tcp.options.wscale.shift') >= 0) {
    c.layers |= LAYER.tcpWindowScale;
    columns.tcpWindowScale[at] = layer.number('tcp.options.wscale.shift');
  }
  if (layer.opens('tcp.options.sack_perm')) c.layers |= LAYER.tcpSackPermitted;
  if (layer.number('tcp.options.timestamp.tsval') >= 0) {
    c.layers |= LAYER.tcpTimestamps;
    columns.tcpTsValue[at] = layer.number('tcp.options.timestamp.tsval');
    columns.tcpTsEcho[at] = layer.count('tcp.options.timestamp.tsecr');
  }
}
