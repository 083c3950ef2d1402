/**
 * From a batch of packets to its partials, one per window it touches. One pass over the columns does what each packet
 * needs; addresses, ports, sketches and flags by name are done once per flow or once per distinct value.
 */
import { LAYER, QUALITY, QUALITY_MALFORMED, type PacketColumns } from '../packet/columns.ts';
import { hashAddress, hashPair } from '../sketch/hash.ts';
import type { FlowIndex } from '../wire/flow-index.ts';
import { CLASS, CLASS_COUNT, COUNTER } from './counters.ts';
import { FlowRecords, NOT_IP } from './flow-records.ts';
import { IP_PROTOCOL } from './flow-traits.ts';
import { checkWindowWidth, SECOND_US, windowStart } from './time-window.ts';
import { WindowPartial } from './window-partial.ts';

const SYN = 2;
const RST = 4;
const ACK = 16;
const FLAG_VALUES = 512;
const FLAG_COUNTERS = ['fin', undefined, 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const;

const CLASS_OF_PROTOCOL = new Uint8Array(256).fill(CLASS.other);
CLASS_OF_PROTOCOL[IP_PROTOCOL.tcp] = CLASS.tcp;
CLASS_OF_PROTOCOL[IP_PROTOCOL.udp] = CLASS.udp;
CLASS_OF_PROTOCOL[IP_PROTOCOL.icmp] = CLASS.icmp;
CLASS_OF_PROTOCOL[IP_PROTOCOL.icmpv6] = CLASS.icmp;

/**
 * The partials of one batch by window start. Their merge over all batches, in any order, is the window.
 * @param index flow index of the same columns
 * @param session the session the flow numbers belong to
 */
export function buildPartials(
  columns: PacketColumns,
  index: Pick<FlowIndex, 'local' | 'flows'>,
  windowUs: number,
  session: string,
): Map<number, WindowPartial> {
  checkWindowWidth(windowUs);
  const partials = new Map<number, WindowPartial>();
  const flowRows = new Int32Array(index.flows).fill(-1);
  for (const [windowStartUs, rows] of rowsByWindow(columns, windowUs)) {
    const partial = new WindowPartial(windowStartUs, windowUs);
    partial.flows = new FlowRecords(Math.min(index.flows, rows.length));
    partial.sessionIndex(session);
    addPackets(partial, columns, rows, index.local, flowRows);
    addFlows(partial);
    for (const row of rows) flowRows[index.local[row]!] = -1;
    partial.compact();
    partials.set(windowStartUs, partial);
  }
  return partials;
}

/** Row numbers by window start, each list in row order. */
function rowsByWindow(columns: PacketColumns, windowUs: number): Map<number, Uint16Array> {
  const { count, timeUs } = columns;
  const lists = new Map<number, Uint16Array<ArrayBuffer>>();
  const lengths = new Map<number, number>();
  let start = NaN;
  let rows = new Uint16Array(0);
  let length = 0;
  for (let row = 0; row < count; row++) {
    const time = timeUs[row]!;
    if (!(time >= start && time < start + windowUs)) {
      if (length > 0) lengths.set(start, length);
      start = windowStart(time, windowUs);
      // One window is the rule; a batch over years must not cost a batch's worth of memory for each of its windows.
      rows = lists.get(start) ?? new Uint16Array(lists.size === 0 ? count - row : 16);
      length = lengths.get(start) ?? 0;
      lists.set(start, rows);
    }
    if (length === rows.length) {
      const longer = new Uint16Array(Math.min(count, length * 2 + 16));
      longer.set(rows);
      rows = longer;
      lists.set(start, rows);
    }
    rows[length++] = row;
  }
  if (length > 0) lengths.set(start, length);
  for (const [key, list] of lists) lists.set(key, list.subarray(0, lengths.get(key)));
  return lists;
}

/** The pass over the packets of one window. */
function addPackets(
  partial: WindowPartial,
  columns: PacketColumns,
  rows: Uint16Array,
  local: Uint16Array,
  flowRows: Int32Array,
): void {
  const { timeUs, length, layers, quality, ipProtocol, flow, direction, payloadLength, tcpFlags, tunnelDepth } =
    columns;
  const { counters, secondPackets, secondBytes, sizes, flows, windowStartUs } = partial;
  const { packets, bytes, payload, opens, accepts, refusals, flags, firstUs, lastUs } = flows;
  const flagCounts = new Uint32Array(FLAG_VALUES);
  const layerCounts = new Uint32Array(4);
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place]!;
    const time = timeUs[row]!;
    const size = length[row]!;
    const layer = layers[row]!;
    const protocol = ipProtocol[row]!;
    const isIp = (layer & LAYER.ip) !== 0;
    const cell =
      Math.floor((time - windowStartUs) / SECOND_US) * CLASS_COUNT +
      (isIp ? CLASS_OF_PROTOCOL[protocol]! : (layer & LAYER.arp) !== 0 ? CLASS.arp : CLASS.other);
    secondPackets[cell]!++;
    secondBytes[cell]! += size;
    sizes.add(size);
    if (time < partial.firstUs) partial.firstUs = time;
    if (time > partial.lastUs) partial.lastUs = time;
    if (size < partial.minLength) partial.minLength = size;
    if (size > partial.maxLength) partial.maxLength = size;
    if (quality[row] !== 0) addQuality(counters, quality[row]!);
    if ((layer & LAYER.fragment) !== 0) layerCounts[0]!++;
    if ((layer & LAYER.ipv4) !== 0) layerCounts[1]!++;
    else if ((layer & LAYER.ipv6) !== 0) layerCounts[2]!++;
    if (tunnelDepth[row] !== 0) layerCounts[3]!++;

    let at = -1;
    if (flow[row] !== 0) {
      let flowRow = flowRows[local[row]!]!;
      if (flowRow < 0) {
        flowRow = beginFlow(flows, columns, row);
        flowRows[local[row]!] = flowRow;
      }
      at = 2 * flowRow + (direction[row]! & 1);
      packets[at]!++;
      bytes[at]! += size;
      payload[at]! += payloadLength[row]!;
      if (time < firstUs[flowRow]!) firstUs[flowRow] = time;
      if (time > lastUs[flowRow]!) lastUs[flowRow] = time;
    } else {
      partial.protocols.add(isIp ? protocol : NOT_IP + columns.etherType[row]!, 1, size);
    }

    if ((layer & LAYER.tcp) !== 0) {
      const bits = tcpFlags[row]! & (FLAG_VALUES - 1);
      flagCounts[bits]!++;
      if (at < 0) continue;
      flags[at]! |= bits;
      if ((bits & SYN) !== 0) {
        if ((bits & ACK) !== 0) accepts[at]!++;
        else opens[at]!++;
      } else if ((bits & RST) !== 0) refusals[at]!++;
    } else if ((layer & (LAYER.anyIcmp | LAYER.arp)) !== 0) addRequest(partial, columns, row, at);
  }
  counters[COUNTER.fragments] = layerCounts[0]!;
  counters[COUNTER.ipv4Packets] = layerCounts[1]!;
  counters[COUNTER.ipv6Packets] = layerCounts[2]!;
  counters[COUNTER.tunnelled] = layerCounts[3]!;
  addFlags(counters, flagCounts);
  addClasses(partial);
}

