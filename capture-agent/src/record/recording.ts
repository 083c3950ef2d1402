/** What a recording is called: by what brings its packets, so that the same ones are never in a record twice. */
import { captureIdentity } from '@tapline/adapters/file/identity';
import { inspect } from '@tapline/adapters/file/source';
import { sha256 } from '@tapline/adapters/hash/sha256';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import { sourceAddress } from '../source/source-address.ts';
import type { SourceChoice } from '../source/source-choice.ts';

/** Where a sensor records, and how much. */
export interface RecordPlace {
  /** Holds a folder per sensor. */
  readonly folder: string;
  /** What the segments of a sensor take up at most. */
  readonly sizeBytes: number;
  /** `gs://BUCKET/PREFIX`: where marked segments go, too. */
  readonly bucket?: string;
}

/** What is recorded, of what a sensor is run with. */
export interface Recorded {
  readonly source: SourceChoice | CaptureSource<CapturePiece>;
  readonly session: string;
  readonly duplicatesWithinUs?: number;
}

/**
 * A file that is recorded whole has one name whatever it is run with; the rest has the name of its session.
 * Throws PipelineError USAGE when the source cannot be read.
 */
export function recordingName({ source, session, duplicatesWithinUs }: Recorded): string {
  if (typeof source !== 'string' || duplicatesWithinUs !== undefined) return session;
  const address = sourceAddress(source);
  if (address.kind !== 'file' || source === '-' || !inspect(source).isFile()) return session;
  return sha256(captureIdentity(source)).slice(0, 16);
}
