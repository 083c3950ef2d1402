/** The pass over the packets of one window: the only work of a partial that is done for every packet. */
import { LAYER, QUALITY, QUALITY_MALFORMED, type PacketColumns } from '../packet/columns.ts';
import { CLASS, CLASS_COUNT, COUNTER } from './counters.ts';
import { NOT_IP, type FlowRecords } from './flow-records.ts';
import { IP_PROTOCOL } from './flow-traits.ts';
import { SECOND_US } from './time-window.ts';
import type { WindowPartial } from './window-partial.ts';

const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;
const FLAG_VALUES = 512;
const FLAG_COUNTERS = ['fin', undefined, 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const;

const CLASS_OF_PROTOCOL = new Uint8Array(256).fill(CLASS.other);
CLASS_OF_PROTOCOL[IP_PROTOCOL.tcp] = CLASS.tcp;
CLASS_OF_PROTOCOL[IP_PROTOCOL.udp] = CLASS.udp;
CLASS_OF_PROTOCOL[IP_PROTOCOL.icmp] = CLASS.icmp;
CLASS_OF_PROTOCOL[IP_PROTOCOL.icmpv6] = CLASS.icmp;

/** Adds the packets of `rows` to an empty partial: everything but what is done once per flow. */
export function addPackets(
  partial: WindowPartial,
  columns: PacketColumns,
  rows: Uint16Array,
  local: Uint16Array,
  flowRows: Int32Array,
): void {
  const { timeUs, length, layers, quality, ipProtocol, tcpFlags } = columns;
  const { counters, secondPackets, secondBytes, sizes, windowStartUs } = partial;
  const flagCounts = new Uint32Array(FLAG_VALUES);
  const versionCounts = new Uint32Array(4);
  let [firstUs, lastUs, shortest, longest, fragments] = [Infinity, -Infinity, Infinity, 0, 0];
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place]!;
    const time = timeUs[row]!;
    const size = length[row]!;
    const layer = layers[row]!;
    const second = ((time - windowStartUs) / SECOND_US) | 0;
    const cell = second * CLASS_COUNT + classOf(layer, ipProtocol[row]!);
    secondPackets[cell]!++;
    secondBytes[cell]! += size;
    sizes.add(size);
    if (time < firstUs) firstUs = time;
    if (time > lastUs) lastUs = time;
    if (size < shortest) shortest = size;
    if (size > longest) longest = size;
    versionCounts[(layer / LAYER.ipv4) & 3]!++;
    if ((layer & LAYER.fragment) !== 0) fragments++;
    if (quality[row] !== 0) addQuality(counters, quality[row]!);

    const at = addToFlow(partial, columns, row, local[row]!, flowRows);
    if ((layer & LAYER.tcp) !== 0) {
      const bits = tcpFlags[row]! & (FLAG_VALUES - 1);
      flagCounts[bits]!++;
      if (at >= 0) addTcp(partial.flows, at, bits, columns.payloadLength[row]!);
    } else if ((layer & (LAYER.anyIcmp | LAYER.arp)) !== 0) addRequest(partial, columns, row, at);
  }
  partial.firstUs = firstUs;
  partial.lastUs = lastUs;
  partial.minLength = shortest;
  partial.maxLength = longest;
  counters[COUNTER.fragments] = fragments;
  // The two bits say IPv4, IPv6, or both: one inside the other.
  counters[COUNTER.ipv4Packets] = versionCounts[1]! + versionCounts[3]!;
  counters[COUNTER.ipv6Packets] = versionCounts[2]!;
  addFlags(counters, flagCounts);
  addClasses(partial);
}

/** Traffic class of a packet. */
function classOf(layer: number, protocol: number): number {
  if ((layer & LAYER.ip) !== 0) return CLASS_OF_PROTOCOL[protocol]!;
  return (layer & LAYER.arp) !== 0 ? CLASS.arp : CLASS.other;
}

/**
 * Adds a packet to its flow's record.
 * @param local dense number of the packet's flow in the batch; flowRows: by it, the flow's record, -1 = none yet
 * @returns place of the packet's direction in the columns per direction, -1 for a packet without flow
 */
function addToFlow(
  partial: WindowPartial,
  columns: PacketColumns,
  row: number,
  local: number,
  flowRows: Int32Array,
): number {
  const { flows } = partial;
  const size = columns.length[row]!;
  if (columns.tunnelDepth[row] !== 0) partial.counters[COUNTER.tunnelled]!++;
  if (columns.flow[row] === 0) {
    partial.protocols.add(protocolCode(columns, row), 1, size);
    return -1;
  }
  let flowRow = flowRows[local]!;
  if (flowRow < 0) {
    flowRow = beginFlow(flows, columns, row);
    flowRows[local] = flowRow;
  }
  const at = 2 * flowRow + (columns.direction[row]! & 1);
  const time = columns.timeUs[row]!;
  flows.packets[at]!++;
  flows.bytes[at]! += size;
  flows.payload[at]! += columns.payloadLength[row]!;
  if (time < flows.firstUs[flowRow]!) flows.firstUs[flowRow] = time;
  if (time > flows.lastUs[flowRow]!) flows.lastUs[flowRow] = time;
  return at;
}

