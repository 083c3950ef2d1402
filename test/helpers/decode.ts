/** Decodes whole captures and crafted frames for tests: packet columns without the batches around them. */
import { openCapture } from '@tapline/adapters/file/source';
import { Decoder } from '@tapline/core/decode/decoder';
import { FlowTable } from '@tapline/core/decode/flow-table';
import { PipelineError } from '@tapline/core/errors';
import { allocateColumns, BATCH_CAPACITY } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';

export interface DecodedCapture {
  /** Full batches and a rest, in order. */
  readonly batches: readonly PacketColumns[];
  readonly packets: number;
  /** What ended the capture before its end, if anything did. */
  readonly fault: PipelineError | undefined;
}

/** Every packet of a capture file, with flows assigned. Errors that are not about the capture's content are thrown. */
export async function decodeCapture(path: string): Promise<DecodedCapture> {
  const decoder = new Decoder();
  const flows = new FlowTable({ capacity: 1 << 16 });
  const batches: PacketColumns[] = [];
  let packets = 0;
  const reader = new CaptureReader({
    frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType) {
      if (packets % BATCH_CAPACITY === 0) batches.push(allocateColumns());
      const columns = batches.at(-1)!;
      const row = columns.count;
      columns.count += 1;
      packets += 1;
      decoder.decode(columns, row, bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
      flows.assign(columns, row);
    },
  });
  let fault: PipelineError | undefined;
  try {
    for await (const chunk of openCapture(path)) reader.feed(chunk);
    reader.end();
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code === 'USAGE') throw error;
    fault = error;
  }
  return { batches, packets, fault };
}

/** Bytes of a hex dump; spaces and line ends do not count. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(/\s+/g, '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Row 0 of fresh columns, decoded from one frame. `wireLength` is the captured length unless said otherwise. */
export function decodeFrame(
  frame: Uint8Array,
  { linkType = 1, wireLength = frame.length }: { linkType?: number; wireLength?: number } = {},
): PacketColumns {
  const columns = allocateColumns();
  columns.count = 1;
  new Decoder().decode(columns, 0, frame, 0, frame.length, wireLength, 0, 0, linkType);
  return columns;
}
