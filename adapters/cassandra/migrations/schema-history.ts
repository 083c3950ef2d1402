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

/** `half-applied`: a run of it began and never ended. */
export type MigrationState = 'applied' | 'pending' | 'half-applied';

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
 * The state of every file, in order.
 * @throws PipelineError STORE naming the file when it is not what was applied, when a migration was left out, or when
 *   the database was migrated by a newer build
 */
export function compareHistory(
  files: readonly MigrationFile[],
  history: readonly RecordedMigration[],
): MigrationState[] {
  const newest = history.at(-1)?.number ?? 0;
  const beyond = history.find(({ number }) => number > files.length);
  if (beyond !== undefined) {
    throw historyError(
      `the database has migration ${numberText(beyond.number)}-${beyond.name}.cql, applied ${beyond.at.toISOString()} by ${beyond.tool}, which this build does not know: use a newer build`,
    );
  }
  return files.map((file): MigrationState => {
    const recorded = history.find(({ number }) => number === file.number);
    if (recorded === undefined) {
      if (file.number > newest) return 'pending';
      throw historyError(`${file.file} was never applied, though later migrations were: the history was tampered with`);
    }
    if (recorded.name !== file.name) {
      const was = `${numberText(recorded.number)}-${recorded.name}.cql`;
      throw historyError(`${file.file} was applied under the name ${was}: give the file its name back`);
    }
    if (recorded.sha256 !== file.sha256) throw changedError(file, recorded);
    return recorded.state === 'applied' ? 'applied' : 'half-applied';
  });
}

function changedError(file: MigrationFile, recorded: RecordedMigration): PipelineError {
  const when = `${recorded.at.toISOString()} by ${recorded.tool}`;
  const what =
    recorded.state === 'applied'
      ? `was changed after it was applied (${when}): restore it, and put what is new into a migration of its own`
      : `was changed after a part of it was applied (${when}): restore it and run again; or drop what it made and its row in schema_migrations`;
  return historyError(
    `${file.file} ${what} (sha256 ${file.sha256.slice(0, 12)}, applied ${recorded.sha256.slice(0, 12)})`,
  );
}

function historyError(message: string): PipelineError {
  return new PipelineError('STORE', message);
}
