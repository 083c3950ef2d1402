/** Parses stretches of a segment, wherever in it they come from. */
import { PipelineError } from '@tapline/core/errors';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { PcapngParser } from '@tapline/core/pcap/pcapng';
import { PcapngWriter, type WrittenInterface } from '@tapline/core/pcap/pcapng-writer';

export class BlockParser {
  readonly #sink: FrameSink;
  readonly #interfaces: readonly WrittenInterface[];
  #parser: PcapngParser | undefined;

  /** @param interfaces of the segment, as its index lists them */
  constructor(sink: FrameSink, interfaces: readonly WrittenInterface[]) {
    this.#sink = sink;
    this.#interfaces = interfaces;
  }

  /** Hands the frames of a stretch on; false when there are not `packets` whole ones. */
  feed(bytes: Uint8Array, packets: number): boolean {
    const parser = (this.#parser ??= this.#begin());
    const before = parser.packets;
    try {
      parser.feed(bytes);
      if (parser.packets - before === packets) return true;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    this.#parser = undefined;
    return false;
  }

  #begin(): PcapngParser {
    const parser = new PcapngParser(this.#sink);
    new PcapngWriter((bytes) => {
      parser.feed(bytes);
    }, this.#interfaces).flush();
    return parser;
  }
}

/** Whether the segment is at fault, and not who takes its frames. */
export function isDamage(error: unknown): boolean {
  return error instanceof PipelineError && error.code.startsWith('CAPTURE_');
}
