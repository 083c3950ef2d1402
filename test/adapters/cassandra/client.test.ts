/** What of the settings is refused before anything is connected to, and what a person reads when nothing can be. */
import { expect, it, describe } from 'vitest';
import { cassandraOptions, connectCassandra } from '@tapline/adapters/cassandra/client';
import { readSettings } from '@tapline/core/settings/settings';
import { describeWithServices } from '../../helpers/services.ts';

const options = (environment: Record<string, string>): ReturnType<typeof cassandraOptions> =>
  cassandraOptions(readSettings(environment));

describe('cassandraOptions', () => {
  it('has a node on this machine when nothing is set', () => {
    expect(options({})).toEqual({
      contactPoints: ['127.0.0.1:9042'],
      localDatacenter: 'datacenter1',
      keyspace: 'tapline',
    });
  });

  it('takes several contact points, names and IPv6 addresses', () => {
    const points = 'cassandra-1, 10.0.0.2:9043, [::1]:9042';
    expect(options({ TAPLINE_CASSANDRA_CONTACT_POINTS: points }).contactPoints).toEqual([
      'cassandra-1',
      '10.0.0.2:9043',
      '[::1]:9042',
    ]);
  });

  it.each([
    ['TAPLINE_CASSANDRA_CONTACT_POINTS', { TAPLINE_CASSANDRA_CONTACT_POINTS: 'host:port' }],
    ['TAPLINE_CASSANDRA_CONTACT_POINTS', { TAPLINE_CASSANDRA_CONTACT_POINTS: 'host:99999' }],
    ['TAPLINE_CASSANDRA_PASSWORD', { TAPLINE_CASSANDRA_USERNAME: 'me' }],
    ['TAPLINE_ASTRA_BUNDLE', { TAPLINE_ASTRA_BUNDLE: '/no/such/bundle.zip' }],
    ['TAPLINE_CASSANDRA_USERNAME', { TAPLINE_ASTRA_BUNDLE: import.meta.filename }],
  ])('names %s when it is wrong', (name, environment) => {
    expect(() => options(environment)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(name) as string }) as Error,
    );
  });
});

describe('connectCassandra', () => {
  it('says that no node answers, and that trying later may help', async () => {
    const nowhere = { ...options({}), contactPoints: ['127.0.0.1:1'] };
    await expect(connectCassandra(nowhere)).rejects.toMatchObject({
      code: 'STORE',
      retriable: true,
      message: expect.stringMatching(/127\.0\.0\.1:1: no node answers .*is it running/) as string,
    });
  });
});

describeWithServices(['cassandra'], 'connectCassandra with a node', (settings) => {
  const there = cassandraOptions(settings);

  it('says what to do about a keyspace that is not there', async () => {
    await expect(connectCassandra({ ...there, keyspace: 'nobody_made_this' })).rejects.toMatchObject({
      code: 'STORE',
      retriable: false,
      message: expect.stringContaining('no keyspace nobody_made_this: run "tapline migrate"') as string,
    });
  });

  it('names the setting when the data centre is another', async () => {
    const elsewhere = { ...there, localDatacenter: 'atlantis' };
    await expect(connectCassandra(elsewhere, { withKeyspace: false })).rejects.toMatchObject({
      code: 'STORE',
      retriable: false,
      message: expect.stringContaining('TAPLINE_CASSANDRA_DATACENTER') as string,
    });
  });
});
