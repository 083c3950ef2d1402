/** Streaming decompression of stored captures: gzip with any number of members, zstd with any number of frames. */
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Gunzip, ZstdDecompress } from 'node:zlib';
import { PipelineError } from '@tapline/core/errors';

export type Compression = 'gzip' | 'zstd';

/** Output is handed on in pieces of this size when the input can be read again after a fault. */
export const FAST_OUTPUT_BYTES = 64 * 1024;
/** And of this size when it cannot: what is in the piece under work at a fault is lost. */
export const CAREFUL_OUTPUT_BYTES = 16 * 1024;

/** Frames without content in a row before a file is taken for an attempt to keep the reader busy. */
const MAX_EMPTY_FRAMES = 100;

/** How far a decompression came: whole stored bytes used, and bytes handed on. */
export interface DecompressionProgress {
  usedBytes: number;
  deliveredBytes: number;
}

/**
 * Decompresses `input` in constant memory, pulling one chunk at a time. Damaged, truncated or trailing foreign data throws
 * PipelineError COMPRESSION after what could be decompressed was handed on. `progress` is kept up to date on the way.
 */
export async function* decompress(
  kind: Compression,
  input: AsyncIterable<Uint8Array>,
  outputBytes: number,
  progress: DecompressionProgress,
): AsyncGenerator<Uint8Array> {
  let engine = new Engine(kind, outputBytes);
  let padding = false;
  let emptyFrames = 0;
  try {
    for await (const chunk of input) {
      let rest = chunk;
      while (rest.length > 0 && !padding) {
        const before = progress.deliveredBytes;
        const used = yield* engine.process(rest, progress);
        rest = rest.subarray(used);
        if (rest.length === 0) break;
        // The stream ended before its input did. For gzip, whose members node joins itself, that means zero padding, which
        // tapes and block devices leave behind; for zstd, that another frame follows.
        if (kind === 'gzip') {
          padding = true;
          break;
        }
        emptyFrames = progress.deliveredBytes === before ? emptyFrames + 1 : 0;
        if (used === 0 || emptyFrames > MAX_EMPTY_FRAMES) throw damaged(kind, 'endless empty frames', progress);
        engine.close();
        engine = new Engine(kind, outputBytes);
      }
      if (padding && rest.some((byte) => byte !== 0)) throw damaged(kind, 'foreign data behind the padding', progress);
    }
    if (!padding) yield* engine.process(undefined, progress);
  } finally {
    engine.close();
  }
}

function damaged(kind: Compression, problem: string, progress: DecompressionProgress, cause?: Error): PipelineError {
  const place = `after byte ${progress.usedBytes} of the stored file`;
  return new PipelineError('COMPRESSION', `damaged ${kind} data: ${problem} ${place}`, { cause });
}

/** One zlib stream driven by hand, so that what it produced and how much input it used are known at every fault. */
class Engine {
  #ended = false;
  readonly #kind: Compression;
  readonly #stream: Gunzip | ZstdDecompress;
  #failure: Error | undefined;
  /** Whether the chunk under work was taken in whole. */
  #written = false;
  #stirred = false;
  #wake: (() => void) | undefined;

  constructor(kind: Compression, outputBytes: number) {
    this.#kind = kind;
    const options = { chunkSize: outputBytes };
    this.#stream = kind === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
    this.#stream.on('readable', () => {
      this.#stir();
    });
    this.#stream.on('end', () => {
      this.#ended = true;
      this.#stir();
    });
    this.#stream.on('error', (error) => {
      this.#failure = error;
      this.#stir();
    });
  }

  /** Hands on all that `chunk` (or the end of input, when undefined) yields; returns how many of its bytes were used. */
  async *process(chunk: Uint8Array | undefined, progress: DecompressionProgress): AsyncGenerator<Uint8Array, number> {
    const usedBefore = progress.usedBytes;
    const writtenBefore = this.#stream.bytesWritten;
    this.#written = false;
    if (chunk === undefined) this.#stream.end();
    else {
      this.#stream.write(chunk, () => {
        this.#written = true;
        this.#stir();
      });
    }
    for (;;) {
      const last = this.#isIdle();
      this.#stirred = false;
      let output: Uint8Array | null;
      while ((output = this.#stream.read() as Uint8Array | null) !== null) {
        progress.usedBytes = usedBefore + this.#stream.bytesWritten - writtenBefore;
        progress.deliveredBytes += output.length;
        yield output;
      }
      progress.usedBytes = usedBefore + this.#stream.bytesWritten - writtenBefore;
      if (this.#failure !== undefined) throw damaged(this.#kind, this.#failure.message, progress, this.#failure);
      if (last) return progress.usedBytes - usedBefore;
      await this.#untilStirred();
    }
  }

  close(): void {
    this.#stream.destroy();
  }

  #isIdle(): boolean {
    return this.#written || this.#ended;
  }

  #stir(): void {
    this.#stirred = true;
    this.#wake?.();
  }

  async #untilStirred(): Promise<void> {
    if (this.#stirred) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}
