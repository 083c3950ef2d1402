/** The supervisor with real instances of a function. Nothing here needs a service: a function opens none before a push. */
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Supervisor, type WorkerEvent } from '@tapline/embedded/functions/supervisor';
import { afterEach, describe, expect, it } from 'vitest';
import { post } from '../../helpers/function-server.ts';

const running: Supervisor[] = [];
afterEach(async () => {
  for (const supervisor of running.splice(0)) await supervisor.stop();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function supervise(port: number, instances: number, environment: Record<string, string> = {}) {
  const events: WorkerEvent[] = [];
  const listeners = new Set<() => void>();
  const supervisor = new Supervisor(
    [{ name: 'parse', port, instances }],
    { TAPLINE_LOG: 'error', ...environment },
    (event) => {
      events.push(event);
      for (const listener of listeners) listener();
    },
  );
  running.push(supervisor);
  /** Resolves when `isThere` holds of the events so far. */
  const until = (isThere: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!isThere()) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  return { supervisor, events, until, url: `http://127.0.0.1:${port}/` };
}

describe('the supervisor of local functions', () => {
  it('serves one port with several processes, and replaces one that is killed', async () => {
    const { supervisor, events, until, url } = supervise(await freePort(), 2);
    await supervisor.start();
    const [killed, other] = supervisor.pids('parse');
    expect(new Set([killed, other]).size).toBe(2);
    process.kill(killed!, 'SIGKILL');
    await until(() => events.some(({ event }) => event === 'died'));
    expect(events.find(({ event }) => event === 'died')).toEqual({
      event: 'died',
      name: 'parse',
      pid: killed,
      by: 'SIGKILL',
      restartInMs: expect.any(Number) as number,
    });
    expect((await post(url, 'garbage')).status).toBe(400);
    await until(() => events.filter(({ event }) => event === 'started').length === 3);
    expect(supervisor.pids('parse')).toContain(other);
    expect(supervisor.pids('parse').length).toBe(2);
  });

  it('leaves no caller waiting for an instance that was killed before it took the connection', async () => {
    const { supervisor, until, events, url } = supervise(await freePort(), 2);
    await supervisor.start();
    for (const pid of supervisor.pids('parse')) process.kill(pid, 'SIGSTOP');
    const answers = Promise.allSettled(Array.from({ length: 6 }, () => post(url, 'garbage')));
    await sleep(200);
    for (const pid of supervisor.pids('parse')) process.kill(pid, 'SIGKILL');
    await until(() => events.filter(({ event }) => event === 'started').length === 4);
    for (const answer of await answers) {
      // Cut off, or left for the instance that came after: both are an end.
      if (answer.status === 'fulfilled') expect(answer.value.status).toBe(400);
    }
    expect((await post(url, 'garbage')).status).toBe(400);
  });

  it('adds up what the instances counted, also when they have ended', async () => {
    const { supervisor, url } = supervise(await freePort(), 2);
    await supervisor.start();
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(url, 'garbage')));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(400));
    await supervisor.stop();
    expect(supervisor.counts()['parse']).toMatchObject({
      'function.invocations': 10,
      'function.refused': 10,
      'function.requestBytes': 70,
    });
    const uses = supervisor.uses();
    expect(uses.map(({ name }) => name)).toEqual(['parse', 'parse']);
    for (const { cpuMs, peakRssBytes } of uses) {
      expect(cpuMs).toBeGreaterThan(0);
      expect(peakRssBytes).toBeGreaterThan(30e6);
    }
    await expect(post(url, 'garbage')).rejects.toThrow();
    expect(supervisor.pids('parse')).toEqual([]);
  });

  it('says which port is taken', async () => {
    const port = await freePort();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const { supervisor } = supervise(port, 2);
    await expect(supervisor.start()).rejects.toMatchObject({
      code: 'USAGE',
      message: `port ${port} of parse is already in use: choose others with --port-base`,
    });
    expect(supervisor.pids('parse')).toEqual([]);
    other.close();
  });

  it('says which setting keeps a function from starting', async () => {
    const { supervisor } = supervise(await freePort(), 1, { TAPLINE_WINDOW: 'ten' });
    await expect(supervisor.start()).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^parse cannot start: TAPLINE_WINDOW is "ten"/) as string,
    });
  });
});
