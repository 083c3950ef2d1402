/** What `services up` and `services env` print is what the settings read. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readSettings } from '@tapline/core/settings/settings';
import { environmentLines, stackEnvironment } from '@tapline/embedded/services/environment';
import { describeStack } from '@tapline/embedded/services/stack';

const dataDir = mkdtempSync(join(tmpdir(), 'tapline-env-'));
afterAll(() => {
  rmSync(dataDir, { recursive: true });
});

const stack = describeStack({ dataDir, ports: { explicit: {}, offset: 1000 }, cassandraNodes: 3 });

it('names every service under the names the settings read', () => {
  expect(readSettings(stackEnvironment(stack))).toMatchObject({
    kafkaBrokers: '127.0.0.1:10092',
    cassandraContactPoints: '127.0.0.1:10042,127.0.0.2:10042,127.0.0.3:10042',
    cassandraDatacenter: 'datacenter1',
    pubsubEmulator: '127.0.0.1:9085',
    bigtableEmulator: '127.0.0.1:9086',
  });
});

it('is printed as lines a shell can read, and leaves out what the stack does not have', () => {
  const only = describeStack({ dataDir, only: ['pubsub', 'kafka'] });
  expect(environmentLines(only)).toBe(
    'export TAPLINE_KAFKA_BROKERS=127.0.0.1:9092\nexport PUBSUB_EMULATOR_HOST=127.0.0.1:8085\n',
  );
});
