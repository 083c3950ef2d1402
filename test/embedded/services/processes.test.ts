/** Ending processes that outlive their command: gracefully, by force, and never a stranger. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { endGroup, isAlive, processFacts, type ProcessId } from '@tapline/embedded/services/processes';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process in a group of its own that has said that it is ready. */
async function start(script: string): Promise<ProcessId> {
  const child = spawn(process.execPath, ['-e', `${script}; setInterval(() => {}, 1000); console.log('ready')`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return { pid: child.pid!, started: processFacts(child.pid!)!.started };
}

describe('a process group', () => {
  it('is asked to end, and ends', async () => {
    const id = await start('');
    expect(processFacts(id.pid)!.rssBytes).toBeGreaterThan(1 << 20);
    expect(isAlive(id)).toBe(true);
    expect(await endGroup(id, 10_000)).toBe('stopped');
    expect(isAlive(id)).toBe(false);
    expect(await endGroup(id, 10_000)).toBe('gone');
  });

  it('is killed when it does not end by itself', async () => {
    const id = await start("process.on('SIGTERM', () => {})");
    expect(await endGroup(id, 300)).toBe('killed');
    expect(isAlive(id)).toBe(false);
  });

  it('takes the helpers of its leader with it', async () => {
    const child = spawn(
      process.execPath,
      [
        '-e',
        `const { spawn } = require('node:child_process');
         const helper = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); console.log("on"); setInterval(() => {}, 1000)']);
         helper.stdout.once('data', () => console.log(helper.pid));`,
      ],
      { detached: true, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    children.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const helper = { pid: Number(line.toString()), started: processFacts(Number(line.toString()))!.started };
    expect(isAlive(helper)).toBe(true);
    await endGroup({ pid: child.pid!, started: processFacts(child.pid!)!.started }, 10_000);
    await expect.poll(() => isAlive(helper), { timeout: 10_000 }).toBe(false);
  });

  it('is left alone when the process number is another process by now', async () => {
    const id = await start('');
    expect(await endGroup({ ...id, started: 'long ago' }, 300)).toBe('gone');
    expect(isAlive(id)).toBe(true);
  });
});
