/** Cassandra nodes: one on 127.0.0.1, or several on neighbouring loopback addresses with the same ports. */
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import { cassandraJavaArgs, cassandraYaml, logbackXml, type CassandraNode } from './cassandra-config.ts';
import { probeCassandra } from './cassandra-probe.ts';
import { fetchJars, findJava, pinnedVersion } from './java.ts';
import type { Ports } from './ports.ts';
import type { Launch, PrepareContext, Service } from './service.ts';

export const MAX_CASSANDRA_NODES = 5;

/** Heap of each node in MB when no flag says: one node serves a whole line, of several each does a part. */
export function defaultHeapMb(nodes: number): number {
  return nodes > 1 ? 512 : 768;
}

/** The nodes of a data folder, in the order in which they join. */
export function cassandraServices(dataDir: string, ports: Ports, nodes: number, heapMb: number): Service[] {
  return Array.from({ length: nodes }, (_, index) => {
    const name = index === 0 ? 'cassandra' : `cassandra-${index + 1}`;
    const host = `127.0.0.${index + 1}`;
    const folder = join(dataDir, name);
    const node = { host, folder, nativePort: ports.cassandra, storagePort: ports.cassandraStorage, nodes, heapMb };
    return {
      name,
      kind: 'cassandra',
      title: `Cassandra ${pinnedVersion('cassandra')}`,
      host,
      ports: [ports.cassandra, ports.cassandraStorage],
      folder,
      logFile: join(dataDir, 'logs', `${name}.log`),
      deadlineMs: 180_000,
      prepare: (context) => prepare(node, context),
      // A node that joins an existing ring knows at least those that were there before it.
      probe: (timeoutMs) => probeCassandra(host, ports.cassandra, index, timeoutMs),
    } satisfies Service;
  });
}

async function prepare(node: CassandraNode, context: PrepareContext): Promise<Launch> {
  const java = await findJava();
  const jars = await fetchJars('cassandra', context);
  const jamm = globSync(join(jars, 'jamm-*.jar'))[0];
  if (jamm === undefined)
    throw new PipelineError('SERVICE', `there is no jamm-*.jar among the jars of Cassandra in ${jars}`);
  const files = { jamm, yaml: join(node.folder, 'cassandra.yaml'), logback: join(node.folder, 'logback.xml') };
  mkdirSync(node.folder, { recursive: true });
  writeFileSync(files.yaml, cassandraYaml(node));
  writeFileSync(files.logback, logbackXml());
  const main = ['-cp', join(jars, '*'), 'org.apache.cassandra.service.CassandraDaemon'];
  return { command: java, args: [...cassandraJavaArgs(node, files), ...main] };
}
