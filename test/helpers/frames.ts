/** Collects what a capture reader hands on, copied, so that tests can compare frames after the fact. */
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { PipelineError } from '@tapline/core/errors';

export interface SeenFrame {
  readonly bytes: string;
  readonly wireLength: number;
  readonly timeUs: number;
  readonly timeNs: number;
  readonly linkType: number;
}

export class FrameCollector implements FrameSink {
  readonly frames: SeenFrame[] = [];

  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    timeUs: number,
    timeNs: number,
    linkType: number,
  ): void {
    const copy = bytes.subarray(offset, offset + capturedLength);
    // A frame that ran over the end of its buffer would be cut short silently.
    if (copy.length !== capturedLength) throw new Error('frame reaches beyond its buffer');
    this.frames.push({ bytes: Buffer.from(copy).toString('hex'), wireLength, timeUs, timeNs, linkType });
  }
}

export interface Reading {
  readonly frames: SeenFrame[];
  /** The fault that ended the reading; anything but a PipelineError is thrown on. */
  readonly fault: PipelineError | undefined;
}

/** Feeds `file` in chunks that end at the given offsets (ascending) and says what came out. */
export function readCapture(file: Uint8Array, cuts: readonly number[] = []): Reading {
  const collector = new FrameCollector();
  const reader = new CaptureReader(collector);
  try {
    let from = 0;
    for (const to of [...cuts, file.length]) {
      // A copy per chunk that is overwritten afterwards: frames must not be kept by reference.
      const chunk = Uint8Array.from(file.subarray(from, to));
      reader.feed(chunk);
      chunk.fill(0xee);
      from = to;
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { frames: collector.frames, fault: error };
  }
  return { frames: collector.frames, fault: undefined };
}
