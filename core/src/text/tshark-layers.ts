/** From the layers of a packet as tshark prints them to a row of columns, as the decoder would have made it. */
import { parseTime } from '../packet/time.ts';
import { LAYER, QUALITY } from '../packet/columns.ts';
import { ByteText } from './byte-text.ts';
import { STAMP, takeStamp } from './text-time.ts';
import type { TextTime } from './text-time.ts';
import type { TextRow } from './text-row.ts';
import { TsharkLayer } from './tshark-layer.ts';
import { fillArp, fillExtension, fillIpv4, fillIpv6 } from './tshark-network.ts';
import { LAYER_NAMES } from './tshark-packet.ts';
import type { LayerName, TsharkPacket } from './tshark-packet.ts';
import { fillTransport } from './tshark-transport.ts';

/** Link types by Wireshark's encapsulation numbers (wtap.h). */
const LINK_TYPES = new Map([
  [1, 1],
  [4, 9],
  [7, 101],
  [15, 0],
  [25, 113],
  [210, 276],
]);

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

const MINUS = 0x2d;

const text = new ByteText();
const time: TextTime = { timeUs: 0, timeNs: 0 };
const innerMac = new Uint32Array(2);

/** Reads one layer after the other, in the order of frame.protocols. */
export function fillRow(packet: TsharkPacket, row: TextRow, arrivalUs: number): void {
  const frame = packet.find(LAYER_NAMES.indexOf('frame'), 0);
  fillFrame(new TsharkLayer(packet, frame, text), row, arrivalUs);
  const seen = new Map<string, number>();
  let network: TsharkLayer | undefined;
  let before = '';
  for (const name of protocols(packet, frame)) {
    row.c.layers |= WRAPPERS.get(name) ?? 0;
    const known = LAYER_NAMES.indexOf(name as LayerName);
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    const layer = new TsharkLayer(packet, known < 0 ? -1 : packet.find(known, nth), text);
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
  if (field < 0) return [...(packet.order ?? [])];
  const to = Math.min(packet.to(field), packet.from(field) + 1024);
  return String.fromCharCode(...packet.bytes.subarray(packet.from(field), to)).split(':');
}

function fillFrame(frame: TsharkLayer, row: TextRow, arrivalUs: number): void {
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
function fillTime(frame: TsharkLayer, row: TextRow, arrivalUs: number): void {
  if (frame.opens('frame.time_epoch')) {
    const from = text.at;
    const isNegative = text.takeByte(MINUS);
    if (takeStamp(text, time) === STAMP.exact) {
      if (isNegative) negate(time);
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

/** Before 1970: the nanoseconds still count forward. */
function negate(at: TextTime): void {
  at.timeUs = at.timeNs === 0 ? -at.timeUs : -at.timeUs - 1;
  at.timeNs = at.timeNs === 0 ? 0 : 1000 - at.timeNs;
}

function fillLayer(name: string, layer: TsharkLayer, row: TextRow, network: TsharkLayer | undefined): void {
  const { c } = row;
  switch (name) {
    case 'eth':
      fillEthernet(layer, row);
      break;
    case 'llc':
      c.etherType = llcType(layer);
      break;
    case 'sll':
      if (layer.mac('sll.src.eth', row.sourceMac)) {
        row.hasMac = true;
        row.destinationMac.fill(0);
        row.setSenderMac(row.sourceMac);
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
      if (network === undefined) break;
      if (!fillExtension(name, layer.exists ? layer : network, row)) fillTransport(name, layer, row);
  }
}

/** The SNAP type, or the DSAP of a frame without one. */
function llcType(layer: TsharkLayer): number {
  const type = layer.number('llc.type');
  if (type >= 0) return type;
  const cisco = layer.number('llc.cisco_pid');
  return cisco >= 0 ? cisco : layer.count('llc.dsap');
}

function fillEthernet(layer: TsharkLayer, row: TextRow): void {
  const { c } = row;
  c.layers |= LAYER.ethernet;
  const isOutermost = c.networks === 0 && !row.hasMac;
  if (isOutermost && layer.mac('eth.src', row.sourceMac) && layer.mac('eth.dst', row.destinationMac)) row.hasMac = true;
  if (layer.mac('eth.src', innerMac)) row.setSenderMac(innerMac);
  const type = layer.number('eth.type');
  if (type >= 0) c.etherType = type;
}
