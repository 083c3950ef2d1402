/**
 * Flow records of a partial as bytes, ascending by session and flow number so that numbers become small differences.
 *
 *   count, then per record:
 *   session (varint, place in the session list) · flow (varint; difference to the previous record of the session)
 *   addressType u8 · source, destination (4 or 16 bytes each) · protocol varint · sourcePort, destinationPort varint
 *   first time after window start, last after first, packet number after the smallest of all records (varints)
 *   mask u16 of the direction fields that are not zero, then those as varints
 */
import { ADDRESS_TYPE } from '../packet/columns.ts';
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { FlowRecords } from './flow-records.ts';
import type { WindowPartial } from './window-partial.ts';

/** The columns with an element per direction, in byte-form order. */
const directionColumns = (table: FlowRecords): (Float64Array | Uint16Array)[] => [
  table.packets,
  table.bytes,
  table.payload,
  table.opens,
  table.accepts,
  table.refusals,
  table.flags,
  table.pushes,
];
/** More records than a window ever has: what a damaged count is told from. */
const MAX_RECORDS = 1 << 20;
/** Flow numbers are 32 bits. */
const FLOW_NUMBERS = 2 ** 32;
const MAPPED_IPV4 = 0xffff;

type Host = Pick<WindowPartial, 'windowStartUs' | 'flows' | 'sessions'>;

/** Bytes a varint takes. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Bytes that record `row` takes at most, whatever record comes before it. */
export function recordBytes({ flows, windowStartUs }: Pick<Host, 'flows' | 'windowStartUs'>, row: number): number {
  let bytes = 3 + 5 + (flows.addressType[row] === ADDRESS_TYPE.ipv4 ? 8 : 32);
  bytes += varintBytes(flows.protocol[row]!);
  bytes += varintBytes(flows.sourcePort[row]!) + varintBytes(flows.destinationPort[row]!);
  bytes += varintBytes(flows.firstUs[row]! - windowStartUs) + varintBytes(flows.lastUs[row]! - flows.firstUs[row]!) + 2;
  for (const column of directionColumns(flows)) {
    for (let at = 2 * row; at < 2 * row + 2; at++) if (column[at]! > 0) bytes += varintBytes(column[at]!);
  }
  return bytes;
}

/** Row numbers ascending by session and flow: the order of every listing of flows. */
export function flowOrder(table: FlowRecords): Uint32Array {
  // Numbers sort much faster than rows with a comparison; the row is found again by its key.
  const keys = new Float64Array(table.rows);
  for (let row = 0; row < table.rows; row++) keys[row] = table.session[row]! * FLOW_NUMBERS + table.flow[row]!;
  keys.sort();
  const order = new Uint32Array(table.rows);
  for (let place = 0; place < table.rows; place++) {
    const session = Math.floor(keys[place]! / FLOW_NUMBERS);
    order[place] = table.find(session, keys[place]! - session * FLOW_NUMBERS);
  }
  return order;
}

export function encodeFlows(partial: Host, writer: ByteWriter): void {
  const table = partial.flows;
  let firstNumber = Infinity;
  for (let row = 0; row < table.rows; row++) firstNumber = Math.min(firstNumber, table.firstNumber[row]!);
  writer.varint(table.rows);
  if (table.rows === 0) return;
  writer.varint(firstNumber);
  const columns = directionColumns(table);
  let session = -1;
  let flow = 0;
  for (const row of flowOrder(table)) {
    if (table.session[row] !== session) flow = 0;
    session = table.session[row]!;
    writer.varint(session);
    writer.varint(table.flow[row]! - flow);
    flow = table.flow[row]!;
    encodeKey(table, row, writer);
    writer.varint(table.firstUs[row]! - partial.windowStartUs);
    writer.varint(table.lastUs[row]! - table.firstUs[row]!);
    writer.varint(table.firstNumber[row]! - firstNumber);
    encodeDirections(columns, row, writer);
  }
}

export function decodeFlows(partial: Host, reader: ByteReader): FlowRecords {
  const rows = reader.bounded(MAX_RECORDS, 'flow records');
  if (rows * 10 > reader.remaining) throw reader.damage('ends before its flow records do');
  const table = new FlowRecords(rows);
  const columns = directionColumns(table);
  const firstNumber = rows === 0 ? 0 : reader.varint();
  let session = 0;
  let flow = 0;
  for (let index = 0; index < rows; index++) {
    const place = reader.bounded(partial.sessions.length - 1, 'sessions');
    if (place !== session) flow = 0;
    session = place;
    flow += reader.bounded(0xffff_ffff - flow, 'as a flow number');
    if (table.find(session, flow) >= 0) throw reader.damage('has a flow twice');
    const row = table.insert(session, flow);
    decodeKey(table, row, reader);
    table.firstUs[row] = partial.windowStartUs + reader.varint();
    table.lastUs[row] = table.firstUs[row] + reader.varint();
    table.firstNumber[row] = firstNumber + reader.varint();
    decodeDirections(columns, row, reader);
  }
  return table;
}

function encodeKey(table: FlowRecords, row: number, writer: ByteWriter): void {
  const type = table.addressType[row]!;
  writer.u8(type);
  encodeAddress(writer, type, table.source, 4 * row);
  encodeAddress(writer, type, table.destination, 4 * row);
  writer.varint(table.protocol[row]!);
  writer.varint(table.sourcePort[row]!);
  writer.varint(table.destinationPort[row]!);
}

function decodeKey(table: FlowRecords, row: number, reader: ByteReader): void {
  const type = reader.u8();
  table.addressType[row] = type;
  decodeAddress(reader, type, table.source, 4 * row);
  decodeAddress(reader, type, table.destination, 4 * row);
  table.protocol[row] = reader.bounded(0xffff_ffff, 'as a protocol');
  table.sourcePort[row] = reader.bounded(0xffff, 'as a port');
  table.destinationPort[row] = reader.bounded(0xffff, 'as a port');
}

/** Four bytes for IPv4, sixteen for anything else. */
export function encodeAddress(writer: ByteWriter, type: number, words: Uint32Array, at: number): void {
  for (let word = type === ADDRESS_TYPE.ipv4 ? 3 : 0; word < 4; word++) writer.u32(words[at + word]!);
}

export function decodeAddress(reader: ByteReader, type: number, words: Uint32Array, at: number): void {
  if (type === ADDRESS_TYPE.ipv4) words[at + 2] = MAPPED_IPV4;
  for (let word = type === ADDRESS_TYPE.ipv4 ? 3 : 0; word < 4; word++) words[at + word] = reader.u32();
}

function encodeDirections(columns: readonly (Float64Array | Uint16Array)[], row: number, writer: ByteWriter): void {
  let mask = 0;
  for (let place = 0; place < columns.length; place++) {
    if (columns[place]![2 * row]! > 0) mask |= 1 << (2 * place);
    if (columns[place]![2 * row + 1]! > 0) mask |= 2 << (2 * place);
  }
  writer.u8(mask & 0xff);
  writer.u8(mask >>> 8);
  for (let bit = 0; mask >>> bit !== 0; bit++) {
    if ((mask & (1 << bit)) !== 0) writer.varint(columns[bit >>> 1]![2 * row + (bit & 1)]!);
  }
}

function decodeDirections(columns: readonly (Float64Array | Uint16Array)[], row: number, reader: ByteReader): void {
  const mask = reader.u8() | (reader.u8() << 8);
  for (let bit = 0; mask >>> bit !== 0; bit++) {
    if ((mask & (1 << bit)) !== 0) columns[bit >>> 1]![2 * row + (bit & 1)] = reader.varint();
  }
}
