/** The folder of migrations, `NNN-name.cql`: read whole and checked before a database is touched. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError } from '@tapline/core/errors';
import { splitStatements, type MigrationStatement } from './split-statements.ts';

/** The schema that ships with this build. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../cql', import.meta.url));

export interface MigrationFile {
  readonly number: number;
  readonly name: string;
  /** `NNN-name.cql`. */
  readonly file: string;
  /** Of every byte of the file, lower-case hex: a changed comment is a changed file too. */
  readonly sha256: string;
  readonly statements: readonly MigrationStatement[];
}

const FILE_NAME = /^(\d{3})-([a-z0-9]+(?:-[a-z0-9]+)*)\.cql$/;

/**
 * Every migration of the folder in order, numbered from 001 without gaps.
 * @throws PipelineError USAGE naming the file: wrong name, gap, duplicate number, or CQL that splitStatements refuses
 */
export function readMigrations(folder: string = MIGRATIONS_FOLDER): MigrationFile[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.cql'))
    .sort();
  if (files.length === 0) throw new PipelineError('USAGE', `${folder} holds no migrations`);
  return files.map((file, i) => {
    const match = FILE_NAME.exec(file);
    if (match === null) {
      throw new PipelineError('USAGE', `${join(folder, file)}: name migrations like 001-packets.cql`);
    }
    const number = Number(match[1]);
    if (number !== i + 1) {
      const wrong = number <= i ? `${files[i - 1]!} has the same number` : `number ${numberText(i + 1)} is missing`;
      throw new PipelineError('USAGE', `${join(folder, file)}: ${wrong}; migrations count 001, 002, … without gaps`);
    }
    const bytes = readFileSync(join(folder, file));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { number, name: match[2]!, file, sha256, statements: splitStatements(bytes.toString('utf8'), file) };
  });
}

/** `001`. */
export function numberText(number: number): string {
  return String(number).padStart(3, '0');
}
