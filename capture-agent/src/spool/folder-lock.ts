/**
 * One process per folder: a lock that the operating system takes back from a process that was killed, which a file with
 * a process id in it is not. Node offers none but SQLite's.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PipelineError } from '@tapline/core/errors';

/**
 * Takes the lock of an existing folder.
 * @returns what gives it back
 * @throws PipelineError USAGE when another process has it, STORE when the folder cannot be written
 */
export function lockFolder(folder: string, inUse: string): () => void {
  const database = openDatabase(join(folder, 'lock'));
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new PipelineError('USAGE', inUse, { cause });
  }
  return () => {
    database.close();
  };
}

function openDatabase(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY');
    return database;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PipelineError('STORE', `cannot lock ${path}: ${reason}`, { cause });
  }
}
