/** Passes on the frames that filters select, by the project's own decoder, so that an export agrees with the alerts. */
import { Decoder } from '@tapline/core/decode/decoder';
import type { PacketFilter } from '@tapline/core/detect/alert';
import { BATCH_CAPACITY, allocateColumns, clearColumns } from '@tapline/core/packet/columns';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { compileFilter, type RowTest } from '@tapline/core/report/packet-match';

export class MatchingFrames implements FrameSink {
  readonly #tests: readonly RowTest[];
  readonly #fromUs: number;
  readonly #toUs: number;
  readonly #sink: FrameSink;
  readonly #decoder = new Decoder();
  readonly #columns = allocateColumns();
  #row = 0;

  /**
   * @param filters all of which a frame must match
   * @throws PipelineError USAGE when a host or peer is not an address
   */
  constructor(filters: readonly PacketFilter[], sink: FrameSink) {
    this.#fromUs = Math.max(...filters.map(({ fromUs }) => fromUs));
    this.#toUs = Math.min(...filters.map(({ toUs }) => toUs));
    // Time is told without decoding.
    this.#tests = filters.filter(namesPackets).map(compileFilter);
    this.#sink = sink;
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
    if (timeUs < this.#fromUs || timeUs >= this.#toUs) return;
    if (this.#tests.length > 0) {
      if (this.#row === BATCH_CAPACITY) {
        clearColumns(this.#columns, 1);
        this.#row = 0;
      }
      const row = this.#row++;
      const columns = this.#columns;
      this.#decoder.decode(columns, row, bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
      columns.count = row + 1;
      for (const test of this.#tests) if (!test(columns, row)) return;
    }
    this.#sink.frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
  }
}

function namesPackets({ host, peer, port, protocol }: PacketFilter): boolean {
  return host !== undefined || peer !== undefined || port !== undefined || protocol !== undefined;
}
