/** Packet columns written by hand for tests: what a packet says, without frames, and flows assigned as the agent does. */
import { FlowTable } from '@tapline/core/decode/flow-table';
import { parseAddress } from '@tapline/core/packet/address';
import {
  ADDRESS_TYPE,
  allocateColumns,
  BATCH_CAPACITY,
  COLUMNS,
  LAYER,
  type PacketColumns,
} from '@tapline/core/packet/columns';

export const FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

export interface TestPacket {
  readonly timeUs: number;
  readonly from: string;
  readonly to: string;
  readonly protocol?: 'tcp' | 'udp' | 'icmp' | 'arp';
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly flags?: number;
  readonly length?: number;
  readonly payload?: number;
  /** ICMP type and code. */
  readonly icmp?: readonly [type: number, code: number];
  /** ARP operation. */
  readonly arp?: 1 | 2;
  /** Source MAC, or the sender's of ARP. */
  readonly mac?: string;
  readonly quality?: number;
}

const NUMBERS = { tcp: 6, udp: 17, icmp: 1, arp: 0 } as const;

/** The packets as batches of at most `size` rows, numbered from 1, with flow numbers of one session. */
export function batchesOf(packets: readonly TestPacket[], size: number = BATCH_CAPACITY): PacketColumns[] {
  const flows = new FlowTable({ capacity: 1 << 16 });
  const batches: PacketColumns[] = [];
  packets.forEach((packet, index) => {
    if (index % size === 0) batches.push(Object.assign(allocateColumns(), { firstNumber: index + 1 }));
    const columns = batches.at(-1)!;
    writeRow(columns, columns.count, packet);
    flows.assign(columns, columns.count);
    columns.count++;
  });
  return batches;
}

/** The rows of batches cut anew: the same packets, numbers and flows in batches of the given sizes. */
export function recut(batches: readonly PacketColumns[], sizes: readonly number[]): PacketColumns[] {
  const cut: PacketColumns[] = [];
  let left = 0;
  for (const from of batches) {
    for (let row = 0; row < from.count; row++) {
      if (left === 0) {
        left = sizes[cut.length % sizes.length]!;
        cut.push(Object.assign(allocateColumns(), { firstNumber: from.firstNumber + row }));
      }
      copyRow(from, row, cut.at(-1)!);
      left--;
    }
  }
  return cut;
}

function copyRow(from: PacketColumns, row: number, to: PacketColumns): void {
  for (const { name, type } of COLUMNS) {
    const words = type === 'address' ? 4 : 1;
    to[name].set(from[name].subarray(row * words, (row + 1) * words), to.count * words);
  }
  to.count++;
}

function writeRow(columns: PacketColumns, row: number, packet: TestPacket): void {
  const protocol = packet.protocol ?? 'tcp';
  const [source, destination] = [parseAddress(packet.from)!, parseAddress(packet.to)!];
  const hasPorts = protocol === 'tcp' || protocol === 'udp';
  columns.timeUs[row] = packet.timeUs;
  columns.length[row] = packet.length ?? 60;
  columns.capturedLength[row] = packet.length ?? 60;
  columns.payloadLength[row] = packet.payload ?? 0;
  columns.quality[row] = packet.quality ?? 0;
  columns.addressType[row] = source.type;
  columns.source.set(source.words, 4 * row);
  columns.destination.set(destination.words, 4 * row);
  columns.ipProtocol[row] = NUMBERS[protocol];
  columns.sourcePort[row] = packet.sourcePort ?? 0;
  columns.destinationPort[row] = packet.destinationPort ?? 0;
  columns.tcpFlags[row] = packet.flags ?? 0;
  columns.etherType[row] = protocol === 'arp' ? 0x0806 : source.type === ADDRESS_TYPE.ipv6 ? 0x86dd : 0x0800;
  columns.icmpType[row] = packet.icmp?.[0] ?? 0;
  columns.icmpCode[row] = packet.icmp?.[1] ?? 0;
  columns.arpOp[row] = packet.arp ?? 0;
  const mac = packet.mac === undefined ? undefined : parseAddress(packet.mac)!.words;
  columns.sourceMacHigh[row] = mac?.[2] ?? 0;
  columns.sourceMacLow[row] = mac?.[3] ?? 0;
  const network = source.type === ADDRESS_TYPE.ipv6 ? LAYER.ipv6 : LAYER.ipv4;
  columns.layers[row] =
    LAYER.addresses |
    (protocol === 'arp' ? LAYER.arp : LAYER.ip | network) |
    (hasPorts ? LAYER.ports | LAYER[protocol] : 0) |
    (protocol === 'icmp' ? LAYER.icmp | LAYER.anyIcmp : 0) |
    (mac === undefined ? 0 : LAYER.mac);
}
