/**
 * A part of the line as a program of its own, so that the benchmark can time it as a whole process:
 * `half-line.ts decode|columns|encode FILE`: decode = frames to columns, to nowhere; columns = with flows;
 * encode = with flows, as zstd batches.
 */
import { openCapture } from '@tapline/adapters/file/source';
import { zstd } from '@tapline/adapters/codec/zstd';
import { Batcher } from '@tapline/capture-agent/batcher';
import { ColumnsSink } from '@tapline/capture-agent/columns-sink';
import { Decoder } from '@tapline/core/decode/decoder';
import { BATCH_CAPACITY, allocateColumns, clearColumns } from '@tapline/core/packet/columns';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';

/** Frames to columns and nothing else: no flows. */
class DecodeOnly implements FrameSink {
  packets = 0;
  readonly #columns = allocateColumns();
  readonly #decoder = new Decoder();
  #row = 0;

  frame(bytes: Uint8Array, offset: number, captured: number, wire: number, us: number, ns: number, link: number): void {
    if (this.#row === BATCH_CAPACITY) {
      clearColumns(this.#columns, this.packets + 1);
      this.#row = 0;
    }
    this.#decoder.decode(this.#columns, this.#row, bytes, offset, captured, wire, us, ns, link);
    this.#row += 1;
    this.packets += 1;
  }
}

const [mode, file] = process.argv.slice(2) as ['decode' | 'columns' | 'encode', string];
let wireBytes = 0;
const decodeOnly = mode === 'columns' ? new ColumnsSink(() => undefined) : new DecodeOnly();
const batcher = new Batcher(
  { sensor: 'bench', session: 'bench', windowUs: 10e6, allowedLatenessUs: 10e6, codec: zstd },
  (message) => {
    if (message.kind === 'batch') wireBytes += message.bytes.length;
  },
);
const reader = new CaptureReader(mode === 'encode' ? batcher : decodeOnly);
for await (const chunk of openCapture(file)) reader.feed(chunk);
reader.end();
batcher.flush();

const packets = mode === 'encode' ? batcher.counters.sent : decodeOnly.packets;
process.stdout.write(
  `${JSON.stringify({ packets, wireBytes, peakRssBytes: process.resourceUsage().maxRSS * 1024 })}\n`,
);
