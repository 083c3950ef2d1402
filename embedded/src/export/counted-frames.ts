/** Counts the frames that an export writes, on their way. */
import type { FrameSink } from '@tapline/core/pcap/frame-sink';

export class CountedFrames implements FrameSink {
  packets = 0;
  /** Captured bytes of the frames. */
  bytes = 0;
  /** Event time of the oldest and the newest frame. */
  fromUs = Infinity;
  toUs = -Infinity;
  readonly #sink: FrameSink;

  constructor(sink: FrameSink) {
    this.#sink = sink;
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
    this.#sink.frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
    this.packets += 1;
    this.bytes += capturedLength;
    if (timeUs < this.fromUs) this.fromUs = timeUs;
    if (timeUs > this.toUs) this.toUs = timeUs;
  }
}
