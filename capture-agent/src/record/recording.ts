/** What a recording is called: by what brings its packets, so that the same ones are never in a record twice. */
import { captureIdentity } from '@tapline/adapters/file/identity';
import { inspect } from '@tapline/adapters/file/source';
import { sha256 } from '@tapline/adapters/hash/sha256';

/** Where a sensor records, and how much. */
export interface RecordPlace {
  /** Holds a folder per sensor. */
  readonly folder: string;
  /** What the segments of a sensor take up at most. */
  readonly sizeBytes: number;
}

/**
 * A file has one name whatever it is run with; what cannot be read again has the name of its session.
 * Throws PipelineError USAGE when `source` cannot be read.
 */
export function recordingName(source: string, session: string): string {
  if (source === '-' || !inspect(source).isFile()) return session;
  return sha256(captureIdentity(source)).slice(0, 16);
}
