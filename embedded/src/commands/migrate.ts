/** `tapline migrate`: brings the Cassandra keyspace to the schema of this build, or says what that would take. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { cassandraOptions, connectCassandra, type CassandraOptions } from '@tapline/adapters/cassandra/client';
import {
  checkKeyspaceName,
  DIALECTS,
  parseReplication,
  type Dialect,
  type Replication,
} from '@tapline/adapters/cassandra/migrations/dialect';
import {
  checkMigrations,
  migrate,
  migrationScript,
  type SchemaTarget,
} from '@tapline/adapters/cassandra/migrations/migrate';
import {
  MIGRATIONS_FOLDER,
  readMigrations,
  type MigrationFile,
} from '@tapline/adapters/cassandra/migrations/migration-files';
import { PipelineError } from '@tapline/core/errors';
import { readSettings, SETTINGS } from '@tapline/core/settings/settings';
import { parseCount } from '../cli/options.ts';
import { version } from '../cli/version.ts';

interface MigrateFlags {
  readonly check: boolean;
  readonly dryRun: boolean;
  readonly dialect?: Dialect;
  readonly replication: Replication;
  readonly keyspace?: string;
  readonly folder: string;
  readonly lockSeconds: number;
}

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the Cassandra keyspace to the schema of this build; run again, it does what is left to do')
    .option('--check', 'write nothing: list what is pending or changed, exit code 1 when anything is', false)
    .option('--dry-run', 'write nothing and connect to nothing: print all of the CQL', false)
    .addOption(
      new Option(
        '--dialect <dialect>',
        'whose CQL (default: astra with a secure connect bundle, else self-hosted)',
      ).choices(DIALECTS),
    )
    .addOption(
      new Option('--replication <copies>', 'of a keyspace that is made now: 1, 3, or dc1:3,dc2:2')
        .argParser(usageOf(parseReplication))
        .default(1, '1'),
    )
    .option(
      '--keyspace <name>',
      `keyspace (default: ${SETTINGS.cassandraKeyspace.name}, or ${SETTINGS.cassandraKeyspace.fallback})`,
      usageOf(checkKeyspaceName),
    )
    .option('--folder <dir>', 'where the migrations are (default: those of this build)', MIGRATIONS_FOLDER)
    .option('--lock-seconds <n>', 'how long the lock of a run that died keeps others out', parseCount, 30)
    .addHelpText('after', `\nWhere Cassandra is comes from the environment:\n${settingsHelp()}`)
    .action(async (flags: MigrateFlags) => {
      const settings = readSettings(process.env);
      const keyspace = checkKeyspaceName(flags.keyspace ?? settings.cassandraKeyspace);
      const dialect = flags.dialect ?? (settings.astraBundle === undefined ? 'self-hosted' : 'astra');
      const files = readMigrations(flags.folder);
      const target = {
        keyspace,
        dialect,
        replication: flags.replication,
        localDatacenter: settings.cassandraDatacenter,
      };
      if (flags.dryRun) {
        process.stdout.write(migrationScript(target, files));
        return;
      }
      const options = { ...cassandraOptions(settings), keyspace };
      if (flags.check) await check(options, files);
      else await apply(options, { ...target, files, lockSeconds: flags.lockSeconds });
    });
}

/** A parser that throws PipelineError, as commander wants its usage errors. */
function usageOf<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof PipelineError ? error.message : String(error));
    }
  };
}

function settingsHelp(): string {
  return Object.values(SETTINGS)
    .filter(({ name }) => /_(?:CASSANDRA|ASTRA)_/.test(name))
    .map((rule) => `  ${rule.name.padEnd(32)} ${rule.meaning}${'fallback' in rule ? ` (${rule.fallback})` : ''}\n`)
    .join('');
}

/** One line for each migration that is not applied as it is, on stdout. */
async function check(options: CassandraOptions, files: readonly MigrationFile[]): Promise<void> {
  const client = await connectCassandra(options, { withKeyspace: false });
  try {
    const open = (await checkMigrations(client, options.keyspace, files)).filter(({ state }) => state !== 'applied');
    for (const { file, state, problem } of open) process.stdout.write(`${state.padEnd(12)}  ${problem ?? file}\n`);
    const refused = open.some(({ state }) => state === 'refused');
    const verdict =
      open.length === 0
        ? `is up to date: ${files.length} migrations applied`
        : `is not at the schema of this build${refused ? '' : ': run "tapline migrate"'}`;
    process.stderr.write(`keyspace ${options.keyspace} ${verdict}\n`);
    if (open.length > 0) process.exitCode = 1;
  } finally {
    await client.shutdown();
  }
}

async function apply(
  options: CassandraOptions,
  target: SchemaTarget & { readonly files: readonly MigrationFile[]; readonly lockSeconds: number },
): Promise<void> {
  const client = await connectCassandra(options, { withKeyspace: false });
  const stop = new AbortController();
  const onSignal = (): void => {
    process.stderr.write('stopping after this statement\n');
    stop.abort();
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const applied = await migrate(client, {
      ...target,
      tool: `tapline ${version()}`,
      say: (line) => process.stderr.write(`${line}\n`),
      signal: stop.signal,
    });
    const news = applied.length === 0 ? 'nothing to do' : `${applied.length} migrations applied now`;
    process.stderr.write(`keyspace ${target.keyspace} is up to date: ${target.files.length} migrations, ${news}\n`);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await client.shutdown();
  }
}
