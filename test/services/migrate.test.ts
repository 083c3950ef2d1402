/** Migrations on a real Cassandra: fresh, again, changed, two at once, killed half-way, both dialects, and the command. */
import { join } from 'node:path';
import type { Client } from 'cassandra-driver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cassandraOptions, connectCassandra } from '@tapline/adapters/cassandra/client';
import { checkMigrations, migrate, migrationScript } from '@tapline/adapters/cassandra/migrations/migrate';
import type { MigrateOptions } from '@tapline/adapters/cassandra/migrations/migrate';
import { readMigrations } from '@tapline/adapters/cassandra/migrations/migration-files';
import type { Settings } from '@tapline/core/settings/settings';
import { tableCql, writeMigrations } from '../helpers/migration-folder.ts';
import { describeWithServices } from '../helpers/services.ts';
import { startTapline, tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const TWO = { '001-one.cql': tableCql('one'), '002-two.cql': tableCql('two') + tableCql('three') };
const DDL = /^\s*(?:CREATE|ALTER|USE)/i;

describeWithServices(['cassandra'], 'migrations', (settings: Settings) => {
  const folder = temporaryFolder();
  const made = new Set<string>();
  let client: Client;
  let names = 0;

  beforeAll(async () => {
    client = await connectCassandra(cassandraOptions(settings), { withKeyspace: false });
  });
  afterAll(async () => {
    const drop = (keyspace: string): Promise<unknown> =>
      client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`, [], { prepare: false, readTimeout: 120_000 });
    await Promise.all(Array.from(made, drop));
    await client.shutdown();
  }, 120_000);

  function newKeyspace(): string {
    const keyspace = `test_migrate_${process.pid}_${Date.now() % 1e6}_${++names}`;
    made.add(keyspace);
    return keyspace;
  }

  /** Options for a keyspace of its own with these files; lines said are kept. */
  function setUp(files: Record<string, string> = TWO): { options: MigrateOptions; lines: string[]; path: string } {
    const path = writeMigrations(join(folder, String(names)), files);
    const lines: string[] = [];
    const options: MigrateOptions = {
      keyspace: newKeyspace(),
      dialect: 'self-hosted',
      replication: 1,
      localDatacenter: settings.cassandraDatacenter,
      files: readMigrations(path),
      tool: 'test 1',
      say: (line) => lines.push(line),
    };
    return { options, lines, path };
  }

  const states = async ({ keyspace, files }: MigrateOptions): Promise<string[]> =>
    (await checkMigrations(client, keyspace, files)).map(({ state }) => state);

  async function tables(keyspace: string): Promise<string[]> {
    const { rows } = await client.execute('SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?', [
      keyspace,
    ]);
    return rows.map((row) => row['table_name'] as string).filter((name) => !name.startsWith('schema_'));
  }

  /** A client that can do nothing any more from the nth change of the schema on: what a crash there leaves. */
  function crashing(n: number): Client {
    let changes = 0;
    return new Proxy(client, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (name !== 'execute') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        return (cql: string, ...rest: unknown[]) => {
          if (changes < n && DDL.test(cql)) changes += 1;
          if (changes >= n) return Promise.reject(new Error('crashed'));
          return (value as (...args: unknown[]) => unknown).call(target, cql, ...rest);
        };
      },
    });
  }

  it('are applied in order, recorded with what and when, and not again', async () => {
    const { options, lines } = setUp();
    const { keyspace } = options;
    expect(await states(options)).toEqual(['pending', 'pending']);
    expect(await migrate(client, options)).toEqual(['001-one.cql', '002-two.cql']);
    expect(await tables(keyspace)).toEqual(['one', 'three', 'two']);
    expect(lines).toContain('002-two.cql  2/2  CREATE TABLE IF NOT EXISTS three (id text PRIMARY KEY, v text)');
    const { rows } = await client.execute(`SELECT * FROM ${keyspace}.schema_migrations WHERE scope = 'schema'`);
    expect(rows.map((row) => ({ ...row }))).toMatchObject(
      options.files.map(({ number, name, sha256 }) => ({ number, name, sha256, state: 'applied', tool: 'test 1' })),
    );
    expect(rows.every((row) => row['took_ms'] > 0 && row['applied_at'] instanceof Date)).toBe(true);
    expect(await migrate(client, options)).toEqual([]);
    expect(await states(options)).toEqual(['applied', 'applied']);
    expect((await client.execute(`SELECT * FROM ${keyspace}.schema_lock`)).rowLength).toBe(0);

    const changed = readMigrations(
      writeMigrations(join(folder, 'changed'), { ...TWO, '001-one.cql': `${TWO['001-one.cql']}-- changed\n` }),
    );
    await expect(migrate(client, { ...options, files: changed })).rejects.toThrow('001-one.cql was changed after it');
    await expect(migrate(client, { ...options, files: options.files.slice(0, 1) })).rejects.toThrow(
      /has migration 002-two\.cql \(.* by test 1\), which this build does not know/,
    );
    expect((await client.execute(`SELECT * FROM ${keyspace}.schema_lock`)).rowLength).toBe(0);
  });

  it('are applied once by two runs at once: one waits for the other', async () => {
    const { options, lines } = setUp();
    const other = await connectCassandra(cassandraOptions(settings), { withKeyspace: false });
    try {
      const applied = await Promise.all([migrate(client, options), migrate(other, options)]);
      expect(applied.flat().sort()).toEqual(['001-one.cql', '002-two.cql']);
      expect(applied.some((files) => files.length === 0)).toBe(true);
      expect(lines.filter((line) => line.includes('is being changed by test 1 on'))).toHaveLength(1);
    } finally {
      await other.shutdown();
    }
  });

  it('go on where a run that died left them, when its lock has ended', async () => {
    const { options, lines } = setUp();
    const { keyspace } = options;
    // Keyspace, two tables of its own, USE, table one, table two; then it dies, and cannot give back its lock.
    await expect(migrate(crashing(7), { ...options, tool: 'test 0', lockSeconds: 6 })).rejects.toThrow('crashed');
    expect(await tables(keyspace)).toEqual(['one', 'two']);
    expect(await states(options)).toEqual(['applied', 'half-applied']);
    await expect(migrate(client, { ...options, waitMs: 0 })).rejects.toThrow(
      /is being changed by test 0 on \S+, process \d+ since .*Z: try again/,
    );
    expect(await migrate(client, options)).toEqual(['002-two.cql']);
    expect(lines.some((line) => line.includes('waiting for it'))).toBe(true);
    expect(await tables(keyspace)).toEqual(['one', 'three', 'two']);
    expect(await states(options)).toEqual(['applied', 'applied']);
  });

  it('stop when the lock ran out while they were away', async () => {
    const { options } = setUp();
    const { keyspace } = options;
    let isTaken = false;
    const asleep = new Proxy(client, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (name !== 'execute') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        return async (cql: string, ...rest: unknown[]) => {
          const result = await (value as (...args: unknown[]) => Promise<unknown>).call(target, cql, ...rest);
          if (cql.includes('INSERT') && cql.includes('schema_lock') && !isTaken) {
            isTaken = true;
            await client.execute(`UPDATE ${keyspace}.schema_lock SET holder = 'x' WHERE name = 'schema'`);
            await new Promise((done) => setTimeout(done, 700));
          }
          return result;
        };
      },
    });
    await expect(migrate(asleep, { ...options, lockSeconds: 1 })).rejects.toThrow('ran out while this run was away');
    expect(await tables(keyspace)).toEqual([]);
  });

  describe('for Astra', () => {
    const files = readMigrations();
    const target = { keyspace: 'k', replication: 3, localDatacenter: 'dc1', files } as const;

    it('make no keyspace and set no options that it does not take', () => {
      const astra = migrationScript({ ...target, dialect: 'astra' }, files);
      expect(astra).not.toMatch(/KEYSPACE|compaction|compression|gc_grace/i);
      expect(astra.match(/CREATE TABLE/g)!.length).toBeGreaterThan(15);
      const own = migrationScript({ ...target, dialect: 'self-hosted' }, files);
      expect(own).toMatch(/^CREATE KEYSPACE IF NOT EXISTS k\nWITH replication = .*'dc1': 3/);
      expect(own).toContain('TimeWindowCompactionStrategy');
      expect(own.match(/CREATE TABLE/g)).toEqual(astra.match(/CREATE TABLE/g));
    });

    it('need a keyspace that was made before', async () => {
      const { options } = setUp({
        '001-a.cql': `-- only: self-hosted\n${tableCql('own')}-- only: astra\n${tableCql('a')}`,
      });
      const astra: MigrateOptions = { ...options, dialect: 'astra' };
      await expect(migrate(client, astra)).rejects.toThrow('on Astra make it in the console');
      await client.execute(
        `CREATE KEYSPACE ${options.keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
        [],
        { prepare: false },
      );
      expect(await migrate(client, astra)).toEqual(['001-a.cql']);
      expect(await tables(options.keyspace)).toEqual(['a']);
    });
  });

  describe('tapline migrate', () => {
    it('checks, applies, says what it did on stderr, and checks again', async () => {
      const { options, path } = setUp();
      const flags = ['--keyspace', options.keyspace, '--folder', path];
      const before = await tapline('migrate', '--check', ...flags);
      expect(before).toMatchObject({ code: 1, stdout: 'pending       001-one.cql\npending       002-two.cql\n' });
      const applied = await tapline('migrate', ...flags);
      expect(applied).toMatchObject({ code: 0, stdout: '' });
      expect(applied.stderr).toContain('is up to date: 2 migrations, 2 migrations applied now');
      expect(await tapline('migrate', '--check', ...flags)).toMatchObject({ code: 0, stdout: '' });
      writeMigrations(path, { '001-one.cql': tableCql('uno'), '003-four.cql': tableCql('four') });
      const after = await tapline('migrate', '--check', ...flags);
      expect(after.code).toBe(1);
      expect(after.stdout).toMatch(
        /^refused {7}001-one\.cql was changed after it was applied .*\npending {7}003-four\.cql\n$/,
      );
      expect(await tapline('migrate', ...flags)).toMatchObject({ code: 1, stdout: '' });
      expect(await tables(options.keyspace)).toEqual(['one', 'three', 'two']);
    });

    it('killed in the middle leaves what the next run brings to its end', async () => {
      const many = Array.from({ length: 12 }, (_, i) => tableCql(`t${i + 10}`)).join('');
      const { options, path } = setUp({ '001-many.cql': many });
      const flags = ['--keyspace', options.keyspace, '--folder', path];
      const { child, finished } = startTapline(['migrate', ...flags, '--lock-seconds', '5']);
      child.stderr!.on('data', (text: Buffer) => {
        if (text.includes(' 3/12 ')) child.kill('SIGKILL');
      });
      expect((await finished).code).toBeNull();
      expect(await states(options)).toEqual(['half-applied']);
      const again = await tapline('migrate', ...flags);
      expect(again).toMatchObject({ code: 0 });
      expect(await tables(options.keyspace)).toHaveLength(12);
      expect(await states(options)).toEqual(['applied']);
    });
  });
});
