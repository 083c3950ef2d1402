/** Keyspaces and replication in both dialects. */
import { describe, expect, it } from 'vitest';
import {
  checkKeyspaceName,
  createKeyspace,
  parseReplication,
  replicationOptions,
} from '@tapline/adapters/cassandra/migrations/dialect';

describe('replication', () => {
  it('is a number of copies in the local data centre, or one number for each', () => {
    expect(replicationOptions(parseReplication('3'), 'datacenter1')).toEqual({
      class: 'NetworkTopologyStrategy',
      datacenter1: '3',
    });
    expect(createKeyspace('tapline', parseReplication('eu-west:3, us-east:2'), 'ignored')).toBe(
      "CREATE KEYSPACE IF NOT EXISTS tapline\nWITH replication = {'class': 'NetworkTopologyStrategy', 'eu-west': 3, 'us-east': 2} AND durable_writes = true",
    );
  });

  it.each(['', '0', '100', '-1', '1.5', 'dc1', 'dc1:0', 'dc1:3,', 'dc1:3,dc1:2', "dc1':3"])('%j is refused', (text) => {
    expect(() => parseReplication(text)).toThrow('is no replication: use a number such as 3');
  });
});

describe('keyspace names', () => {
  it.each(['tapline', 't_2'])('%s is one', (name) => {
    expect(checkKeyspaceName(name)).toBe(name);
  });

  it.each(['', 'Tapline', '2t', 'a b', 'a;b', 'a'.repeat(49)])('%j is refused', (name) => {
    expect(() => checkKeyspaceName(name)).toThrow('cannot be a keyspace');
  });
});
