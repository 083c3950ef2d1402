/** What a session is called when nobody says. */
import { randomBytes } from 'node:crypto';
import { captureIdentity } from '@tapline/adapters/file/identity';
import { sha256 } from '@tapline/adapters/hash/sha256';
import type { BatcherOptions } from './batcher.ts';

/** What decides, beside the capture, which batches are made of it. */
type ReplayedWith = Pick<BatcherOptions, 'windowUs' | 'duplicatesWithinUs'>;

/**
 * The session of a replay: what the file is and what it is run with, so that the same run has the same name and replaces
 * itself. Throws PipelineError USAGE when `source` cannot be read.
 */
export function replaySession(source: string, { windowUs, duplicatesWithinUs }: ReplayedWith): string {
  const without = duplicatesWithinUs === undefined ? '' : ` without=${duplicatesWithinUs}`;
  return sha256(`${captureIdentity(source)} window=${windowUs}${without}`).slice(0, 16);
}

/** A name that no other session has, for what cannot be replayed. */
export function freshSession(): string {
  return randomBytes(8).toString('hex');
}
