/** TCP, UDP, SCTP and ICMP as tshark prints them. */
import { LAYER, QUALITY } from '../packet/columns.ts';
import type { TextRow } from './text-row.ts';
import type { TsharkLayer } from './tshark-layer.ts';
import type { FieldName } from './tshark-packet.ts';

const UDP_HEADER = 8;
const SCTP_HEADER = 12;
const ICMP_HEADER = 8;

export function fillTransport(name: string, layer: TsharkLayer, row: TextRow): void {
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

function fillPorts(layer: TsharkLayer, row: TextRow, source: FieldName, destination: FieldName): void {
  if (layer.number(source) < 0 || layer.number(destination) < 0) row.c.quality |= QUALITY.headerCut;
  else row.setPorts(layer.number(source), layer.number(destination));
}

function fillTcp(layer: TsharkLayer, row: TextRow): void {
  const { c } = row;
  const { columns, row: at } = c;
  fillPorts(layer, row, 'tcp.srcport', 'tcp.dstport');
  const flags = layer.number('tcp.flags');
  if (flags < 0 || (!layer.isPartial && layer.number('tcp.window_size_value') < 0)) {
    c.quality |= QUALITY.headerCut;
    return;
  }
  c.layers |= LAYER.tcp;
  columns.tcpFlags[at] = flags & 0x1ff;
  columns.tcpSeq[at] = layer.count('tcp.seq_raw');
  columns.tcpAck[at] = layer.count('tcp.ack_raw');
  columns.tcpWindow[at] = layer.count('tcp.window_size_value');
  columns.tcpHeaderLength[at] = layer.count('tcp.hdr_len');
  row.payload = layer.number('tcp.len');
  fillOptions(layer, row);
}

function fillOptions(layer: TsharkLayer, row: TextRow): void {
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
