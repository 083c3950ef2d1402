/**
 * A whole capture in memory before its first packet leaves, decompressed: what disk, network and decompression do then
 * disturbs no pace. Refused beyond a share of the memory that is free: a machine that swaps keeps no pace either.
 */
import { PipelineError } from '@tapline/core/errors';
import type { CaptureMark, CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';

/** Part of the memory available to the process that a capture may take. */
export const PRELOAD_SHARE = 0.5;

/** A capture that was read whole, as often as it is asked for. */
export class PreloadedCapture {
  readonly name: string;
  /** What it takes in memory. */
  readonly sizeBytes: number;
  readonly #pieces: readonly CapturePiece[];

  constructor(name: string, pieces: readonly CapturePiece[], sizeBytes: number) {
    this.name = name;
    this.#pieces = pieces;
    this.sizeBytes = sizeBytes;
  }

  /** The capture for one pass. */
  open(): CaptureSource<CapturePiece> {
    const { name, sizeBytes } = this;
    const pieces = this.#pieces;
    return {
      name,
      sizeBytes,
      bytesRead: 0,
      async *[Symbol.asyncIterator]() {
        const source = this as { bytesRead: number };
        for (const piece of pieces) {
          if (piece instanceof Uint8Array) source.bytesRead += piece.length;
          yield await Promise.resolve(piece);
        }
      },
    };
  }
}

/**
 * Reads all of `source`.
 * @param limitBytes what it may take
 * @throws PipelineError USAGE as soon as it takes more; what reading it throws
 */
export async function preload(
  source: CaptureSource<CapturePiece>,
  limitBytes: number = process.availableMemory() * PRELOAD_SHARE,
): Promise<PreloadedCapture> {
  const pieces: CapturePiece[] = [];
  let sizeBytes = 0;
  for await (const piece of source) {
    if (isMark(piece)) {
      pieces.push(piece);
      continue;
    }
    sizeBytes += piece.length;
    if (sizeBytes > limitBytes) throw tooLarge(source.name, limitBytes);
    // Of a Buffer, slice would be a view.
    pieces.push(new Uint8Array(piece));
  }
  return new PreloadedCapture(source.name, pieces, sizeBytes);
}

function isMark(piece: CapturePiece): piece is CaptureMark {
  return !(piece instanceof Uint8Array);
}

function tooLarge(name: string, limitBytes: number): PipelineError {
  const limit = `${Math.floor(limitBytes / 2 ** 20)} MiB`;
  const share = `half of the memory that is free`;
  return new PipelineError(
    'USAGE',
    `${name} takes more than ${limit} in memory, ${share}: leave --preload away, or free some`,
  );
}
