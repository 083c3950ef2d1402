/**
 * One process per folder: a lock that the operating system takes back from a process that was killed, which a file with
 * a process id in it is not. Node offers none but SQLite's.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PipelineError } from '@tapline/core/errors';

const SQLITE_BUSY = 5;

/**
 * Takes the lock of an existing folder.
 * @returns what gives it back
 * @throws PipelineError USAGE when another process has it, STORE when the folder cannot be written
 */
export function lockFolder(folder: string, inUse: string): () => void {
  const path = join(folder, 'lock');
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    const { errcode, message } = cause as Error & { readonly errcode?: number };
    if (errcode === SQLITE_BUSY) throw new PipelineError('USAGE', inUse, { cause });
    throw new PipelineError('STORE', `cannot lock ${path}: ${message}`, { cause });
  }
  const locked = database;
  return () => {
    locked.close();
  };
}
