/** Columns to residuals: see coding.ts. */
import { COLUMNS, LAYER } from '../packet/columns.ts';
import type { Coding, ColumnName, PacketColumns } from '../packet/columns.ts';
import { shortestTcpHeader } from '../packet/tcp-header.ts';
import { encodeAddresses } from './address-coding.ts';
import { encodeDifference, encodeTimes, isConstant, unionOf, zigzag } from './coding-loops.ts';
import { fillReferences, nextSequence, SECOND_COLUMNS, SECOND_OF_PAIR, STRIDE, toHeaderLengths } from './coding.ts';
import type { CodingScratch, NumberColumn, ResidualSink } from './coding.ts';
import { buildFlowIndex } from './flow-index.ts';
import { FLOW_DISTANCE, WIRE_COLUMNS, WIRE_POSITION } from './wire-columns.ts';

/** Codes every column of `columns` into `sink`; leaves the batch's flow index in `scratch.index`. */
export function encodeColumns(columns: PacketColumns, scratch: CodingScratch, sink: ResidualSink): void {
  buildFlowIndex(columns, scratch.index);
  fillReferences(columns.count, scratch);
  const layers = unionOf(columns.layers, 0, columns.count);
  for (const { name, type, coding, needs } of COLUMNS) {
    if (needs !== 0 && (layers & needs) === 0) putAbsent(name, type === 'address' ? 4 : 1, scratch, sink);
    else if (SECOND_COLUMNS.has(name)) continue;
    else if (type === 'f64') encodeTimeColumn(columns, scratch, sink);
    else if (coding === 'flowNumber') encodeFlowNumbers(columns, scratch, sink);
    else if (coding === 'sequence') encodeSequences(columns, scratch, sink);
    else if (type === 'address') encodeAddressPair(columns, name, scratch, sink);
    else if (coding === 'endpoint') encodePorts(columns, name, scratch, sink);
    else encodeNumbers(columns, name, coding, scratch, sink);
  }
}

/** No packet of the batch has the layer of this column: it is zero without looking. */
function putAbsent(name: ColumnName, words: number, scratch: CodingScratch, sink: ResidualSink): void {
  for (let word = 0; word < words; word++) sink.put(WIRE_POSITION[name] + word, scratch.residuals, 0);
}

function encodeFlowNumbers(columns: PacketColumns, scratch: CodingScratch, sink: ResidualSink): void {
  const { count, flow } = columns;
  const { residuals, secondResiduals } = scratch;
  const { previous, opposite } = scratch.index;
  let begunBefore = 0;
  let distances = 0;
  let numbers = 0;
  for (let row = 0; row < count; row++) {
    const own = previous[row]!;
    const other = opposite[row]!;
    const last = own > other ? own : other;
    if (last >= 0) {
      residuals[row] = row - last;
      secondResiduals[row] = 0;
      distances |= row - last;
    } else {
      const number = zigzag((flow[row]! - begunBefore) | 0);
      begunBefore = flow[row]!;
      residuals[row] = 0;
      secondResiduals[row] = number;
      numbers |= number;
    }
  }
  sink.put(FLOW_DISTANCE, residuals, distances);
  sink.put(WIRE_POSITION.flow, secondResiduals, numbers);
}

function encodeTimeColumn(columns: PacketColumns, scratch: CodingScratch, sink: ResidualSink): void {
  const { count } = columns;
  const parts = [scratch.residuals, scratch.secondResiduals, scratch.thirdResiduals] as const;
  encodeTimes(columns.timeUs, ...parts, count);
  parts.forEach((part, index) => {
    sink.put(WIRE_POSITION.timeUs + index, part, unionOf(part, 0, count));
  });
}

function encodeAddressPair(
  columns: PacketColumns,
  first: NumberColumn,
  scratch: CodingScratch,
  sink: ResidualSink,
): void {
  const second = SECOND_OF_PAIR[first]!;
  const positions = [WIRE_POSITION[first], WIRE_POSITION[second]] as const;
  encodeAddresses(
    columns[first] as Uint32Array,
    columns[second] as Uint32Array,
    columns.count,
    ...positions,
    scratch,
    sink,
  );
}

function encodePorts(columns: PacketColumns, first: NumberColumn, scratch: CodingScratch, sink: ResidualSink): void {
  const second = SECOND_OF_PAIR[first]!;
  const { count } = columns;
  const { values, residuals, endpointReference } = scratch;
  values[0] = 0;
  values[STRIDE] = 0;
  for (const [own, peer] of [
    [first, second],
    [second, first],
  ] as const) {
    const position = WIRE_POSITION[own];
    values.set(columns[own].subarray(0, count), 1);
    values.set(columns[peer].subarray(0, count), STRIDE + 1);
    const union = encodeDifference(values, endpointReference, residuals, count, WIRE_COLUMNS[position]!.bits);
    sink.put(position, residuals, union);
  }
}

