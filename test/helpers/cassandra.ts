/** A keyspace of its own for tests on the shared Cassandra: made from the project's schema, emptied at will, dropped. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Client } from 'cassandra-driver';
import { cassandraOptions, connectCassandra, type CassandraOptions } from '@tapline/adapters/cassandra/client';
import { splitStatements } from '@tapline/adapters/cassandra/migrations/split-statements';
import { CassandraSession, type SessionOptions } from '@tapline/adapters/cassandra/session';
import type { Settings } from '@tapline/core/settings/settings';
import type { BatchHeader } from '@tapline/core/wire/batch-header';

const SCHEMA = new URL('../../cql/', import.meta.url);
/** Making a table takes a second on a node that others use. */
const DDL_MS = 60_000;

function projectSchema(): string[] {
  const files = readdirSync(SCHEMA).filter((name) => name.endsWith('.cql'));
  const statements = files.flatMap((file) => splitStatements(readFileSync(new URL(file, SCHEMA), 'utf8'), file));
  return statements.filter(({ only }) => only === undefined).map(({ text }) => text);
}

export class CassandraKeyspace {
  readonly options: CassandraOptions;
  #client: Client | undefined;
  #tables: string[] = [];

  /** @param title what the name begins with; the process makes it unique */
  constructor(settings: Settings, title: string) {
    this.options = { ...cassandraOptions(settings), keyspace: `test_${title}_${process.pid}_${Date.now() % 1e6}` };
  }

  /**
   * Without the options that only matter for disks and years: they take as long to set as the tables to make.
   * @param statements the schema; default: the project's
   */
  async make(statements: readonly string[] = projectSchema()): Promise<void> {
    const { keyspace, localDatacenter } = this.options;
    const client = (this.#client = await connectCassandra(this.options, { withKeyspace: false }));
    await this.run(
      `CREATE KEYSPACE ${keyspace} WITH durable_writes = false
       AND replication = {'class': 'NetworkTopologyStrategy', '${localDatacenter}': 1}`,
    );
    await this.run(`USE ${keyspace}`);
    // Tables need types and changes of tables need these, and nothing else needs anything: asked for together, they take
    // half the time.
    const step = (cql: string): number => ['CREATE TYPE', 'ALTER'].findIndex((start) => cql.startsWith(start));
    for (const now of [0, -1, 1]) {
      await Promise.all(statements.filter((cql) => step(cql) === now).map((cql) => this.run(cql)));
    }
    const tables = await client.execute('SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?', [
      keyspace,
    ]);
    this.#tables = tables.rows.map((row) => row['table_name'] as string);
  }

  /** Changes the schema. */
  async run(cql: string): Promise<void> {
    await this.#client!.execute(cql, [], { prepare: false, readTimeout: DDL_MS });
  }

  /** A session of its own, the caller's to close. */
  async open(options: SessionOptions = {}): Promise<CassandraSession> {
    return new CassandraSession(await connectCassandra(this.options), options);
  }

  /** Empties the tables that have anything in them: finding that out takes a millisecond, emptying a table many. */
  async empty(): Promise<void> {
    const client = this.#client!;
    await Promise.all(
      this.#tables.map(async (table) => {
        const found = await client.execute(`SELECT * FROM ${this.options.keyspace}.${table} LIMIT 1`);
        if (found.rowLength > 0)
          await client.execute(`TRUNCATE ${this.options.keyspace}.${table}`, [], { prepare: false });
      }),
    );
  }

  /** What time does to a batch: its place in the list expires, and an hour later its bytes. */
  async expire({ sensor, session, sequence }: Pick<BatchHeader, 'sensor' | 'session' | 'sequence'>): Promise<void> {
    const { keyspace } = this.options;
    const listed = `DELETE FROM ${keyspace}.batches WHERE sensor = ? AND session = ? AND part = ? AND sequence = ?`;
    await this.#client!.execute(listed, [sensor, session, Math.floor(sequence / 1024), sequence]);
    const stored = `DELETE FROM ${keyspace}.chunks WHERE sensor = ? AND session = ? AND sequence = ?`;
    await this.#client!.execute(stored, [sensor, session, sequence]);
  }

  async drop(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    await client.execute(`DROP KEYSPACE IF EXISTS ${this.options.keyspace}`, [], {
      prepare: false,
      readTimeout: DDL_MS,
    });
    await client.shutdown();
  }
}
