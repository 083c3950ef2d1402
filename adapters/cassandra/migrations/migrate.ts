/**
 * Brings a keyspace to the schema of this build, one file of `cql/` after the other, each recorded when all of it is done.
 * A run that dies leaves a half-applied file behind; the next run begins that file again (its statements may run twice).
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { errors, type Client } from 'cassandra-driver';
import { PipelineError } from '@tapline/core/errors';
import { checkKeyspaceName, createKeyspace, replicationOptions, type Dialect, type Replication } from './dialect.ts';
import type { MigrationFile } from './migration-files.ts';
import {
  compareHistory,
  historyTable,
  readHistory,
  record,
  refuseProblems,
  type MigrationState,
} from './schema-history.ts';
import { lockTable, SchemaLock } from './schema-lock.ts';

export interface SchemaTarget {
  readonly keyspace: string;
  readonly dialect: Dialect;
  /** Of a keyspace that has to be made; self-hosted only. */
  readonly replication: Replication;
  readonly localDatacenter: string;
}

export interface MigrateOptions extends SchemaTarget {
  readonly files: readonly MigrationFile[];
  /** What is recorded as having done it, such as `tapline 0.1.0`. */
  readonly tool: string;
  /** Progress and warnings, a line each. */
  readonly say: (line: string) => void;
  /** How long the lock outlives a run that died. */
  readonly lockSeconds?: number;
  /** How long to wait while another run holds the lock. */
  readonly waitMs?: number;
  /** Stops the run after the statement under way; the next run goes on from there. */
  readonly signal?: AbortSignal;
}

const LOCK_SECONDS = 30;
const WAIT_MS = 120_000;
/** Creating a table on a busy node takes seconds. */
const DDL_TIMEOUT_MS = 60_000;
const AGREEMENT_TIMEOUT_MS = 60_000;
const AGREEMENT_POLL_MS = 250;

/**
 * @param client connected, its session's keyspace is changed to `keyspace`
 * @returns the files that were applied now
 * @throws PipelineError STORE naming file and line, when the history does not fit the files, a statement fails, the nodes
 *   do not agree on the schema, or another run holds the lock
 */
export async function migrate(client: Client, options: MigrateOptions): Promise<string[]> {
  const { keyspace, say } = options;
  await ensureKeyspace(client, options);
  // The lock cannot guard its own table: two first runs at once make it twice, which IF NOT EXISTS allows.
  for (const table of [historyTable, lockTable]) await change(client, table(keyspace), `keyspace ${keyspace}`, say);
  await client.execute(`USE ${keyspace}`, [], { prepare: false });
  const lock = await SchemaLock.take(client, {
    keyspace,
    holder: randomUUID(),
    who: `${options.tool} on ${hostname()}, process ${process.pid}`,
    ttlSeconds: options.lockSeconds ?? LOCK_SECONDS,
    waitMs: options.waitMs ?? WAIT_MS,
    onWait: say,
    signal: options.signal,
  });
  try {
    const states = compareHistory(options.files, await readHistory(client, keyspace));
    refuseProblems(states);
    const todo = options.files.filter((_, i) => states[i]!.state !== 'applied');
    for (const file of todo) await apply(client, lock, file, options);
    return todo.map(({ file }) => file);
  } finally {
    await lock.release();
  }
}

/** The state of every file, without writing anything. */
export async function checkMigrations(
  client: Client,
  keyspace: string,
  files: readonly MigrationFile[],
): Promise<MigrationState[]> {
  return compareHistory(files, await readHistory(client, checkKeyspaceName(keyspace)));
}

/** All of the CQL that a new keyspace would get, to be read or pasted into cqlsh. */
export function migrationScript(target: SchemaTarget, files: readonly MigrationFile[]): string {
  const keyspace = checkKeyspaceName(target.keyspace);
  const make = createKeyspace(keyspace, target.replication, target.localDatacenter);
  const start = [...(target.dialect === 'astra' ? [] : [make]), `USE ${keyspace}`];
  const blocks = files.map((file) => [`-- ${file.file}`, ...statementsFor(file, target.dialect)].join('\n'));
  return `${start.map((text) => `${text};`).join('\n')}\n\n${blocks.join('\n\n')}\n`;
}

function statementsFor(file: MigrationFile, dialect: Dialect): string[] {
  return file.statements.filter(({ only }) => only === undefined || only === dialect).map(({ text }) => `${text};`);
}

