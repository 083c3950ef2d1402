/** Reads a capture whatever its format: sniffs the first bytes and hands everything to the parser they ask for. */
import { PipelineError } from '../errors.ts';
import type { CaptureParser, FrameSink } from './frame-sink.ts';
import { PcapParser } from './pcap.ts';
import { PcapngParser } from './pcapng.ts';
import { looksLikeText, TextReader, type TextOptions } from '../text/text-reader.ts';
import { SNIFF_BYTES, sniffCapture } from './sniff.ts';
import type { CaptureKind } from './sniff.ts';

/**
 * Feed it a decompressed capture in chunks of any size, then call `end` once. Faults are PipelineErrors whose message
 * names the record and its byte offset; every packet before the fault has been delivered by then.
 */
export class CaptureReader implements CaptureParser {
  readonly #sink: FrameSink;
  readonly #text: TextOptions | undefined;
  #parser: (CaptureParser & { readonly packets: number }) | undefined;
  #kind: CaptureKind = 'unknown';
  /** The first bytes, as long as they are too few to tell. */
  #first = new Uint8Array(0);

  /** @param text reads the text of tcpdump and tshark too; absent: that is a fault */
  constructor(sink: FrameSink, text?: TextOptions) {
    this.#sink = sink;
    this.#text = text;
  }

  /** `pcap` or `pcapng` once enough bytes were fed, `unknown` before and for text. */
  get kind(): CaptureKind {
    return this.#kind;
  }

  /** Packets handed to the sink so far. */
  get packets(): number {
    return this.#parser?.packets ?? 0;
  }

  feed(chunk: Uint8Array): void {
    if (this.#parser !== undefined) {
      this.#parser.feed(chunk);
      return;
    }
    const first = new Uint8Array(Math.min(SNIFF_BYTES, this.#first.length + chunk.length));
    first.set(this.#first);
    const taken = first.length - this.#first.length;
    first.set(chunk.subarray(0, taken), this.#first.length);
    const held = this.#first.length;
    this.#first = first;
    if (first.length < SNIFF_BYTES) return;
    this.#parser = this.#choose(first);
    // With nothing held back the chunk itself begins the capture, and its frames need no copy.
    if (held > 0) this.#parser.feed(first);
    this.#parser.feed(held > 0 ? chunk.subarray(taken) : chunk);
  }

  end(): void {
    if (this.#parser !== undefined) {
      this.#parser.end();
      return;
    }
    const length = this.#first.length;
    const problem = length === 0 ? 'empty file' : `a file of ${length} bytes holds no capture`;
    throw new PipelineError('CAPTURE_FORMAT', `unreadable capture: ${problem}`);
  }

  #choose(first: Uint8Array): CaptureParser & { readonly packets: number } {
    this.#kind = sniffCapture(first);
    switch (this.#kind) {
      case 'pcap':
        return new PcapParser(this.#sink);
      case 'pcapng':
        return new PcapngParser(this.#sink);
      case 'gzip':
      case 'zstd':
        throw new PipelineError('CAPTURE_FORMAT', `unreadable capture: ${this.#kind} inside compressed data`);
      case 'unknown':
        if (this.#text !== undefined && looksLikeText(first))
          return new TextReader(this.#text, () => unreadable(first));
        throw unreadable(first);
    }
  }
}

function unreadable(first: Uint8Array): PipelineError {
  const hex = Array.from(first, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return new PipelineError('CAPTURE_FORMAT', `unreadable capture: neither pcap nor pcapng, it starts with ${hex}`);
}
