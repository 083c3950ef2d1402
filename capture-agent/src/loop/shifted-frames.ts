/** Frames on their way to a sink with their times moved, and what was seen of them: the extent of one pass over a capture. */
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import type { PacketColumns } from '@tapline/core/packet/columns';
import type { PacketSink } from '../batcher.ts';
import { TIME_LIMIT_US } from '@tapline/core/pcap/time';

/** A capture of one packet says nothing of a pace: its passes are a second apart. */
const LONE_PACKET_US = 1_000_000;

export class ShiftedFrames implements PacketSink {
  packets = 0;
  readonly #sink: FrameSink;
  readonly #rows: PacketSink['rows'];
  readonly #shiftUs: number;
  #firstUs = Infinity;
  #lastUs = -Infinity;

  /** @param shiftUs whole microseconds that every packet is moved by */
  constructor(sink: FrameSink, rows: PacketSink['rows'], shiftUs: number) {
    this.#sink = sink;
    this.#rows = rows;
    this.#shiftUs = shiftUs;
  }

  /** How long a pass takes in event time: from the oldest to the newest packet, and one mean gap more; whole microseconds. */
  get periodUs(): number {
    const spanUs = this.#lastUs - this.#firstUs;
    if (this.packets < 2) return LONE_PACKET_US;
    return spanUs + Math.max(1, Math.round(spanUs / (this.packets - 1)));
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
    const shiftedUs = this.#shifted(timeUs);
    this.#sink.frame(bytes, offset, capturedLength, wireLength, shiftedUs, timeNs, linkType);
  }

  /** Moves the rows where they are: whoever made them is done with them. */
  rows(columns: PacketColumns): void {
    const { timeUs, count } = columns;
    for (let row = 0; row < count; row++) timeUs[row] = this.#shifted(timeUs[row]!);
    this.#rows(columns);
  }

  #shifted(timeUs: number): number {
    this.packets += 1;
    if (timeUs < this.#firstUs) this.#firstUs = timeUs;
    if (timeUs > this.#lastUs) this.#lastUs = timeUs;
    return Math.min(timeUs + this.#shiftUs, TIME_LIMIT_US);
  }
}
