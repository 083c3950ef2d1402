/**
 * Why the rows go to Cassandra: three nodes on loopback addresses, three copies of every row, and a node killed under load.
 * Every write that was acknowledged is there afterwards, and writing goes on meanwhile.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, types } from 'cassandra-driver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceStatus } from '@tapline/embedded/services/status';
import { RowLoad, ROWS_PER_BUCKET, rowValue } from '../helpers/row-load.ts';
import { canRunServices } from '../helpers/service-programs.ts';
import { tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const OFFSET = 23_000;
const PORT = 9042 + OFFSET;
const NODES = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const TABLE = 'cluster_test.rows';
const START_MS = 300_000;
const STEP_MS = 120_000;
const BEFORE = 2000;
const AFTER = 3000;

const data = ['--data', join(temporaryFolder(), 'ring'), '--only', 'cassandra'];

async function up(): Promise<void> {
  const flags = ['--cassandra-nodes', '3', '--cassandra-heap', '400', '--port-offset', String(OFFSET)];
  const { code, stderr } = await tapline('services', 'up', ...data, ...flags);
  if (code !== 0) throw new Error(stderr);
}

async function nodes(): Promise<ServiceStatus[]> {
  const { stdout } = await tapline('services', 'status', '--json', ...data);
  return (JSON.parse(stdout) as { services: ServiceStatus[] }).services;
}

async function killNode(name: string): Promise<void> {
  const node = (await nodes()).find(({ service }) => service === name);
  process.kill(node!.pid!, 'SIGKILL');
}

function connect(): Client {
  return new Client({
    contactPoints: NODES.map((host) => `${host}:${PORT}`),
    protocolOptions: { port: PORT },
    localDataCenter: 'datacenter1',
    socketOptions: { readTimeout: 20_000 },
  });
}

/** Acknowledged rows that a read at this consistency does not give back as they were written. */
async function lostRows(client: Client, acknowledged: ReadonlySet<number>, consistency: number): Promise<number[]> {
  const read = new Map<number, string>();
  const buckets = Math.ceil((Math.max(...acknowledged) + 1) / ROWS_PER_BUCKET);
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const { rows } = await client.execute(`SELECT id, value FROM ${TABLE} WHERE bucket = ?`, [bucket], {
      prepare: true,
      isIdempotent: true,
      consistency,
    });
    for (const row of rows) read.set(row['id'] as number, row['value'] as string);
  }
  return [...acknowledged].filter((id) => read.get(id) !== rowValue(id));
}

describe.runIf(await canRunServices('cassandra'))('three Cassandra nodes with three copies of every row', () => {
  const client = connect();
  const load = new RowLoad(client, TABLE);

  beforeAll(async () => {
    await up();
    await client.connect();
    await client.execute(
      "CREATE KEYSPACE cluster_test WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}",
    );
    await client.execute(`CREATE TABLE ${TABLE} (bucket int, id int, value text, PRIMARY KEY (bucket, id))`);
  }, START_MS);

  afterAll(async () => {
    await load.stop();
    await client.shutdown();
    await tapline('services', 'down', '--wipe', ...data);
  }, START_MS);

  it(
    'keep writing at LOCAL_QUORUM while one of them is killed, and lose nothing they acknowledged',
    async () => {
      load.start();
      await load.progress(BEFORE, STEP_MS);
      await killNode('cassandra-2');
      await load.progress(AFTER, STEP_MS);
      expect((await nodes()).map(({ state }) => state)).toEqual(['up', 'down', 'up']);
      expect(await lostRows(client, new Set(load.acknowledged), types.consistencies.localQuorum)).toEqual([]);
    },
    STEP_MS,
  );

  it(
    'take the node back while writing goes on, after which all three have every row',
    async () => {
      await up();
      expect((await nodes()).map(({ state }) => state)).toEqual(['up', 'up', 'up']);
      await load.progress(1000, STEP_MS);
      await load.stop();
      const all = await readableAtAll(client, load.acknowledged);
      expect(all).toEqual([]);
    },
    START_MS,
  );

  it(
    'still have every row when another one is killed, now that the first is back',
    async () => {
      await killNode('cassandra-3');
      expect(await lostRows(client, load.acknowledged, types.consistencies.localQuorum)).toEqual([]);
    },
    STEP_MS,
  );
});

/** Reads at ALL as soon as the nodes take the one that came back for alive. */
async function readableAtAll(client: Client, acknowledged: ReadonlySet<number>): Promise<number[]> {
  const deadline = performance.now() + STEP_MS;
  for (;;) {
    try {
      return await lostRows(client, acknowledged, types.consistencies.all);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(500);
    }
  }
}
