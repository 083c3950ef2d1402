/**
 * The line when what it stands on goes away and comes back: the broker in the middle of a capture, the database under load.
 * Both are this test's own, so that nobody else misses them.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '@tapline/core/settings/settings';
import { DEFAULT_PORTS } from '@tapline/embedded/services/ports';
import type { ChildCommand } from '@tapline/embedded/service-line/child-command';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { embeddedDigest } from '../helpers/embedded-digest.ts';
import { canRunServices } from '../helpers/service-programs.ts';
import { capturedBy, ServiceLine } from '../helpers/service-line.ts';
import { describeWithServices } from '../helpers/services.ts';
import { tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const BUNDLED = join(import.meta.dirname, '../../captures/office-under-attack.pcap.zst');
// Below the ports that the kernel gives to outgoing connections: a service that comes back must find its own free.
const OFFSET = 22_000;
const START_MS = 240_000;
const STEP_MS = 300_000;
const AWAY_MS = 20_000;

const data = ['--data', join(temporaryFolder(), 'outages')];

async function services(command: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await tapline('services', command, ...data, ...args);
  if (code !== 0) throw new Error(stderr);
}

const bringUp = (only: string): Promise<void> => services('up', '--only', only, '--port-offset', String(OFFSET));

if (await canRunServices('kafka', 'cassandra')) {
  describeWithServices(['pubsub', 'bigtable'], 'the line', (shared) => {
    vi.setConfig({ testTimeout: STEP_MS });
    let line: ServiceLine;
    beforeAll(async () => {
      await bringUp('kafka,cassandra');
      const own: Settings = {
        ...shared,
        kafkaBrokers: `127.0.0.1:${DEFAULT_PORTS.kafka + OFFSET}`,
        cassandraContactPoints: `127.0.0.1:${DEFAULT_PORTS.cassandra + OFFSET}`,
      };
      line = await ServiceLine.start(own, { environment: { TAPLINE_ROWS_PER_SECOND: '100' } });
    }, START_MS);
    afterAll(async () => {
      try {
        await line.close();
      } finally {
        await services('down', '--wipe');
      }
    }, START_MS);

    /** A capture of half a minute that is well under way. */
    async function begin(): Promise<{ sensor: string; capture: ChildCommand }> {
      const sensor = line.sensor();
      line.bridge(sensor);
      const capture = line.startCapture(BUNDLED, sensor, '--speed=12');
      const { ledger } = line.stores;
      const arrived = async (): Promise<boolean> => (await ledger.sessions()).some((one) => one.sensor === sensor);
      await until('something was stored', arrived, 60_000);
      return { sensor, capture };
    }

    async function expectWhole(sensor: string, session: string): Promise<void> {
      const { audit, awaited } = await line.settle(sensor, session);
      expect(awaited, line.functions.stderr).toEqual([]);
      expect(audit?.totals).toMatchObject({ offered: 87_542, published: 87_542, stored: 87_542, unexplained: 0 });
      expect(await line.digest(sensor)).toBe(await embeddedDigest(BUNDLED));
    }

    it('loses nothing when the broker is restarted during a capture: what it misses waits in the spool', async () => {
      const { sensor, capture } = await begin();
      await services('down', '--only', 'kafka');
      await sleep(4000);
      expect(capture.lines, 'the capture goes on').toEqual([]);
      await bringUp('kafka');
      const { session, result } = await capturedBy(capture);
      expect(result).toMatchObject({ complete: true, spooledBatches: 0 });
      await expectWhole(sensor, session);
    });

    it('goes on where it was when Cassandra is away for 20 s under load', async () => {
      const { sensor, capture } = await begin();
      await services('down', '--only', 'cassandra');
      expect(capture.lines, 'the capture goes on').toEqual([]);
      await sleep(AWAY_MS);
      await bringUp('cassandra');
      const { session } = await capturedBy(capture);
      await expectWhole(sensor, session);
    });
  });
}
