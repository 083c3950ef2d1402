/** Statements over a connection that comes and goes, in numbers that need bounds, and what they are counted as. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectCassandra } from '@tapline/adapters/cassandra/client';
import { CassandraSession, type SessionOptions, type Statement } from '@tapline/adapters/cassandra/session';
import { Counters } from '@tapline/core/cost/meter';
import { CassandraKeyspace } from '../../helpers/cassandra.ts';
import { describeWithServices } from '../../helpers/services.ts';
import { TcpProxy } from '../../helpers/tcp-proxy.ts';

const INSERT = 'INSERT INTO cells (shelf, place, text) VALUES (?, ?, ?)';
const SELECT = 'SELECT place, text FROM cells WHERE shelf = ?';
const row = (shelf: number, place: number, text = 'x'): Statement => ({ cql: INSERT, values: [shelf, place, text] });

describeWithServices(['cassandra'], 'CassandraSession', (settings) => {
  const keyspace = new CassandraKeyspace(settings, 'session');
  const proxy = new TcpProxy(keyspace.options.contactPoints[0]!);
  const sessions: CassandraSession[] = [];

  beforeAll(async () => {
    await keyspace.make([]);
    await keyspace.run('CREATE TABLE cells (shelf int, place int, text text, PRIMARY KEY ((shelf), place))');
    await proxy.open();
  });
  afterAll(async () => {
    await Promise.all(sessions.map((session) => session.close()));
    await proxy.cut();
    await keyspace.drop();
  });

  /** A session whose way to Cassandra the test can cut. */
  async function open(options: SessionOptions = {}): Promise<CassandraSession> {
    const client = await connectCassandra({ ...keyspace.options, contactPoints: [`127.0.0.1:${proxy.port}`] });
    const session = new CassandraSession(client, options);
    sessions.push(session);
    return session;
  }

  const places = async (session: CassandraSession, shelf: number): Promise<number[]> =>
    (await session.all(SELECT, [shelf])).map((found) => found['place'] as number);

  it('goes on when the node comes back, and has lost nothing that it acknowledged', async () => {
    const session = await open();
    await session.write(row(1, 0));
    await proxy.cut();
    const writes = Array.from({ length: 300 }, (_, i) => session.write(row(1, i + 1)));
    const read = places(session, 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await proxy.open();
    await Promise.all([...writes, read]);
    expect(await places(session, 1)).toEqual([...Array(301).keys()]);
  });

  it('gives up when its time is over, and says that trying later may help', async () => {
    const session = await open({ deadlineMs: 300 });
    await proxy.cut();
    const failed = { code: 'STORE', retriable: true };
    await expect(session.write(row(2, 0))).rejects.toMatchObject(failed);
    await expect(session.all(SELECT, [2])).rejects.toMatchObject(failed);
    await proxy.open();
  });

  it('does not try again what can never succeed, and says what to do about a schema that is not there', async () => {
    const session = await open();
    await expect(session.write({ cql: 'INSERT INTO nothing (a) VALUES (?)', values: [1] })).rejects.toMatchObject({
      code: 'STORE',
      retriable: false,
      message: expect.stringContaining('run "tapline migrate"') as string,
    });
    await expect(session.write({ cql: INSERT, values: ['not a number', 1, 'x'] })).rejects.toMatchObject({
      code: 'STORE',
      retriable: false,
    });
  });

  it('cuts the rows of a partition into batches that Cassandra takes, and reads them page by page', async () => {
    const session = await open();
    const long = 'y'.repeat(3000);
    const rows = Array.from({ length: 1000 }, (_, i) => row(3, i, i % 100 === 0 ? 'z'.repeat(60_000) : long));
    await session.writePartition(rows);
    const sizes: number[] = [];
    for await (const page of session.pages(SELECT, [3], 300)) sizes.push(page.length);
    expect(sizes).toEqual([300, 300, 300, 100]);
  });

  it('leaves a column alone that is not given, and of two write times the later stands', async () => {
    const session = await open();
    await session.write(row(4, 0, 'first'), { timestampUs: 20 });
    await session.write({ cql: INSERT, values: [4, 0, undefined] });
    await session.write(row(4, 0, 'earlier'), { timestampUs: 10 });
    expect((await session.first(SELECT, [4]))?.['text']).toBe('first');
  });

  it('counts what is billed: statements, rows, bytes, and units of a kilobyte written and four read', async () => {
    const meter = new Counters();
    const session = await open({ meter });
    await session.write(row(5, 0, 'a'.repeat(2100)));
    await session.writePartition([row(5, 1, 'b'.repeat(400)), row(5, 2, 'c'.repeat(400))]);
    await session.all(SELECT, [5]);
    expect(meter.counts()).toMatchObject({
      'cassandra.writes': 2,
      'cassandra.rowsWritten': 3,
      'cassandra.writeUnits': 4,
      'cassandra.reads': 1,
      'cassandra.rowsRead': 3,
      'cassandra.readUnits': 1,
    });
  });
});
