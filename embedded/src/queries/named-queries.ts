/** The analysts' questions that ship with Tapline: embedded/src/queries/*.sql, run read-only against a data folder. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { PipelineError } from '@tapline/core/errors';
import { formatInstant } from '../cli/format.ts';
import type { Row } from '../cli/rows-output.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

export interface NamedQuery {
  readonly name: string;
  /** The first line of the file. */
  readonly title: string;
  readonly sql: string;
}

export interface QueryParameters {
  /** Event time, inclusive and exclusive. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly limit: number;
  readonly host: string | null;
}

/** Every query, ascending by name. */
export function namedQueries(): NamedQuery[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const sql = readFileSync(join(FOLDER, file), 'utf8');
      return { name: file.slice(0, -'.sql'.length), title: sql.split('\n', 1)[0]!.replace(/^--\s*/, ''), sql };
    });
}

/** Runs a query by name. Throws PipelineError USAGE for an unknown name or a folder without data. */
export function runQuery(folder: string, name: string, parameters: QueryParameters): Row[] {
  const query = namedQueries().find((known) => known.name === name);
  if (query === undefined) {
    const names = namedQueries().map((known) => known.name);
    throw new PipelineError('USAGE', `there is no query ${JSON.stringify(name)}; there are: ${names.join(', ')}`);
  }
  const file = join(folder, 'tapline.db');
  if (!existsSync(file)) {
    throw new PipelineError(
      'USAGE',
      `${folder} holds no Tapline data: name the folder that "tapline run --data" wrote`,
    );
  }
  const database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
  try {
    database.function('time_us', (timeUs) => (typeof timeUs === 'number' ? formatInstant(timeUs) : null));
    const statement = database.prepare(query.sql);
    statement.setAllowUnknownNamedParameters(true);
    const { fromUs, toUs, limit, host } = parameters;
    return statement.all({ from: fromUs, to: toUs, limit, host }).map((row) => ({ ...row }));
  } catch (cause) {
    throw new PipelineError('STORE', `cannot query ${file}: ${(cause as Error).message}`, { cause });
  } finally {
    database.close();
  }
}
