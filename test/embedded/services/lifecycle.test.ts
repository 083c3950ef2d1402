/**
 * `tapline services` as a person uses it, on ports and in a folder of its own: up, status, crash, up again, down, with
 * data kept and no process left. Cassandra, the slow one, has its own test in test/services.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { KafkaTopics } from '@tapline/adapters/kafka/topics';
import type { ServiceStatus } from '@tapline/embedded/services/status';
import { canRunServices } from '../../helpers/service-programs.ts';
import { startTapline, tapline, type Finished } from '../../helpers/tapline.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const OFFSET = '21000';
const ONLY = ['--only', 'kafka,pubsub,bigtable'];
const BROKER = '127.0.0.1:30092';
const LIMIT_MS = 180_000;

const folder = temporaryFolder();
const stack = join(folder, 'a stack');
const data = ['--data', stack];

afterAll(async () => {
  await services('down', ...data);
}, LIMIT_MS);

function services(...args: string[]): Promise<Finished> {
  return tapline('services', ...args);
}

async function status(): Promise<ServiceStatus[]> {
  const { stdout } = await services('status', '--json', ...data, ...ONLY);
  return (JSON.parse(stdout) as { services: ServiceStatus[] }).services;
}

/** Processes that name the folder of the stack or a port of its emulators in their arguments. */
function processesOfStack(): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(stack) || /-port=2908[56]/.test(line));
}

async function topics<T>(work: (topics: KafkaTopics) => Promise<T>): Promise<T> {
  const client = new KafkaTopics({ clientId: 'tapline-test', brokers: [BROKER] });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

describe.runIf(await canRunServices('kafka', 'pubsub', 'bigtable'))('tapline services', { timeout: LIMIT_MS }, () => {
  it('starts what it is asked for, and prints the environment on stdout and progress on stderr', async () => {
    const up = await services('up', ...data, ...ONLY, '--port-offset', OFFSET);
    expect(up.stderr).toMatch(/^kafka: answers at 127\.0\.0\.1:30092 after \d+\.\d s$/m);
    expect(up.code).toBe(0);
    expect(up.stdout).toBe(
      [
        'export TAPLINE_KAFKA_BROKERS=127.0.0.1:30092\n',
        'export PUBSUB_EMULATOR_HOST=127.0.0.1:29085\n',
        'export BIGTABLE_EMULATOR_HOST=127.0.0.1:29086\n',
      ].join(''),
    );
  });

  it('says what runs, and what it takes', async () => {
    const all = await status();
    expect(all.map(({ service, state, port }) => [service, state, port])).toEqual([
      ['kafka', 'up', 30_092],
      ['pubsub', 'up', 29_085],
      ['bigtable', 'up', 29_086],
    ]);
    for (const { rssBytes, log } of all) {
      expect(rssBytes).toBeGreaterThan(1 << 20);
      expect(existsSync(log)).toBe(true);
    }
    expect(all[0]!.dataBytes).toBeGreaterThan(0);
    expect((await services('status', ...data, ...ONLY)).code).toBe(0);
    const everything = await services('status', ...data);
    expect(everything.code).toBe(1);
    expect(everything.stdout).toMatch(/^cassandra +down /m);
    await topics((client) => client.ensure('kept'));
  });

  it('does nothing the second time, and says so', async () => {
    const before = (await status()).map(({ pid }) => pid);
    const up = await services('up', ...data, ...ONLY);
    expect(up.code).toBe(0);
    expect(up.stderr.match(/already runs at/g)).toHaveLength(3);
    expect((await status()).map(({ pid }) => pid)).toEqual(before);
  });

  it('refuses other ports for what runs, and ports that another folder uses', async () => {
    const moved = await services('up', ...data, '--only', 'bigtable', '--bigtable-port', '29999');
    expect(moved.code).toBe(2);
    expect(moved.stderr).toContain('already runs with port 29086, not 29999');
    const other = await services('up', '--data', join(folder, 'other'), '--only', 'bigtable', '--port-offset', OFFSET);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain(
      'port 29086 on 127.0.0.1, wanted by Bigtable emulator, is in use by another program',
    );
    expect(other.stdout).toBe('');
  });

  it('notices a service that was killed, and starts that one alone again', async () => {
    const before = await status();
    process.kill(before[2]!.pid!, 'SIGKILL');
    expect((await services('status', ...data, ...ONLY)).code).toBe(1);
    expect((await status()).map(({ state }) => state)).toEqual(['up', 'up', 'down']);
    expect((await services('up', ...data, ...ONLY)).code).toBe(0);
    const after = await status();
    expect(after.map(({ state }) => state)).toEqual(['up', 'up', 'up']);
    expect(after.slice(0, 2).map(({ pid }) => pid)).toEqual(before.slice(0, 2).map(({ pid }) => pid));
  });

  it('stops everything, leaves no process, and keeps the data and the ports for the next start', async () => {
    expect((await services('down', ...data)).code).toBe(0);
    expect(processesOfStack()).toEqual([]);
    expect(await services('down', ...data)).toMatchObject({ code: 0, stdout: '' });
    expect((await services('up', ...data, '--only', 'kafka')).stdout).toBe(
      'export TAPLINE_KAFKA_BROKERS=127.0.0.1:30092\n',
    );
    const kept = await topics((client) => client.list('kept'));
    expect(kept.map(({ topic }) => topic)).toEqual(['kept-heartbeat', 'kept-pcap']);
  });

  it('deletes only its own files when told to wipe', async () => {
    const wiped = await services('down', '--wipe', ...data);
    expect(wiped.code).toBe(0);
    expect(wiped.stderr).toContain('deleted the data of kafka, cassandra, pubsub, bigtable');
    expect(existsSync(stack)).toBe(false);
    expect(processesOfStack()).toEqual([]);
  });

  it('stops what it has started when it is interrupted', async () => {
    const { child, finished } = startTapline(['services', 'up', ...data, '--only', 'pubsub', '--port-offset', OFFSET]);
    await new Promise<void>((resolve) => {
      child.stderr!.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('starting (pid')) resolve();
      });
    });
    expect(processesOfStack()).not.toEqual([]);
    child.kill('SIGINT');
    const { code, stderr } = await finished;
    expect(stderr).toContain('interrupted: what had been started is stopped again');
    expect(code).toBe(1);
    expect(processesOfStack()).toEqual([]);
    const { processes } = JSON.parse(readFileSync(join(stack, 'services.json'), 'utf8')) as {
      processes: unknown;
    };
    expect(processes).toEqual({});
  });
});
