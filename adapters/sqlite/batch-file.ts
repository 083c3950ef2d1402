/** Where a batch's bytes live in the data folder, and how they get there whole. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BatchHeader } from '@tapline/core/wire/batch-header';

/** Files in one folder; more make some file systems and most people slow. */
const FILES_PER_FOLDER = 1000;
const LONGEST_NAME = 100;

/**
 * A sensor or session name as the name of a folder: any name, on any file system. What is not a lower-case letter, a
 * digit, `-`, `_` or an inner dot is written as the hex of its UTF-8; a very long name keeps its start and its hash.
 */
export function folderName(name: string): string {
  let safe = '';
  for (const char of name) {
    const plain = /^[a-z0-9_-]$/.test(char) || (char === '.' && safe !== '');
    safe += plain ? char : [...Buffer.from(char)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  }
  if (safe === '') return '%';
  if (safe.length <= LONGEST_NAME && !safe.endsWith('.')) return safe;
  return `${safe.slice(0, LONGEST_NAME)}%${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

/** `DATA/batches/<sensor>/<session>/<sequence / 1000>/<sequence>.tpb` */
export function batchPath(dataFolder: string, batch: Pick<BatchHeader, 'sensor' | 'session' | 'sequence'>): string {
  const { sensor, session, sequence } = batch;
  const shelf = String(Math.floor(sequence / FILES_PER_FOLDER));
  return join(dataFolder, 'batches', folderName(sensor), folderName(session), shelf, `${sequence}.tpb`);
}

let temporary = 0;

/**
 * Writes the file under another name and renames it: a reader sees the old file, the new one or none, never a half. A
 * crash between leaves a `.tmp` file that nothing reads and the next write of the same batch does not need.
 */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const scratch = `${path}.${process.pid}-${temporary++}.tmp`;
  try {
    try {
      writeFileSync(scratch, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(scratch, bytes);
    }
    renameSync(scratch, path);
  } catch (error) {
    rmSync(scratch, { force: true });
    throw error;
  }
}
