/** Residuals back to columns: the mirror of encode-columns.ts. */
import { PipelineError } from '../errors.ts';
import { COLUMNS, LAYER } from '../packet/columns.ts';
import type { Coding, PacketColumns } from '../packet/columns.ts';
import { shortestTcpHeader } from '../packet/tcp-header.ts';
import { decodeAddresses } from './address-coding.ts';
import { decodeDifference, decodeTimes, unzigzag } from './coding-loops.ts';
import { fillReferences, nextSequence, SECOND_COLUMNS, SECOND_OF_PAIR, STRIDE, toHeaderLengths } from './coding.ts';
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
    else if (type === 'address') decodeAddressPair(source, columns, name, scratch);
    else if (coding === 'endpoint') decodePorts(source, columns, name, scratch);
    // The flow index cannot be linked without the directions: they are there already.
    else if (name !== 'direction') decodeNumbers(source, columns, name, coding, scratch);
  }
}

function load(source: ResidualSource, column: number, into: Int32Array): void {
  if (!source.load(column, into)) into.fill(0, 0, source.rows);
}

function decodeFlowNumbers(source: ResidualSource, columns: PacketColumns, scratch: CodingScratch): void {
  const { count, flow, direction } = columns;
  const { index, residuals, secondResiduals } = scratch;
  const { local } = index;
  if (!source.load(WIRE_POSITION.direction, direction)) direction.fill(0, 0, count);
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
      local[row] = addFlow(index);
    } else {
      flow[row] = flow[row - distance]!;
      local[row] = local[row - distance]!;
    }
    linkRow(index, row, local[row]!, direction[row]!);
  }
}

function decodeTimeColumn(source: ResidualSource, columns: PacketColumns, scratch: CodingScratch): void {
  const { residuals, secondResiduals, thirdResiduals } = scratch;
  load(source, WIRE_POSITION.timeUs, residuals);
  load(source, WIRE_POSITION.timeUs + 1, secondResiduals);
  load(source, WIRE_POSITION.timeUs + 2, thirdResiduals);
  decodeTimes(residuals, secondResiduals, thirdResiduals, columns.timeUs, columns.count);
}

function decodeAddressPair(
  source: ResidualSource,
  columns: PacketColumns,
  first: NumberColumn,
  scratch: CodingScratch,
): void {
  const second = SECOND_OF_PAIR[first]!;
  const positions = [WIRE_POSITION[first], WIRE_POSITION[second]] as const;
  decodeAddresses(
    columns[first] as Uint32Array,
    columns[second] as Uint32Array,
    columns.count,
    ...positions,
    scratch,
    source,
  );
}

/** Decodes two port columns row by row, because each may be predicted from the other. */
function decodePorts(
  source: ResidualSource,
  columns: PacketColumns,
  first: NumberColumn,
  scratch: CodingScratch,
): void {
  const second = SECOND_OF_PAIR[first]!;
  const { values, residuals, secondResiduals, endpointReference } = scratch;
  const { count } = columns;
  load(source, WIRE_POSITION[first], residuals);
  load(source, WIRE_POSITION[second], secondResiduals);
  values[0] = 0;
  values[STRIDE] = 0;
  for (let row = 0; row < count; row++) {
    const from = endpointReference[row]!;
    const mirrored = from < STRIDE ? from + STRIDE : from - STRIDE;
    values[row + 1] = (values[from]! + unzigzag(residuals[row]!)) | 0;
    values[STRIDE + row + 1] = (values[mirrored]! + unzigzag(secondResiduals[row]!)) | 0;
  }
  columns[first].set(values.subarray(1, count + 1));
  columns[second].set(values.subarray(STRIDE + 1, STRIDE + count + 1));
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
  const position = WIRE_POSITION[name];
  const column = columns[name];
  const byReference = coding === 'flow' || coding === 'host';
  if (coding === 'plain') {
    if (!source.load(position, column)) column.fill(0, 0, count);
  } else if (byReference && source.isFirstOnly(position)) {
    column.fill(count > 0 && source.load(position, column) ? unzigzag(column[0]!) : 0, 0, count);
  } else {
    load(source, position, scratch.residuals);
    decodeColumn(columns, coding, scratch);
    column.set(scratch.values.subarray(1, count + 1));
  }
}

/** Decodes scratch.residuals into scratch.values. */
function decodeColumn(columns: PacketColumns, coding: Coding, scratch: CodingScratch): void {
  const { count } = columns;
  const { values, residuals, reference, hostReference } = scratch;
  values[0] = 0;
  if (coding === 'captured') decodeCaptured(columns, residuals, values);
  else if (coding === 'echo') decodeEcho(columns, scratch);
  else if (coding === 'options') decodeHeaderLengths(columns, residuals, values);
  else decodeDifference(residuals, coding === 'host' ? hostReference : reference, values, count);
  if (coding === 'payload') toHeaderLengths(columns, values);
}

function decodeCaptured({ count, length }: PacketColumns, residuals: Int32Array, values: Int32Array): void {
  let largest = 0;
  for (let row = 0; row < count; row++) {
    const expected = largest > 0 && length[row]! > largest ? largest : length[row]!;
    const captured = (expected + unzigzag(residuals[row]!)) >>> 0;
    values[row + 1] = captured;
    if (captured > largest) largest = captured;
  }
}

function decodeHeaderLengths({ count, layers }: PacketColumns, residuals: Int32Array, values: Int32Array): void {
  for (let row = 0; row < count; row++) {
    const expected = (layers[row]! & LAYER.tcp) === 0 ? 0 : shortestTcpHeader(layers[row]!);
    values[row + 1] = expected + unzigzag(residuals[row]!);
  }
}

function decodeEcho({ count, tcpTsValue }: PacketColumns, scratch: CodingScratch): void {
  const { values, residuals, reference } = scratch;
  const { opposite } = scratch.index;
  for (let row = 0; row < count; row++) {
    const other = opposite[row]!;
    const expected = other >= 0 ? tcpTsValue[other]! : values[reference[row]!]!;
    values[row + 1] = expected + unzigzag(residuals[row]!);
  }
}
