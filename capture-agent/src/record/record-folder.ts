/** The folder of a sensor's record: who may write it, and how a segment leaves it. */
import { mkdirSync, rmSync } from 'node:fs';
import { PipelineError } from '@tapline/core/errors';
import { lockFolder } from '../spool/folder-lock.ts';
import { segmentPath, type SegmentEntry } from './manifest.ts';
import { indexPath } from './segment-index.ts';

/**
 * Makes the folder if needed, and takes its lock.
 * @returns what gives the lock back
 * @throws PipelineError USAGE when another process records there, STORE when it cannot be written
 */
export function lockRecord(folder: string): () => void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw recordError(folder, cause);
  }
  return lockFolder(folder, `another process records into ${folder}: use another --record folder or --sensor`);
}

/** Removes a segment's files. The caller takes it off the manifest afterwards: listed and not there counts as missing. */
export function deleteSegment(folder: string, entry: SegmentEntry): void {
  const path = segmentPath(folder, entry);
  rmSync(path, { force: true });
  rmSync(indexPath(path), { force: true });
}

/** What the file system said, as the error of a record that cannot be written. */
export function recordError(folder: string, cause: unknown): PipelineError {
  if (cause instanceof PipelineError) return cause;
  return new PipelineError('STORE', `cannot record into ${folder}: ${(cause as Error).message}`, { cause });
}
