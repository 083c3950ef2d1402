/** Columns to residuals: see coding.ts. */
import { COLUMNS } from '../packet/columns.ts';
import type { Coding, PacketColumns } from '../packet/columns.ts';
import { encodeDifference, encodeTimes, unionOf, zigzag } from './coding-loops.ts';
import { fillReferences, nextSequence, SECOND_COLUMNS, SECOND_OF_PAIR, STRIDE } from './coding.ts';
import type { CodingScratch, NumberColumn, ResidualSink } from './coding.ts';
import { buildFlowIndex } from './flow-index.ts';
import { FLOW_DISTANCE, WIRE_COLUMNS, WIRE_POSITION } from './wire-columns.ts';

/** Codes every column of `columns` into `sink`; leaves the batch's flow index in `scratch.index`. */
export function encodeColumns(columns: PacketColumns, scratch: CodingScratch, sink: ResidualSink): void {
  buildFlowIndex(columns, scratch.index);
  fillReferences(columns.count, scratch);
  for (const { name, type, coding } of COLUMNS) {
    if (SECOND_COLUMNS.has(name)) continue;
    if (type === 'f64') encodeTimeColumn(columns, scratch, sink);
    else if (coding === 'flowNumber') encodeFlowNumbers(columns, scratch, sink);
    else if (coding === 'sequence') encodeSequences(columns, scratch, sink);
    else if (coding === 'endpoint') encodeEndpoints(columns, name, type === 'address' ? 4 : 1, scratch, sink);
    else encodeNumbers(columns, name, coding, scratch, sink);
  }
}

function encodeFlowNumbers(columns: PacketColumns, scratch: CodingScratch, sink: ResidualSink): void {
  const { count, flow } = columns;
  const { index, residuals, secondResiduals } = scratch;
  let begunBefore = 0;
  let distances = 0;
  let numbers = 0;
  for (let row = 0; row < count; row++) {
    const last = Math.max(index.previous[row]!, index.opposite[row]!);
    const distance = last < 0 ? 0 : row - last;
    const number = last < 0 ? zigzag(flow[row]! - begunBefore) : 0;
    if (last < 0) begunBefore = flow[row]!;
    residuals[row] = distance;
    secondResiduals[row] = number;
    distances |= distance;
    numbers |= number;
  }
  sink.put(FLOW_DISTANCE, residuals, distances);
  sink.put(WIRE_POSITION.flow, secondResiduals, numbers);
}

function encodeTimeColumn(columns: PacketColumns, scratch: CodingScratch, sink: ResidualSink): void {
  const { residuals, secondResiduals, thirdResiduals } = scratch;
  const { count } = columns;
  encodeTimes(columns.timeUs, residuals, secondResiduals, thirdResiduals, count);
  sink.put(WIRE_POSITION.timeUs, residuals, unionOf(residuals, count));
  sink.put(WIRE_POSITION.timeUs + 1, secondResiduals, unionOf(secondResiduals, count));
  sink.put(WIRE_POSITION.timeUs + 2, thirdResiduals, unionOf(thirdResiduals, count));
}

function encodeEndpoints(
  columns: PacketColumns,
  first: NumberColumn,
  words: number,
  scratch: CodingScratch,
  sink: ResidualSink,
): void {
  const second = SECOND_OF_PAIR[first]!;
  for (let word = 0; word < words; word++) {
    for (const [own, peer] of [
      [first, second],
      [second, first],
    ] as const) {
      encodeEndpoint(columns, own, peer, word, words, scratch, sink);
    }
  }
}

function encodeEndpoint(
  columns: PacketColumns,
  own: NumberColumn,
  peer: NumberColumn,
  word: number,
  words: number,
  scratch: CodingScratch,
  sink: ResidualSink,
): void {
  const { count } = columns;
  const { values, residuals } = scratch;
  const position = WIRE_POSITION[own] + word;
  const some =
    gather(columns[own], word, words, count, values, 1) | gather(columns[peer], word, words, count, values, STRIDE + 1);
  if (some === 0) sink.put(position, residuals, 0);
  else {
    const union = encodeDifference(values, scratch.endpointReference, residuals, count, WIRE_COLUMNS[position]!.bits);
    sink.put(position, residuals, union);
  }
}

/** Copies one word of each row to values[at …] and returns the OR of them. */
function gather(
  column: Uint8Array | Uint16Array | Uint32Array,
  word: number,
  words: number,
  count: number,
  values: Uint32Array,
  at: number,
): number {
  if (words === 1) {
    values.set(column.subarray(0, count), at);
    return 1;
  }
  let union = 0;
  for (let row = 0, from = word; row < count; row++, from += words) {
    const value = column[from]!;
    values[at + row] = value;
    union |= value;
  }
  return union;
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
    const sequence = zigzag(tcpSeq[row]! - expected);
    const acknowledgment = zigzag(tcpAck[row]! - seen);
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
  values[0] = 0;
  values.set(columns[name].subarray(0, count), 1);
  const some = unionOf(values, count + 1);
  if (coding === 'plain') {
    residuals.set(values.subarray(1, count + 1));
    sink.put(position, residuals, some);
    return;
  }
  // A column without any value in the batch needs no work, unless it is predicted from another one.
  if (some === 0 && (coding === 'flow' || coding === 'host')) {
    sink.put(position, residuals, 0);
    return;
  }
  if (coding === 'payload')
    for (let row = 0; row < count; row++) values[row + 1] = columns.length[row]! - values[row + 1]!;
  sink.put(position, residuals, encodeColumn(columns, coding, WIRE_COLUMNS[position]!.bits, scratch));
}

function encodeColumn(columns: PacketColumns, coding: Coding, bits: number, scratch: CodingScratch): number {
  const { count } = columns;
  const { values, residuals, reference, hostReference } = scratch;
  if (coding === 'captured') return encodeCaptured(columns, values, residuals);
  if (coding === 'echo') return encodeEcho(columns, scratch);
  return encodeDifference(values, coding === 'host' ? hostReference : reference, residuals, count, bits);
}

function encodeCaptured(columns: PacketColumns, values: Uint32Array, residuals: Uint32Array): number {
  const { count, length } = columns;
  let largest = 0;
  let union = 0;
  for (let row = 0; row < count; row++) {
    const captured = values[row + 1]!;
    const expected = largest > 0 && length[row]! > largest ? largest : length[row]!;
    const residual = zigzag(captured - expected);
    residuals[row] = residual;
    union |= residual;
    if (captured > largest) largest = captured;
  }
  return union;
}

function encodeEcho(columns: PacketColumns, scratch: CodingScratch): number {
  const { count, tcpTsValue } = columns;
  const { values, residuals, reference } = scratch;
  const { opposite } = scratch.index;
  let union = 0;
  for (let row = 0; row < count; row++) {
    const other = opposite[row]!;
    const expected = other >= 0 ? tcpTsValue[other]! : values[reference[row]!]!;
    const residual = zigzag(values[row + 1]! - expected);
    residuals[row] = residual;
    union |= residual;
  }
  return union;
}
