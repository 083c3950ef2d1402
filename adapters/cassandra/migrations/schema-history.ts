/** What a keyspace says was done to it (`schema_migrations`), compared with the files of this build. */
import type { Client } from 'cassandra-driver';
import { PipelineError } from '@tapline/core/errors';
import { numberText, type MigrationFile } from './migration-files.ts';

/** A row of schema_migrations. */
export interface RecordedMigration {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
  /** `applying` until every statement of it was carried out. */
  readonly state: 'applying' | 'applied';
  readonly tool: string;
  readonly at: Date;
}

/** What a file, or what a database remembers of one, stands at. */
export interface MigrationState {
  /** `NNN-name.cql`. */
  readonly file: string;
  /** `half-applied`: a run of it began and never ended. `refused`: see problem. */
  readonly state: 'applied' | 'pending' | 'half-applied' | 'refused';
  /** Why nothing can be applied before this is put right, with what to do. */
  readonly problem?: string;
}

/** All rows in one partition, so that the history is one read. */
export function historyTable(keyspace: string): string {
  return `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_migrations (
  scope text,
  number int,
  name text,
  sha256 text,
  state text,
  applied_at timestamp,
  took_ms int,
  tool text,
  PRIMARY KEY (scope, number)
)`;
}

/** Ascending by number; empty for a keyspace that does not exist or was never migrated. */
export async function readHistory(client: Client, keyspace: string): Promise<RecordedMigration[]> {
  const table = await client.execute(
    'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?',
    [keyspace, 'schema_migrations'],
    { prepare: true },
  );
  if (table.rowLength === 0) return [];
  const result = await client.execute(
    `SELECT number, name, sha256, state, tool, applied_at FROM ${keyspace}.schema_migrations WHERE scope = 'schema'`,
    [],
    { prepare: false },
  );
  return result.rows.map((row) => ({
    number: row['number'] as number,
    name: row['name'] as string,
    sha256: row['sha256'] as string,
    state: row['state'] === 'applied' ? 'applied' : 'applying',
    tool: row['tool'] as string,
    at: row['applied_at'] as Date,
  }));
}

/** Begins or ends a migration: the same row, written again. */
export async function record(
  client: Client,
  keyspace: string,
  migration: MigrationFile,
  news: { state: RecordedMigration['state']; tool: string; tookMs: number | null },
): Promise<void> {
  await client.execute(
    `INSERT INTO ${keyspace}.schema_migrations (scope, number, name, sha256, state, applied_at, took_ms, tool)
      VALUES ('schema', ?, ?, ?, ?, ?, ?, ?)`,
    [migration.number, migration.name, migration.sha256, news.state, new Date(), news.tookMs, news.tool],
    { prepare: true },
  );
}

/**
 * The state of every file, in order, and after them of what the database has and this build has not. A file is refused
 * when it is not what was applied, or was left out; a migration is, when a newer build applied it.
 */
export function compareHistory(
  files: readonly MigrationFile[],
  history: readonly RecordedMigration[],
): MigrationState[] {
  const newest = history.at(-1)?.number ?? 0;
  const unknown = history.filter(({ number }) => number > files.length);
  return [
    ...files.map((file) =>
      stateOf(
        file,
        history.find(({ number }) => number === file.number),
        newest,
      ),
    ),
    ...unknown.map((recorded): MigrationState => {
      const file = recordedFile(recorded);
      return {
        file,
        state: 'refused',
        problem: `the database has migration ${file} (${when(recorded)}), which this build does not know: use a newer build`,
      };
    }),
  ];
}

function stateOf(file: MigrationFile, recorded: RecordedMigration | undefined, newest: number): MigrationState {
  const refused = (problem: string): MigrationState => ({ file: file.file, state: 'refused', problem });
  if (recorded === undefined) {
    if (file.number > newest) return { file: file.file, state: 'pending' };
    return refused(
      `${file.file} was never applied, though later migrations were: its row in schema_migrations is lost`,
    );
  }
  if (recorded.name !== file.name) {
    return refused(`${file.file} was applied under the name ${recordedFile(recorded)}: give the file its name back`);
  }
  if (recorded.sha256 !== file.sha256) {
    const sums = `sha256 ${file.sha256.slice(0, 12)}…, applied ${recorded.sha256.slice(0, 12)}…`;
    return refused(
      recorded.state === 'applied'
        ? `${file.file} was changed after it was applied (${when(recorded)}; ${sums}): restore it, and put what is new into a migration of its own`
        : `${file.file} was changed after a part of it was applied (${when(recorded)}; ${sums}): restore it and run again; or drop what it made and its row in schema_migrations`,
    );
  }
  return { file: file.file, state: recorded.state === 'applied' ? 'applied' : 'half-applied' };
}

const recordedFile = ({ number, name }: RecordedMigration): string => `${numberText(number)}-${name}.cql`;

const when = ({ at, tool }: RecordedMigration): string => `${at.toISOString()} by ${tool}`;

/** Throws PipelineError STORE with the first problem there is. */
export function refuseProblems(states: readonly MigrationState[]): void {
  const refused = states.find(({ state }) => state === 'refused');
  if (refused !== undefined) throw new PipelineError('STORE', refused.problem!);
}
