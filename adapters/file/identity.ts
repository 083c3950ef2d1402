/** What makes a stored capture itself: the part of a replay's session id that comes from the file (design §5). */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { inspect, openForReading } from './source.ts';

/** How much of each end of a file goes into its identity. */
export const SAMPLE_BYTES = 1024 * 1024;

/**
 * SHA-256, 64 hex digits, over the size and the first and last mebibyte of the file as stored, so that the identity of a
 * file of any size costs two reads. Random for standard input and pipes, which cannot be replayed. Throws USAGE.
 */
export function captureIdentity(path: string): string {
  const stats = inspect(path);
  if (path === '-' || !stats.isFile()) return randomBytes(32).toString('hex');
  const descriptor = openForReading(path);
  try {
    const sample = (position: number): Uint8Array => {
      const bytes = new Uint8Array(SAMPLE_BYTES);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, SAMPLE_BYTES, position));
    };
    return identityOf(stats.size, sample(0), sample(Math.max(0, stats.size - SAMPLE_BYTES)));
  } finally {
    closeSync(descriptor);
  }
}

/** The same from what was read elsewhere: the first and the last SAMPLE_BYTES, all of it twice when there are fewer. */
export function identityOf(sizeBytes: number, first: Uint8Array, last: Uint8Array): string {
  return createHash('sha256').update(`${sizeBytes}\n`).update(first).update(last).digest('hex');
}
