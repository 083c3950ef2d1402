/** The configuration files of Kafka and Cassandra: loopback only, single-node safe, in the folder they are given. */
import { describe, expect, it } from 'vitest';
import { cassandraJavaArgs, cassandraYaml } from '@tapline/embedded/services/cassandra-config';
import { kafkaProperties } from '@tapline/embedded/services/kafka';
import { choosePorts } from '@tapline/embedded/services/ports';

const ports = choosePorts({ explicit: {}, offset: 500 });

function propertiesOf(text: string): Map<string, string> {
  return new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

describe('server.properties of Kafka', () => {
  const properties = propertiesOf(kafkaProperties('/data dir/kafka', ports));

  it('listens on loopback only, at the ports it is given', () => {
    expect(properties.get('listeners')).toBe('PLAINTEXT://127.0.0.1:9592,CONTROLLER://127.0.0.1:9593');
    expect(properties.get('advertised.listeners')).toBe('PLAINTEXT://127.0.0.1:9592');
    expect(properties.get('controller.quorum.voters')).toBe('1@127.0.0.1:9593');
  });

  it('asks for one copy of every internal topic, because there is one node', () => {
    const copies = [...properties].filter(([name]) => /replication\.factor$|min\.isr$/.test(name));
    expect(copies.length).toBe(5);
    expect(new Set(copies.map(([, value]) => value))).toEqual(new Set(['1']));
  });

  it('takes batches of 2 MB and more, and makes no topic by itself', () => {
    expect(Number(properties.get('message.max.bytes'))).toBeGreaterThanOrEqual(2 << 20);
    expect(properties.get('auto.create.topics.enable')).toBe('false');
  });

  it('keeps its data in the folder, and escapes what properties files would swallow', () => {
    expect(properties.get('log.dirs')).toBe('/data dir/kafka/data');
    expect(propertiesOf(kafkaProperties('/a\\b', ports)).get('log.dirs')).toBe('/a\\\\b/data');
  });
});

describe('cassandra.yaml', () => {
  const node = { folder: '/data "dir"/cassandra-2', nativePort: 9542, storagePort: 7500, heapMb: 512 };
  const three = cassandraYaml({ ...node, host: '127.0.0.2', nodes: 3 });

  it('binds every listener to the address of the node and asks the first node for the ring', () => {
    expect(three).toContain('\nlisten_address: 127.0.0.2\nrpc_address: 127.0.0.2\n');
    expect(three).toContain('- seeds: "127.0.0.1:7500"');
    const addresses = three.match(/\d+\.\d+\.\d+\.\d+/g) ?? [];
    expect(addresses.every((address) => address.startsWith('127.'))).toBe(true);
  });

  it('quotes folders, whatever their names', () => {
    expect(three).toContain('data_file_directories: ["/data \\"dir\\"/cassandra-2/data"]');
    const folders = three.match(/^\w+_directory: .*$/gm) ?? [];
    expect(folders.length).toBe(4);
    expect(folders.every((line) => line.includes('"/data \\"dir\\"/cassandra-2/'))).toBe(true);
  });

  it('spreads tokens for as many copies as there are nodes, at most three', () => {
    const copies = [1, 2, 3, 5].map(
      (nodes) => /replication_factor: (\d)/.exec(cassandraYaml({ ...node, host: '127.0.0.1', nodes }))?.[1],
    );
    expect(copies).toEqual(['1', '2', '3', '3']);
  });

  it('gives Java the heap, and no port for remote management', () => {
    const files = { jamm: '/j/jamm.jar', yaml: '/c/cassandra.yaml', logback: '/c/logback.xml' };
    const args = cassandraJavaArgs({ ...node, host: '127.0.0.1', nodes: 1 }, files);
    expect(args).toContain('-Xmx512m');
    expect(args.filter((arg) => /^-D.*jmx/i.test(arg))).toEqual([]);
  });
});
