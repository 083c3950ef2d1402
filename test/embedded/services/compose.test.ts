/** compose.yaml is not what the tests run, so at least it must not drift: same versions, ports and broker settings, loopback only. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pinnedVersion } from '@tapline/embedded/services/java';
import { kafkaProperties } from '@tapline/embedded/services/kafka';
import { DEFAULT_PORTS } from '@tapline/embedded/services/ports';

const compose = readFileSync(resolve(import.meta.dirname, '../../../compose.yaml'), 'utf8');

describe('compose.yaml', () => {
  it('says first of all that it is not the tested stack', () => {
    expect(compose.split('\n')[0]).toMatch(/^# NOT THE TESTED STACK/);
  });

  it('runs the versions that the poms pin', () => {
    expect(compose).toContain(`image: apache/kafka:${pinnedVersion('kafka')}\n`);
    expect(compose).toContain(`image: cassandra:${pinnedVersion('cassandra')}\n`);
  });

  it('publishes the default ports, on loopback only', () => {
    const published = [...compose.matchAll(/ports: \['(.*)'\]/g)].map(([, mapping]) => mapping);
    const { kafka, cassandra, pubsub, bigtable } = DEFAULT_PORTS;
    expect(published).toEqual([kafka, cassandra, pubsub, bigtable].map((port) => `127.0.0.1:${port}:${port}`));
  });

  it('gives the broker the same settings', () => {
    const own = /^(process|node|controller|listeners|advertised|inter|log|num)\b/;
    const shared = kafkaProperties('/x', DEFAULT_PORTS)
      .trimEnd()
      .split('\n')
      .map((line) => line.split('='))
      .filter(([name]) => !own.test(name!));
    expect(shared.length).toBeGreaterThan(8);
    for (const [name, value] of shared) {
      const variable = `KAFKA_${name!.toUpperCase().replaceAll('.', '_')}`;
      expect(compose).toMatch(new RegExp(`^ +${variable}: '?${value!}'?$`, 'm'));
    }
  });
});
