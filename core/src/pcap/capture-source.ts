/** A place that captures come from, as those who read it see it, and how a source of several captures says where each begins. */
import type { PipelineError } from '../errors.ts';

/** Decompressed bytes in chunks, each valid until the next one is asked for, and how far the source was read. */
export interface CaptureSource<Piece = Uint8Array> extends AsyncIterable<Piece> {
  /** What was given: a path, an address, or `-`. */
  readonly name: string;
  /** Size as stored (compressed); undefined where nobody knows. */
  readonly sizeBytes: number | undefined;
  /** Stored bytes read so far: with sizeBytes the base of progress and time to go. */
  readonly bytesRead: number;
}

/** Around each capture of a set. Captures have headers of their own, so they cannot be read as one. */
export type CaptureMark =
  | { readonly kind: 'begin'; readonly name: string }
  /** `fault`: why its bytes ended early, if the source knows; the set goes on. */
  | { readonly kind: 'end'; readonly fault?: PipelineError };

export type CapturePiece = Uint8Array | CaptureMark;
