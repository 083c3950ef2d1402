/** The frames of a capture file as copies, in pieces of a bounded size, each with its decoded row. */
import { openSource } from '@tapline/capture-agent/source/open-source';
import { Decoder } from '@tapline/core/decode/decoder';
import { allocateColumns, BATCH_CAPACITY, clearColumns, type PacketColumns } from '@tapline/core/packet/columns';
import { CaptureSetReader } from '@tapline/core/pcap/capture-set-reader';

export interface Frame {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly timeUs: number;
  readonly timeNs: number;
  readonly linkType: number;
}

/**
 * Reads a capture to its end.
 * @param take called for each frame with the columns and the row it was decoded into; what it returns is yielded
 * @throws PipelineError when the capture cannot be read, or is damaged
 */
export async function* readFrames<T>(
  file: string,
  signal: AbortSignal,
  take: (frame: Frame, columns: PacketColumns, row: number) => T | undefined,
): AsyncGenerator<T> {
  const source = await openSource(file, { signal, warn: () => undefined });
  const decoder = new Decoder();
  const columns = allocateColumns();
  clearColumns(columns, 1);
  const pending: T[] = [];
  const reader = new CaptureSetReader({
    frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType) {
      if (columns.count === BATCH_CAPACITY) clearColumns(columns, 1);
      const row = columns.count++;
      const frame = { bytes: bytes.slice(offset, offset + capturedLength), wireLength, timeUs, timeNs, linkType };
      decoder.decode(columns, row, bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
      const taken = take(frame, columns, row);
      if (taken !== undefined) pending.push(taken);
    },
  });
  for await (const piece of source) {
    reader.feed(piece);
    yield* pending.splice(0);
  }
  reader.end();
  yield* pending.splice(0);
}