/** A new flow record whose key is as the flow's first packet had it: `row` may go the other way. */
function beginFlow(table: FlowRecords, columns: PacketColumns, row: number): number {
  const at = table.insert(0, columns.flow[row]!);
  const reversed = (columns.direction[row]! & 1) !== 0;
  table.addressType[at] = columns.addressType[row]!;
  table.protocol[at] =
    (columns.layers[row]! & LAYER.ip) !== 0 ? columns.ipProtocol[row]! : NOT_IP + columns.etherType[row]!;
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

/** What needs doing once per flow: protocols, distinct counts, entropy bins. */
function addFlows(partial: WindowPartial): void {
  const { flows, distinct, bins, counters } = partial;
  for (let row = 0; row < flows.rows; row++) {
    const forward = flows.packets[2 * row]!;
    const reverse = flows.packets[2 * row + 1]!;
    counters[COUNTER.payloadBytes]! += flows.payload[2 * row]! + flows.payload[2 * row + 1]!;
    partial.protocols.add(flows.protocol[row]!, forward + reverse, flows.bytes[2 * row]! + flows.bytes[2 * row + 1]!);
    const source = hashAddress(flows.source, 4 * row);
    const destination = hashAddress(flows.destination, 4 * row);
    const hasPorts = flows.sourcePort[row]! + flows.destinationPort[row]! > 0;
    const sourcePort = hashPair(flows.sourcePort[row]!, 1);
    const destinationPort = hashPair(flows.destinationPort[row]!, 1);
    distinct.pairs.add(source < destination ? hashPair(source, destination) : hashPair(destination, source));
    if (forward > 0) {
      distinct.sources.add(source);
      distinct.destinations.add(destination);
      bins.source.add(source, forward);
      bins.destination.add(destination, forward);
      if (hasPorts) addPorts(partial, sourcePort, destinationPort, forward);
    }
    if (reverse > 0) {
      distinct.sources.add(destination);
      distinct.destinations.add(source);
      bins.source.add(destination, reverse);
      bins.destination.add(source, reverse);
      if (hasPorts) addPorts(partial, destinationPort, sourcePort, reverse);
    }
  }
}

function addPorts(partial: WindowPartial, source: number, destination: number, packets: number): void {
  partial.distinct.sourcePorts.add(source);
  partial.distinct.destinationPorts.add(destination);
  partial.bins.sourcePort.add(source, packets);
  partial.bins.destinationPort.add(destination, packets);
}
