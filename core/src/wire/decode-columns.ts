/** Residuals back to columns: the mirror of encode-columns.ts. */
import { PipelineError } from '../errors.ts';
import { COLUMNS } from '../packet/columns.ts';
import type { Coding, PacketColumns } from '../packet/columns.ts';
import { decodeDifference, decodeTimes, unzigzag } from './coding-loops.ts';
import { fillReferences, nextSequence, SECOND_COLUMNS, SECOND_OF_PAIR, STRIDE } from './coding.ts';
import type { CodingScratch, NumberColumn, ResidualSource } from './coding.ts';
import { addFlow, linkRow, startBuild } from './flow-index.ts';
import { FLOW_DISTANCE, WIRE_POSITION } from './wire-columns.ts';

/**
 * Fills the first `source.rows` rows of every column and sets `count`; leaves the batch's flow index in `scratch.index`.
 * Throws WIRE_CORRUPT when a row continues a flow from before the batch.
 */
export function decodeColumns(source: ResidualSource, columns: PacketColumns, scratch: CodingScratch): void {
  columns.count = source.rows;
  decodeFlowNumbers(source, columns, scratch);
  fillReferences(columns.count, scratch);
  for (const { name, type, coding } of COLUMNS) {
    if (coding === 'flowNumber' || SECOND_COLUMNS.has(name)) continue;
    if (type === 'f64') decodeTimeColumn(source, columns, scratch);
    else if (coding === 'sequence') decodeSequences(source, columns, scratch);
    else if (coding === 'endpoint') decodeEndpoints(source, columns, name, type === 'address' ? 4 : 1, scratch);
    // The flow index cannot be linked without the directions: they are there already.
    else if (name !== 'direction') decodeNumbers(source, columns, name, coding, scratch);
  }
}

/** Loads residuals; all-zero columns become zeros. Returns whether any may differ from zero. */
function load(source: ResidualSource, column: number, into: Uint32Array): boolean {
  if (source.load(column, into)) return true;
  into.fill(0, 0, source.rows);
  return false;
}

function decodeFlowNumbers(source: ResidualSource, columns: PacketColumns, scratch: CodingScratch): void {
  const { count, flow, direction } = columns;
  const { index, residuals, secondResiduals } = scratch;
  load(source, WIRE_POSITION.direction, residuals);
  direction.set(residuals.subarray(0, count));
  load(source, FLOW_DISTANCE, residuals);
  load(source, WIRE_POSITION.flow, secondResiduals);
  startBuild(index);
  let begunBefore = 0;
  for (let row = 0; row < count; row++) {
    const distance = residuals[row]!;
    if (distance > row) throw new PipelineError('WIRE_CORRUPT', 'damaged batch: a flow from before the batch');
    if (distance === 0) {
      begunBefore = (begunBefore + unzigzag(secondResiduals[row]!)) >>> 0;
      flow[row] = begunBefore;
      index.local[row] = addFlow(index);
    } else {
      flow[row] = flow[row - distance]!;
      index.local[row] = index.local[row - distance]!;
    }
    linkRow(index, row, index.local[row]!, direction[row]!);
  }
}

function decodeTimeColumn(source: ResidualSource, columns: PacketColumns, scratch: CodingScratch): void {
  const { residuals, secondResiduals, thirdResiduals } = scratch;
  load(source, WIRE_POSITION.timeUs, residuals);
  load(source, WIRE_POSITION.timeUs + 1, secondResiduals);
  load(source, WIRE_POSITION.timeUs + 2, thirdResiduals);
  decodeTimes(residuals, secondResiduals, thirdResiduals, columns.timeUs, columns.count);
}

function decodeEndpoints(
  source: ResidualSource,
  columns: PacketColumns,
  first: NumberColumn,
  words: number,
  scratch: CodingScratch,
): void {
  const second = SECOND_OF_PAIR[first]!;
  const { values, residuals, secondResiduals, endpointReference } = scratch;
  const { count } = columns;
  for (let word = 0; word < words; word++) {
    const some = load(source, WIRE_POSITION[first] + word, residuals);
    const more = load(source, WIRE_POSITION[second] + word, secondResiduals);
    if (some || more) decodePair(residuals, secondResiduals, endpointReference, values, count);
    else {
      values.fill(0, 0, count + 1);
      values.fill(0, STRIDE, STRIDE + count + 1);
    }
    scatter(values, 1, columns[first], word, words, count);
    scatter(values, STRIDE + 1, columns[second], word, words, count);
  }
}

