/** Cassandra: nodes, the schema, and whether a quorum of copies can answer. */
import { cassandraOptions, connectCassandra } from '@tapline/adapters/cassandra/client';
import { checkMigrations } from '@tapline/adapters/cassandra/migrations/migrate';
import { readMigrations } from '@tapline/adapters/cassandra/migrations/migration-files';
import { SETTINGS } from '@tapline/core/settings/settings';
import type { Client } from 'cassandra-driver';
import { fail, ok, warn, type Check, type Finding } from './check.ts';
import { unreachable } from './reach.ts';

const START = `start Cassandra ("tapline services up" here), or set ${SETTINGS.cassandraContactPoints.name}`;
/** Write times come from several machines: of two writes to a cell the one with the later time stands. */
const CLOCK_DIFFERENCE_MS = 2_000;

export const cassandra: Check = {
  name: 'cassandra',
  needs: [],
  advice: START,
  examine: async (visit) => {
    const options = cassandraOptions(visit.settings);
    if (options.bundle === undefined) {
      const problems = await Promise.all(options.contactPoints.map(problemAt));
      if (!problems.includes(undefined)) {
        return fail(options.contactPoints.map((point, i) => `${point}: ${problems[i]!}`).join('; '), START);
      }
    }
    const connecting = connectCassandra({ ...options, requestMs: visit.requestMs }, { withKeyspace: false });
    visit.closeAtEnd(async () => (await connecting).shutdown());
    const client = await connecting;
    const beforeMs = Date.now();
    const { rows } = await client.execute(
      'SELECT release_version, data_center, toTimestamp(now()) AS now FROM system.local',
    );
    const afterMs = Date.now();
    visit.cassandra = client;
    const { release_version: version, data_center: datacenter, now } = rows[0]! as unknown as Record<string, unknown>;
    const hosts = client.hosts.values();
    const down = hosts.filter((host) => !host.isUp()).map(({ address }) => address);
    const saw = `Cassandra ${String(version)}, ${hosts.length} ${hosts.length === 1 ? 'node' : 'nodes'} in ${String(datacenter)}`;
    if (down.length > 0) return warn(`${saw}, of which ${down.join(', ')} is down`, 'start it, or look at its log');
    const difference = clockDifference(beforeMs, afterMs, (now as Date).getTime());
    if (difference > CLOCK_DIFFERENCE_MS) {
      const advice = 'set both clocks by the network: the later of two writes is the one that stands';
      return warn(`${saw}, whose clock differs by ${(difference / 1000).toFixed(1)} s`, advice);
    }
    return ok(saw);
  },
};

async function problemAt(point: string): Promise<string | undefined> {
  return unreachable(/:\d+$/.test(point) ? point : `${point}:9042`);
}

function clockDifference(beforeMs: number, afterMs: number, theirsMs: number): number {
  return Math.max(0, beforeMs - theirsMs, theirsMs - afterMs);
}

export const schema: Check = {
  name: 'schema',
  needs: ['cassandra'],
  advice: 'run "tapline migrate --check"',
  examine: async ({ cassandra: client, settings }) => {
    const keyspace = settings.cassandraKeyspace;
    const files = readMigrations();
    const states = await checkMigrations(client!, keyspace, files);
    const refused = states.find(({ problem }) => problem !== undefined);
    if (refused !== undefined) return fail(refused.problem!, 'run "tapline migrate --check"');
    const open = states.filter(({ state }) => state !== 'applied');
    const saw = `keyspace ${keyspace}: ${states.length - open.length} of ${files.length} migrations applied`;
    return open.length > 0 ? fail(saw, 'run "tapline migrate"') : ok(saw);
  },
};

export const consistency: Check = {
  name: 'consistency',
  needs: ['schema'],
  advice: 'start the nodes that are down',
  examine: async ({ cassandra: client, settings }) => {
    const keyspace = settings.cassandraKeyspace;
    const copies = await copiesOf(client!, keyspace, settings.cassandraDatacenter);
    const hosts = client!.hosts.values().filter(({ datacenter }) => datacenter === settings.cassandraDatacenter);
    const up = hosts.filter((host) => host.isUp()).length;
    // Written and read at LOCAL_QUORUM like everything else.
    await client!.execute(`SELECT number FROM ${keyspace}.schema_migrations WHERE scope = 'schema' LIMIT 1`);
    return judgeQuorum(copies, hosts.length, up);
  },
};

/** @param copies undefined when the database does not say, as Astra */
export function judgeQuorum(copies: number | undefined, nodes: number, up: number): Finding {
  if (copies === undefined) return ok('a quorum answers');
  const quorum = Math.floor(copies / 2) + 1;
  const saw = `${copies} ${copies === 1 ? 'copy' : 'copies'}, a quorum of ${quorum} answers, ${up} of ${nodes} nodes are up`;
  // Nodes that are down may all have copies of the same row.
  if (copies - (nodes - up) < quorum)
    return fail(saw.replace('answers', 'is not there for every row'), 'start the nodes that are down');
  if (copies > nodes) return warn(saw, `add nodes, or lower the replication: there are fewer than ${copies}`);
  if (nodes > 1 && copies < 3) return warn(saw, 'use three copies (ALTER KEYSPACE): then a node may die without loss');
  return ok(saw);
}

async function copiesOf(client: Client, keyspace: string, datacenter: string): Promise<number | undefined> {
  const { rows } = await client.execute('SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?', [
    keyspace,
  ]);
  const replication = rows[0]?.['replication'] as ReadonlyMap<string, string> | undefined;
  const factor = Number(replication?.get(datacenter) ?? replication?.get('replication_factor'));
  return Number.isInteger(factor) && factor > 0 ? factor : undefined;
}