async function ensureKeyspace(client: Client, options: MigrateOptions): Promise<void> {
  const { dialect, replication, localDatacenter, say } = options;
  const keyspace = checkKeyspaceName(options.keyspace);
  const found = await client.execute(
    'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?',
    [keyspace],
    { prepare: true },
  );
  const wanted = replicationOptions(replication, localDatacenter);
  if (found.rowLength > 0) {
    const has = plainMap(found.rows[0]!['replication']);
    if (dialect === 'self-hosted' && !sameReplication(has, wanted)) {
      say(
        `note: keyspace ${keyspace} is replicated as ${JSON.stringify(has)}, and stays so; ALTER KEYSPACE changes it`,
      );
    }
    return;
  }
  if (dialect === 'astra') {
    throw new PipelineError(
      'STORE',
      `there is no keyspace ${keyspace}: on Astra make it in the console, then run again`,
    );
  }
  say(`keyspace ${keyspace}`);
  await change(client, createKeyspace(keyspace, replication, localDatacenter), `keyspace ${keyspace}`, say);
}

/** A map of the driver, which is a Map or an object as the client was told. */
function plainMap(map: unknown): Record<string, string> {
  return map instanceof Map ? (Object.fromEntries(map) as Record<string, string>) : (map as Record<string, string>);
}

function sameReplication(has: Record<string, string>, wanted: Record<string, string>): boolean {
  const plain = (options: Record<string, string>): string =>
    JSON.stringify(
      Object.entries(options)
        .map(([name, value]) => `${name}=${value.split('.').at(-1)!}`)
        .sort(),
    );
  return plain(has) === plain(wanted);
}

async function apply(client: Client, lock: SchemaLock, file: MigrationFile, options: MigrateOptions): Promise<void> {
  const { keyspace, dialect, tool, say } = options;
  const statements = file.statements.filter(({ only }) => only === undefined || only === dialect);
  const startedMs = performance.now();
  await lock.confirm();
  await record(client, keyspace, file, { state: 'applying', tool, tookMs: null });
  for (const [i, statement] of statements.entries()) {
    if (options.signal?.aborted === true) {
      throw new PipelineError('STORE', `stopped in ${file.file}: run it again to go on`, { retriable: true });
    }
    await lock.confirm();
    say(`${file.file}  ${i + 1}/${statements.length}  ${statement.text.split('\n', 1)[0]!.trim()}`);
    await change(client, statement.text, `${file.file}, line ${statement.line}`, say);
  }
  await lock.confirm();
  const tookMs = Math.round(performance.now() - startedMs);
  await record(client, keyspace, file, { state: 'applied', tool, tookMs });
  say(`${file.file}  applied in ${(tookMs / 1000).toFixed(1)} s`);
}

/** One change of the schema, done when every node that is up has it. */
async function change(client: Client, cql: string, where: string, say: (line: string) => void): Promise<void> {
  try {
    const { info } = await client.execute(cql, [], { prepare: false, readTimeout: DDL_TIMEOUT_MS });
    for (const warning of (info.warnings as string[] | undefined) ?? []) say(`${where}: ${warning}`);
    // The driver has waited 10 s for agreement by then; its typings know neither this nor the check.
    if ((info as { isSchemaInAgreement?: boolean }).isSchemaInAgreement === false) await agreement(client, where);
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause;
    const isRefusal = cause instanceof errors.ResponseError && cause.message.length > 0;
    throw new PipelineError('STORE', `${where}: ${(cause as Error).message}`, { retriable: !isRefusal, cause });
  }
}

async function agreement(client: Client, where: string): Promise<void> {
  const deadlineMs = performance.now() + AGREEMENT_TIMEOUT_MS;
  const metadata = client.metadata as unknown as { checkSchemaAgreement(): Promise<boolean> };
  while (!(await metadata.checkSchemaAgreement())) {
    if (performance.now() > deadlineMs) {
      throw new PipelineError(
        'STORE',
        `${where}: the nodes still disagree on the schema after ${AGREEMENT_TIMEOUT_MS / 1000} s: see "nodetool describecluster", then run again`,
        { retriable: true },
      );
    }
    await new Promise((done) => setTimeout(done, AGREEMENT_POLL_MS));
  }
}
