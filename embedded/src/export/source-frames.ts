/** Searches the capture that a run reads, for those who recorded nothing: the file is its own record while it is there. */
import type { PacketFilter } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import { CaptureSetReader } from '@tapline/core/pcap/capture-set-reader';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { openSource } from '@tapline/capture-agent/source/open-source';
import type { FrameSearch } from './frame-search.ts';
import { MatchingFrames } from './matching-frames.ts';

/**
 * Whether the packets of a source came as text, of which nothing can be handed out; reads it as far as its first packet.
 * @throws PipelineError USAGE or SOURCE when it cannot be read
 */
export async function isText(path: string): Promise<boolean> {
  let found: 'frames' | 'text' | undefined;
  const frame = (): void => {
    found = 'frames';
  };
  const rows = (): void => {
    found ??= 'text';
  };
  const reader = new CaptureSetReader({ frame }, () => undefined, { rows, arrivalUs: () => Date.now() * 1000 });
  try {
    for await (const piece of await openSource(path, { warn: () => undefined })) {
      reader.feed(piece);
      if (found !== undefined) break;
    }
    if (found === undefined) reader.end();
  } catch (error) {
    const isDamage = error instanceof PipelineError && /^(CAPTURE_|COMPRESSION)/.test(error.code);
    if (!isDamage) throw error;
  }
  return found === 'text';
}

export class SourceFrames implements FrameSearch {
  readonly missing = [];
  readonly isOpen = false;
  readonly #path: string;
  readonly #reader: CaptureSetReader;

  /**
   * @param path a file, or a directory of captures
   * @param sink gets what matches the filter, in the order of the source
   */
  constructor(path: string, filter: PacketFilter, sink: FrameSink) {
    this.#path = path;
    this.#reader = new CaptureSetReader(new MatchingFrames([filter], sink));
  }

  /** A capture that is damaged ends where it ended for the run, which said so. */
  async *read(): AsyncGenerator<void> {
    try {
      for await (const piece of await openSource(this.#path, { warn: () => undefined })) {
        this.#reader.feed(piece);
        yield;
      }
      this.#reader.end();
    } catch (error) {
      const isDamage = error instanceof PipelineError && /^(CAPTURE_|COMPRESSION)/.test(error.code);
      if (!isDamage) throw error;
    }
  }
}
