/** What makes a stored capture itself: the part of a replay's session id that comes from the file (design §5). */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { inspect, openForReading } from './source.ts';

const SAMPLE_BYTES = 1024 * 1024;

/**
 * SHA-256, 64 hex digits, over the size and the first and last mebibyte of the file as stored, so that the identity of a
 * file of any size costs two reads. Random for standard input and pipes, which cannot be replayed. Throws USAGE.
 */
export function captureIdentity(path: string): string {
  const stats = inspect(path);
  if (path === '-' || !stats.isFile()) return randomBytes(32).toString('hex');
  const hash = createHash('sha256').update(`${stats.size}\n`);
  const descriptor = openForReading(path);
  try {
    const sample = new Uint8Array(SAMPLE_BYTES);
    for (const position of [0, Math.max(0, stats.size - SAMPLE_BYTES)]) {
      hash.update(sample.subarray(0, readSync(descriptor, sample, 0, SAMPLE_BYTES, position)));
    }
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}
