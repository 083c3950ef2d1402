/**
 * Statistics of many flows, one row each: what a batch says of its flows, or everything known of flows that are open.
 * Rows of the same flow merge in batch order into what one pass over all packets would have given (see fold.ts).
 */
import type { PacketColumns } from '../packet/columns.ts';
import { addPacket, clearFlow, closeFlow, mergeFlow } from './fold.ts';
import type { BatchSegments } from './flow-cut.ts';
import { NO_SEGMENT } from './flow-cut.ts';
import { transportHeaderBytes } from './header-bytes.ts';
import { AT, ROW_NUMBERS, WHO } from './layout.ts';

export class FlowStatistics {
  /** Rows of ROW_NUMBERS numbers, see AT in layout.ts. */
  numbers: Float64Array;
  /** Rows of WHO.size words: between whom. */
  who: Uint32Array;
  #capacity: number;

  constructor(capacity = 64) {
    this.#capacity = capacity;
    this.numbers = new Float64Array(capacity * ROW_NUMBERS);
    this.who = new Uint32Array(capacity * WHO.size);
  }

  /**
   * One row per segment of a batch (see FlowCut), which `into` is overwritten with.
   * @param segments says of each row of `columns` which segment it belongs to
   */
  static fromBatch(columns: PacketColumns, segments: BatchSegments, into = new FlowStatistics()): FlowStatistics {
    into.reserve(segments.count);
    for (let segment = 0; segment < segments.count; segment += 1) {
      into.clear(segment);
      setWho(into.who, segment * WHO.size, columns, segments.firstRow[segment]!, segments.forward[segment]!);
    }
    const { numbers } = into;
    const { timeUs, direction, payloadLength, tcpFlags, tcpWindow } = columns;
    for (let row = 0; row < columns.count; row += 1) {
      const segment = segments.ofRow[row]!;
      if (segment === NO_SEGMENT) continue;
      addPacket(
        numbers,
        segment * ROW_NUMBERS,
        timeUs[row]!,
        direction[row]! ^ segments.forward[segment]!,
        payloadLength[row]!,
        transportHeaderBytes(columns, row),
        tcpFlags[row]!,
        tcpWindow[row]!,
      );
    }
    return into;
  }

  /** Packets of a row; 0 = the row is free. */
  packets(row: number): number {
    return this.numbers[row * ROW_NUMBERS + AT.lengthAll]!;
  }

  /** Makes room for rows up to `rows` - 1; what is there stays. */
  reserve(rows: number): void {
    if (rows <= this.#capacity) return;
    this.#capacity = Math.max(rows, 2 * this.#capacity);
    const { numbers, who } = this;
    this.numbers = new Float64Array(this.#capacity * ROW_NUMBERS);
    this.who = new Uint32Array(this.#capacity * WHO.size);
    this.numbers.set(numbers);
    this.who.set(who);
  }

  clear(row: number): void {
    clearFlow(this.numbers, row * ROW_NUMBERS);
  }

  /** Appends row `fromRow` of `later`, the next packets of the flow, to `row`. */
  merge(row: number, later: FlowStatistics, fromRow: number): void {
    if (this.packets(row) === 0) {
      this.who.set(later.who.subarray(fromRow * WHO.size, (fromRow + 1) * WHO.size), row * WHO.size);
    }
    mergeFlow(this.numbers, row * ROW_NUMBERS, later.numbers, fromRow * ROW_NUMBERS);
  }

  /** To be called once, when nothing more will be merged and before a row is read. */
  close(row: number): void {
    closeFlow(this.numbers, row * ROW_NUMBERS);
  }
}

/** `forward`: the direction of the packet columns that is the flow's forward one. */
function setWho(who: Uint32Array, at: number, columns: PacketColumns, row: number, forward: number): void {
  const isForward = columns.direction[row] === forward;
  const source = isForward ? columns.source : columns.destination;
  const destination = isForward ? columns.destination : columns.source;
  for (let word = 0; word < 4; word += 1) {
    who[at + WHO.source + word] = source[row * 4 + word]!;
    who[at + WHO.destination + word] = destination[row * 4 + word]!;
  }
  const from = columns.sourcePort[row]!;
  const to = columns.destinationPort[row]!;
  who[at + WHO.flow] = columns.flow[row]!;
  who[at + WHO.ports] = isForward ? (from << 16) | to : (to << 16) | from;
  who[at + WHO.protocol] = columns.ipProtocol[row]!;
  who[at + WHO.addressType] = columns.addressType[row]!;
}