/** Decodes two endpoint columns row by row, because each may be predicted from the other. */
function decodePair(
  firstResiduals: Uint32Array,
  secondResiduals: Uint32Array,
  reference: Int32Array,
  values: Uint32Array,
  count: number,
): void {
  values[0] = 0;
  values[STRIDE] = 0;
  for (let row = 0; row < count; row++) {
    const from = reference[row]!;
    const mirrored = from < STRIDE ? from + STRIDE : from - STRIDE;
    values[row + 1] = values[from]! + unzigzag(firstResiduals[row]!);
    values[STRIDE + row + 1] = values[mirrored]! + unzigzag(secondResiduals[row]!);
  }
}

/** Copies values[at …] to one word of each row. */
function scatter(
  values: Uint32Array,
  at: number,
  column: Uint8Array | Uint16Array | Uint32Array,
  word: number,
  words: number,
  count: number,
): void {
  if (words === 1) column.set(values.subarray(at, at + count));
  else for (let row = 0, to = word; row < count; row++, to += words) column[to] = values[at + row]!;
}

function decodeSequences(source: ResidualSource, columns: PacketColumns, scratch: CodingScratch): void {
  const { count, tcpSeq, tcpAck } = columns;
  const { residuals, secondResiduals, values } = scratch;
  const { previous, opposite } = scratch.index;
  load(source, WIRE_POSITION.tcpSeq, residuals);
  load(source, WIRE_POSITION.tcpAck, secondResiduals);
  for (let row = 0; row < count; row++) {
    const own = previous[row]!;
    const other = opposite[row]!;
    const expected = own >= 0 ? values[own]! : other >= 0 ? tcpAck[other]! : 0;
    const seen = other >= 0 ? values[other]! : own >= 0 ? tcpAck[own]! : 0;
    tcpSeq[row] = expected + unzigzag(residuals[row]!);
    tcpAck[row] = seen + unzigzag(secondResiduals[row]!);
    values[row] = nextSequence(columns, row);
  }
}

function decodeNumbers(
  source: ResidualSource,
  columns: PacketColumns,
  name: NumberColumn,
  coding: Coding,
  scratch: CodingScratch,
): void {
  const { count } = columns;
  const { values, residuals, reference, hostReference } = scratch;
  const column = columns[name];
  const some = load(source, WIRE_POSITION[name], residuals);
  if (coding === 'plain' || (!some && (coding === 'flow' || coding === 'host'))) {
    column.set(residuals.subarray(0, count));
    return;
  }
  values[0] = 0;
  if (coding === 'captured') decodeCaptured(columns, residuals, values);
  else if (coding === 'echo') decodeEcho(columns, scratch);
  else decodeDifference(residuals, coding === 'host' ? hostReference : reference, values, count);
  if (coding === 'payload')
    for (let row = 0; row < count; row++) values[row + 1] = columns.length[row]! - values[row + 1]!;
  column.set(values.subarray(1, count + 1));
}

function decodeCaptured(columns: PacketColumns, residuals: Uint32Array, values: Uint32Array): void {
  const { count, length } = columns;
  let largest = 0;
  for (let row = 0; row < count; row++) {
    const expected = largest > 0 && length[row]! > largest ? largest : length[row]!;
    const captured = (expected + unzigzag(residuals[row]!)) >>> 0;
    values[row + 1] = captured;
    if (captured > largest) largest = captured;
  }
}

function decodeEcho(columns: PacketColumns, scratch: CodingScratch): void {
  const { count, tcpTsValue } = columns;
  const { values, residuals, reference } = scratch;
  const { opposite } = scratch.index;
  for (let row = 0; row < count; row++) {
    const other = opposite[row]!;
    const expected = other >= 0 ? tcpTsValue[other]! : values[reference[row]!]!;
    values[row + 1] = expected + unzigzag(residuals[row]!);
  }
}