function encodeSequences(columns: PacketColumns, scratch: CodingScratch, sink: ResidualSink): void {
  const { count, tcpSeq, tcpAck } = columns;
  const { residuals, secondResiduals, values } = scratch;
  const { previous, opposite } = scratch.index;
  let sequences = 0;
  let acknowledgments = 0;
  for (let row = 0; row < count; row++) {
    const own = previous[row]!;
    const other = opposite[row]!;
    const expected = own >= 0 ? values[own]! : other >= 0 ? tcpAck[other]! : 0;
    const seen = other >= 0 ? values[other]! : own >= 0 ? tcpAck[own]! : 0;
    values[row] = nextSequence(columns, row);
    const sequence = zigzag((tcpSeq[row]! - expected) | 0);
    const acknowledgment = zigzag((tcpAck[row]! - seen) | 0);
    residuals[row] = sequence;
    secondResiduals[row] = acknowledgment;
    sequences |= sequence;
    acknowledgments |= acknowledgment;
  }
  sink.put(WIRE_POSITION.tcpSeq, residuals, sequences);
  sink.put(WIRE_POSITION.tcpAck, secondResiduals, acknowledgments);
}

function encodeNumbers(
  columns: PacketColumns,
  name: NumberColumn,
  coding: Coding,
  scratch: CodingScratch,
  sink: ResidualSink,
): void {
  const { count } = columns;
  const { values, residuals } = scratch;
  const position = WIRE_POSITION[name];
  const { bits } = WIRE_COLUMNS[position]!;
  const column = columns[name];
  if (coding === 'plain') sink.put(position, column, unionOf(column, 0, count));
  else if ((coding === 'flow' || coding === 'host') && count > 0 && isConstant(column, count)) {
    residuals.fill(0, 0, count);
    const shift = 32 - bits;
    residuals[0] = zigzag(column[0]! << shift) >>> shift;
    sink.put(position, residuals, residuals[0]);
  } else {
    values[0] = 0;
    values.set(column.subarray(0, count), 1);
    sink.put(position, residuals, encodeColumn(columns, coding, bits, scratch));
  }
}

/** Codes scratch.values into scratch.residuals. */
function encodeColumn(columns: PacketColumns, coding: Coding, bits: number, scratch: CodingScratch): number {
  const { count } = columns;
  const { values, residuals, reference, hostReference } = scratch;
  if (coding === 'captured') return encodeCaptured(columns, values, residuals);
  if (coding === 'echo') return encodeEcho(columns, scratch);
  if (coding === 'options') return encodeHeaderLengths(columns, values, residuals);
  if (coding === 'payload') toHeaderLengths(columns, values);
  return encodeDifference(values, coding === 'host' ? hostReference : reference, residuals, count, bits);
}

function encodeCaptured({ count, length }: PacketColumns, values: Int32Array, residuals: Int32Array): number {
  let largest = 0;
  let union = 0;
  for (let row = 0; row < count; row++) {
    const captured = values[row + 1]! >>> 0;
    const expected = largest > 0 && length[row]! > largest ? largest : length[row]!;
    const residual = zigzag((captured - expected) | 0);
    residuals[row] = residual;
    union |= residual;
    if (captured > largest) largest = captured;
  }
  return union;
}

/** Differences wrap at 8 bits, so that any value of the column comes back. */
function encodeHeaderLengths({ count, layers }: PacketColumns, values: Int32Array, residuals: Int32Array): number {
  let union = 0;
  for (let row = 0; row < count; row++) {
    const expected = (layers[row]! & LAYER.tcp) === 0 ? 0 : shortestTcpHeader(layers[row]!);
    const residual = zigzag((values[row + 1]! - expected) << 24) >>> 24;
    residuals[row] = residual;
    union |= residual;
  }
  return union;
}

function encodeEcho({ count, tcpTsValue }: PacketColumns, scratch: CodingScratch): number {
  const { values, residuals, reference } = scratch;
  const { opposite } = scratch.index;
  let union = 0;
  for (let row = 0; row < count; row++) {
    const other = opposite[row]!;
    const expected = other >= 0 ? tcpTsValue[other]! : values[reference[row]!]!;
    const residual = zigzag((values[row + 1]! - expected) | 0);
    residuals[row] = residual;
    union |= residual;
  }
  return union;
}
