/** What a source of captures yields, read as the agent reads it. */
import type { PipelineError } from '@tapline/core/errors';
import { CaptureSetReader } from '@tapline/core/pcap/capture-set-reader';
import type { CapturePiece } from '@tapline/core/pcap/capture-source';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';

export class ReadPieces implements FrameSink {
  /** Event time in microseconds and link type of every frame, in order. */
  readonly frames: { readonly timeUs: number; readonly timeNs: number; readonly linkType: number }[] = [];
  /** Names of captures as they began. */
  readonly names: string[] = [];
  readonly faults: string[] = [];
  fault: PipelineError | undefined;

  frame(_b: Uint8Array, _o: number, _c: number, _w: number, timeUs: number, timeNs: number, linkType: number): void {
    this.frames.push({ timeUs, timeNs, linkType });
  }

  /** Reads to the end, or until `pieces` rejects. */
  async read(pieces: AsyncIterable<CapturePiece>): Promise<this> {
    const reader = new CaptureSetReader(this, ({ message }) => this.faults.push(message));
    try {
      for await (const piece of pieces) {
        if (!(piece instanceof Uint8Array) && piece.kind === 'begin') this.names.push(piece.name);
        reader.feed(piece);
      }
      reader.end();
    } finally {
      this.fault = reader.fault;
    }
    return this;
  }
}
