/** The fixed synthetic batch behind test/golden/wire: every kind of packet, every coding, by plain arithmetic. */
import { ADDRESS_TYPE, allocateColumns, LAYER, QUALITY } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';

const FLOWS = 9;
const ROWS = 300;
const IPV4 = LAYER.ethernet | LAYER.mac | LAYER.ip | LAYER.ipv4 | LAYER.addresses;

function setCommon(columns: PacketColumns, row: number, flow: number, direction: number): void {
  columns.flow[row] = 1000 + flow;
  columns.direction[row] = direction;
  columns.timeUs[row] =
    1_499_348_407_419_016 + row * 137 + (row % 50 === 49 ? 5_000_000_000 : 0) - (row % 7 === 6 ? 400 : 0);
  columns.timeNs[row] = (row * 61) % 1000;
  columns.layers[row] = IPV4;
  columns.linkType[row] = 1;
  columns.length[row] = 60 + ((row * 97) % 1455);
  columns.capturedLength[row] = Math.min(columns.length[row], 262);
  columns.etherType[row] = 0x0800;
  columns.addressType[row] = ADDRESS_TYPE.ipv4;
  const [client, server] = [0xc0a8_0a02 + flow, 0xac10_0001];
  columns.source.set([0, 0, 0xffff, direction === 0 ? client : server], 4 * row);
  columns.destination.set([0, 0, 0xffff, direction === 0 ? server : client], 4 * row);
  columns.ttl[row] = direction === 0 ? 64 : 117;
  columns.ipId[row] = (row * 257 + flow) & 0xffff;
  columns.sourceMacHigh[row] = 0x0200;
  columns.sourceMacLow[row] = 0x5e00_0000 + (direction === 0 ? flow : 99);
}

function setTcp(columns: PacketColumns, row: number, flow: number, direction: number): void {
  const turn = Math.floor(row / FLOWS);
  columns.layers[row]! |=
    LAYER.tcp | LAYER.ports | (turn === 0 ? LAYER.tcpMss | LAYER.tcpWindowScale : LAYER.tcpTimestamps);
  columns.ipProtocol[row] = 6;
  columns.sourcePort[row] = direction === 0 ? 50_000 + flow : 443;
  columns.destinationPort[row] = direction === 0 ? 443 : 50_000 + flow;
  columns.tcpFlags[row] = turn === 0 ? 2 : 24;
  columns.payloadLength[row] = turn === 0 ? 0 : columns.length[row]! - 66 + (columns.length[row]! < 66 ? 6 : 0);
  columns.tcpSeq[row] = 4_294_900_000 + turn * 1460 + direction * 77;
  columns.tcpAck[row] = turn === 0 ? 0 : turn * 1460;
  columns.tcpWindow[row] = 29_200 - turn;
  columns.tcpHeaderLength[row] = turn === 0 ? 28 : 32 + (row % 20 === 13 ? 12 : 0);
  if (turn === 0) {
    columns.tcpMss[row] = 1460;
    columns.tcpWindowScale[row] = 7;
  } else {
    columns.tcpTsValue[row] = 123_456_789 + row;
    columns.tcpTsEcho[row] = 123_456_700 + row;
  }
}

/** Flows that are not TCP over IPv4: one kind each. */
function setOther(columns: PacketColumns, row: number, flow: number, direction: number): void {
  if (flow === 6) {
    columns.layers[row] = LAYER.ethernet | LAYER.vlan | LAYER.arp | LAYER.addresses;
    columns.etherType[row] = 0x0806;
    columns.arpOp[row] = 1 + direction;
    columns.vlan[row] = 100;
    columns.ttl[row] = 0;
    columns.ipId[row] = 0;
  } else if (flow === 7) {
    columns.layers[row] =
      LAYER.ethernet | LAYER.ip | LAYER.ipv6 | LAYER.udp | LAYER.ports | LAYER.addresses | LAYER.outer | LAYER.vxlan;
    columns.addressType[row] = ADDRESS_TYPE.ipv6;
    columns.etherType[row] = 0x86dd;
    columns.source.set([0x2001_0db8, 0, 0, 1 + direction], 4 * row);
    columns.destination.set([0x2001_0db8, 0, 0, 2 - direction], 4 * row);
    columns.ipProtocol[row] = 17;
    columns.sourcePort[row] = 5353;
    columns.destinationPort[row] = 53;
    columns.payloadLength[row] = row % 40;
    columns.tunnelDepth[row] = 1;
    columns.outerAddressType[row] = ADDRESS_TYPE.ipv4;
    columns.outerSource.set([0, 0, 0xffff, 0x0a00_0001], 4 * row);
    columns.outerDestination.set([0, 0, 0xffff, 0x0a00_0002], 4 * row);
  } else {
    columns.layers[row]! |= LAYER.icmp | LAYER.anyIcmp | LAYER.fragment;
    columns.ipProtocol[row] = 1;
    columns.icmpType[row] = direction === 0 ? 8 : 0;
    columns.icmpCode[row] = row % 11 === 0 ? 3 : 0;
    columns.quality[row] = row % 30 === 8 ? QUALITY.malformedTransport | QUALITY.truncated : QUALITY.truncated;
    columns.ipFlags[row] = 1;
    columns.fragmentOffset[row] = (row * 8) % 1480;
  }
}

export function goldenColumns(): PacketColumns {
  const columns = allocateColumns();
  columns.count = ROWS;
  columns.firstNumber = 5_000_000_001;
  for (let row = 0; row < ROWS; row++) {
    const flow = row % FLOWS;
    const direction = Math.floor(row / FLOWS) % 3 === 1 ? 1 : 0;
    setCommon(columns, row, flow, direction);
    if (flow < 6) setTcp(columns, row, flow, direction);
    else setOther(columns, row, flow, direction);
  }
  return columns;
}
