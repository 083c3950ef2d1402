/**
 * A sensor that captures the interface over which its own stream goes to a real Kafka: what it sends is counted and left
 * out, so that it does not capture itself, and everything else on that interface arrives.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SensorCounters } from '@tapline/core/ledger/heartbeat';
import { fetchJars } from '@tapline/embedded/services/java';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES, Namespaced } from '../helpers/network-namespace.ts';
import { canRunServices } from '../helpers/service-programs.ts';
import { startTapline, type Finished } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const LIMIT_MS = 180_000;
const BROKER_PORT = 9092;
const DATAGRAMS = 100;

interface Run {
  readonly counters: SensorCounters;
  readonly publishedPackets: number;
  /** Packets to or from the broker's port that were kept. */
  readonly ofTheStream: number;
}

describe.runIf(NAMESPACES && (await canRunServices('kafka')))('a stream over the captured interface', () => {
  const folder = temporaryFolder();
  const stack = ['--only', 'kafka', '--data', join(folder, 'stack')];
  let net: Namespaced;

  beforeAll(async () => {
    // There is no way out of the namespace.
    await fetchJars('kafka', { tell: () => undefined, signal: AbortSignal.timeout(LIMIT_MS) });
    net = new Namespaced();
    net.link('set', 'lo', 'up');
    const { code, stderr } = await net.tapline(['services', 'up', ...stack]).finished;
    if (code !== 0) throw new Error(stderr);
  }, LIMIT_MS);
  afterAll(async () => {
    await net.tapline(['services', 'down', ...stack]).finished;
    net.close();
  }, LIMIT_MS);

  async function capture(...more: string[]): Promise<Run> {
    const [spool, record] = ['spool-', 'record-'].map((name) => mkdtempSync(join(folder, name))) as [string, string];
    const args = ['capture', '-i', 'lo', '--sensor', 'loop', '--json', '--duration', '8s'];
    const command = [...args, '--spool', spool, '--record', record, ...more];
    const environment = { TAPLINE_KAFKA_BROKERS: `127.0.0.1:${BROKER_PORT}` };
    const { child, finished } = startTapline(command, undefined, environment, ['ip', 'netns', 'exec', net.name]);
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('the capture begins', () => said.includes('capturing lo') || child.exitCode !== null, LIMIT_MS);
    const sending = `for i in $(seq ${DATAGRAMS}); do echo x > /dev/udp/127.0.0.1/9999; sleep 0.02; done 2> /dev/null`;
    execFileSync('ip', ['netns', 'exec', net.name, 'bash', '-c', sending]);
    return runOf(await finished, join(record, 'loop'));
  }

  it(
    'is counted as self, left out of stream and record, and does not grow by itself',
    { timeout: LIMIT_MS },
    async () => {
      const without = await capture();
      const { offered, self, sent, kernelDropped } = without.counters;
      expect(offered).toBe(self + sent + kernelDropped);
      expect(without.publishedPackets).toBe(sent);
      expect(sent).toBeGreaterThanOrEqual(DATAGRAMS);
      expect(self).toBeGreaterThan(20);
      expect(without.ofTheStream).toBe(0);
      const withSelf = await capture('--include-self');
      expect(withSelf.counters.self).toBe(0);
      expect(withSelf.ofTheStream).toBeGreaterThan(20);
    },
  );
});

function runOf({ code, stdout, stderr }: Finished, record: string): Run {
  expect(code, stderr).toBe(0);
  const { counters, publishedPackets } = JSON.parse(stdout) as Omit<Run, 'ofTheStream'>;
  const segments = readdirSync(record).filter((name) => name.endsWith('.pcapng'));
  const ofTheStream = segments.reduce((sum, name) => sum + streamPackets(join(record, name)), 0);
  return { counters, publishedPackets, ofTheStream };
}

function streamPackets(segment: string): number {
  const command = ['-nr', segment, `tcp port ${BROKER_PORT}`];
  const text = execFileSync('tcpdump', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return text.split('\n').length - 1;
}