function addTcp(flows: FlowRecords, at: number, bits: number, payload: number): void {
  flows.flags[at]! |= bits;
  if ((bits & PSH) !== 0 && payload > 0) flows.pushes[at]!++;
  if ((bits & SYN) !== 0) {
    if ((bits & ACK) !== 0) flows.accepts[at]!++;
    else flows.opens[at]!++;
  } else if ((bits & RST) !== 0) flows.refusals[at]!++;
}

function protocolCode(columns: PacketColumns, row: number): number {
  return (columns.layers[row]! & LAYER.ip) !== 0 ? columns.ipProtocol[row]! : NOT_IP + columns.etherType[row]!;
}

/** A new flow record whose key is as the flow's first packet had it: `row` may go the other way. */
function beginFlow(table: FlowRecords, columns: PacketColumns, row: number): number {
  const at = table.insert(0, columns.flow[row]!);
  const reversed = (columns.direction[row]! & 1) !== 0;
  table.addressType[at] = columns.addressType[row]!;
  table.protocol[at] = protocolCode(columns, row);
  table.sourcePort[at] = (reversed ? columns.destinationPort : columns.sourcePort)[row]!;
  table.destinationPort[at] = (reversed ? columns.sourcePort : columns.destinationPort)[row]!;
  table.firstNumber[at] = columns.firstNumber + row;
  for (let word = 0; word < 4; word++) {
    const source = columns.source[4 * row + word]!;
    const destination = columns.destination[4 * row + word]!;
    table.source[4 * at + word] = reversed ? destination : source;
    table.destination[4 * at + word] = reversed ? source : destination;
  }
  return at;
}

function addQuality(counters: Float64Array, quality: number): void {
  if ((quality & QUALITY_MALFORMED) !== 0) counters[COUNTER.malformed]!++;
  if ((quality & QUALITY.truncated) !== 0) counters[COUNTER.truncated]!++;
  if ((quality & QUALITY.oversize) !== 0) counters[COUNTER.oversize]!++;
  if ((quality & QUALITY.duplicate) !== 0) counters[COUNTER.duplicates]!++;
  if ((quality & QUALITY.lengthLie) !== 0) counters[COUNTER.lengthLies]!++;
}

/** ICMP and ARP: the packet's place among requests, replies and refusals. `at` is its flow cell, -1 = none. */
function addRequest(partial: WindowPartial, columns: PacketColumns, row: number, at: number): void {
  const { opens, accepts, refusals } = partial.flows;
  if ((columns.layers[row]! & LAYER.arp) !== 0) {
    const op = columns.arpOp[row]!;
    partial.arp.addRow(columns, row);
    if (op === 1) partial.counters[COUNTER.arpRequests]!++;
    if (op === 2) partial.counters[COUNTER.arpReplies]!++;
    if (at >= 0 && op === 1 && !isGratuitous(columns, row)) opens[at]!++;
    if (at >= 0 && op === 2) accepts[at]!++;
    return;
  }
  const type = columns.icmpType[row]!;
  const protocol = columns.ipProtocol[row]!;
  const isV6 = protocol === IP_PROTOCOL.icmpv6;
  partial.icmpTypes.add((protocol << 16) | (type << 8) | columns.icmpCode[row]!, 1, columns.length[row]!);
  if (at < 0) return;
  if (type === (isV6 ? 128 : 8)) opens[at]!++;
  else if (type === (isV6 ? 129 : 0)) accepts[at]!++;
  else if (type === (isV6 ? 1 : 3)) refusals[at]!++;
}

/** An ARP announcement asks for its own address (RFC 5227): it contacts nobody. */
function isGratuitous(columns: PacketColumns, row: number): boolean {
  const { source, destination } = columns;
  for (let word = 0; word < 4; word++) if (source[4 * row + word] !== destination[4 * row + word]) return false;
  return true;
}

/** From occurrences per flags value to one counter per flag. SYN counts with or without ECN bits. */
function addFlags(counters: Float64Array, flagCounts: Uint32Array): void {
  for (let bits = 0; bits < FLAG_VALUES; bits++) {
    const packets = flagCounts[bits]!;
    if (packets === 0) continue;
    if (bits === 0) counters[COUNTER.nullFlags]! += packets;
    if ((bits & SYN) !== 0) counters[(bits & ACK) !== 0 ? COUNTER.synAck : COUNTER.syn]! += packets;
    FLAG_COUNTERS.forEach((name, bit) => {
      if (name !== undefined && (bits & (1 << bit)) !== 0) counters[COUNTER[name]]! += packets;
    });
  }
}

/** Packets and bytes by class are the sums of their seconds. */
function addClasses(partial: WindowPartial): void {
  const { counters, secondPackets, secondBytes } = partial;
  for (let cell = 0; cell < secondPackets.length; cell++) {
    const place = cell % CLASS_COUNT;
    counters[COUNTER.tcpPackets + place]! += secondPackets[cell]!;
    counters[COUNTER.tcpBytes + place]! += secondBytes[cell]!;
    counters[COUNTER.packets]! += secondPackets[cell]!;
    counters[COUNTER.bytes]! += secondBytes[cell]!;
  }
}
