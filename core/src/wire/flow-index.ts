/**
 * Which row of a batch continues which: per row the last earlier row of the same flow in the same direction and in the
 * other one, and a dense number of the flow inside the batch. The wire codings predict from it, and whoever aggregates
 * a batch per flow indexes plain arrays with it instead of hashing every packet again.
 */
import { BATCH_CAPACITY } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';

/** Slots of the flow table: a power of two, at least twice the rows of a batch. */
const TABLE_SLOTS = 2 * BATCH_CAPACITY;
const TABLE_SHIFT = 32 - Math.log2(TABLE_SLOTS);

export interface FlowIndex {
  /** Last earlier row of the same flow and direction, -1 = none. */
  readonly previous: Int32Array;
  /** Last earlier row of the same flow in the other direction, -1 = none. */
  readonly opposite: Int32Array;
  /** Number of the row's flow inside the batch, in order of first appearance, from 0. */
  readonly local: Uint16Array;
  /** How many different flows the batch has. */
  flows: number;
  /** Last row so far of flow `local >> 1` in direction `local & 1`; only used while building. */
  readonly last: Int32Array;
  readonly tableKeys: Uint32Array;
  readonly tableLocals: Uint16Array;
  /** Build in which a table slot was filled, so that the table need not be cleared between batches. */
  readonly tableBuilds: Uint32Array;
  build: number;
}

/** An index with room for a full batch; reuse it from batch to batch. */
export function createFlowIndex(): FlowIndex {
  return {
    previous: new Int32Array(BATCH_CAPACITY),
    opposite: new Int32Array(BATCH_CAPACITY),
    local: new Uint16Array(BATCH_CAPACITY),
    flows: 0,
    last: new Int32Array(2 * BATCH_CAPACITY),
    tableKeys: new Uint32Array(TABLE_SLOTS),
    tableLocals: new Uint16Array(TABLE_SLOTS),
    tableBuilds: new Uint32Array(TABLE_SLOTS),
    build: 0,
  };
}

/** Fills `index` for the first `columns.count` rows from their `flow` and `direction`. */
export function buildFlowIndex(columns: PacketColumns, index: FlowIndex): void {
  const { count, flow, direction } = columns;
  const { local } = index;
  startBuild(index);
  for (let row = 0; row < count; row++) {
    if (row > 0 && flow[row] === flow[row - 1]) local[row] = local[row - 1]!;
    else local[row] = findFlow(index, flow[row]!);
    linkRow(index, row, local[row]!, direction[row]!);
  }
}

/** Resets what a build leaves behind. */
export function startBuild(index: FlowIndex): void {
  index.flows = 0;
  index.build++;
  if (index.build > 0xffff_fffe) {
    index.tableBuilds.fill(0);
    index.build = 1;
  }
}

/** Makes room for one more flow and returns its number. */
export function addFlow(index: FlowIndex): number {
  const flow = index.flows++;
  index.last[2 * flow] = -1;
  index.last[2 * flow + 1] = -1;
  return flow;
}

/** Links `row` to the earlier rows of its flow. Rows must come in order. */
export function linkRow(index: FlowIndex, row: number, flow: number, direction: number): void {
  const own = 2 * flow + (direction & 1);
  index.previous[row] = index.last[own]!;
  index.opposite[row] = index.last[own ^ 1]!;
  index.last[own] = row;
}

function findFlow(index: FlowIndex, flow: number): number {
  const { tableKeys, tableLocals, tableBuilds, build } = index;
  let slot = Math.imul(flow, 0x9e37_79b1) >>> TABLE_SHIFT;
  while (tableBuilds[slot] === build) {
    if (tableKeys[slot] === flow) return tableLocals[slot]!;
    slot = (slot + 1) & (TABLE_SLOTS - 1);
  }
  tableBuilds[slot] = build;
  tableKeys[slot] = flow;
  const local = addFlow(index);
  tableLocals[slot] = local;
  return local;
}
