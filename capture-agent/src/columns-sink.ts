/** Frames in, decoded columns out: the decoder and the flow table without batches, for those who only want rows. */
import { Decoder } from '@tapline/core/decode/decoder';
import { FlowTable } from '@tapline/core/decode/flow-table';
import {
  BATCH_CAPACITY,
  allocateColumns,
  clearColumns,
  copyRow,
  type PacketColumns,
} from '@tapline/core/packet/columns';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';

export class ColumnsSink implements FrameSink {
  /** Packets decoded so far. */
  packets = 0;
  readonly #columns = allocateColumns();
  readonly #decoder = new Decoder();
  readonly #flows = new FlowTable();
  readonly #take: (columns: PacketColumns) => void;

  /** @param take called with up to BATCH_CAPACITY rows, which are valid only during the call */
  constructor(take: (columns: PacketColumns) => void) {
    this.#take = take;
    clearColumns(this.#columns, 1);
  }

  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    timeUs: number,
    timeNs: number,
    linkType: number,
  ): void {
    const row = this.#columns.count;
    this.#decoder.decode(this.#columns, row, bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
    this.#flows.assign(this.#columns, row);
    this.#columns.count = row + 1;
    this.packets += 1;
    if (row + 1 === BATCH_CAPACITY) this.flush();
  }

  /** Takes packets of which only the rows are there, made from text. */
  rows(from: PacketColumns): void {
    for (let at = 0; at < from.count; at++) {
      const row = this.#columns.count;
      copyRow(from, at, this.#columns, row);
      this.#columns.flow[row] = 0;
      this.#columns.direction[row] = 0;
      this.#flows.assign(this.#columns, row);
      this.#columns.count = row + 1;
      this.packets += 1;
      if (row + 1 === BATCH_CAPACITY) this.flush();
    }
  }

  /** Hands on the rows gathered so far. */
  flush(): void {
    if (this.#columns.count === 0) return;
    this.#take(this.#columns);
    clearColumns(this.#columns, this.packets + 1);
  }
}
