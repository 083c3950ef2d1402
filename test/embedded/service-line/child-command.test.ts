/** Commands in processes of their own: what they print, how they end, and that none outlives whoever started it. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { ChildCommand } from '@tapline/embedded/service-line/child-command';
import { describe, expect, it } from 'vitest';
import { until } from '../../helpers/until.ts';

const MODULE = resolve(import.meta.dirname, '../../../embedded/src/service-line/child-command.ts');

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a command in a process of its own', () => {
  it('tells its lines and how it ended, and why when it failed', async () => {
    const child = new ChildCommand(['decode', '/nowhere'], { environment: process.env });
    expect(await child.ended).toEqual({ code: 2, signal: null });
    await expect(child.line(() => true)).rejects.toThrow(/tapline decode ended with exit code 2: .*\/nowhere/);
  });

  it('ends when whoever started it is killed', async () => {
    const script = `
      import { ChildCommand } from ${JSON.stringify(MODULE)};
      const child = new ChildCommand(['decode', '-'], { environment: process.env, stdin: true });
      console.log(child.pid);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const pid = await new Promise<number>((done) => {
      starter.stdout.once('data', (chunk: Buffer) => {
        done(Number(chunk.toString()));
      });
    });
    expect(isAlive(pid)).toBe(true);
    starter.kill('SIGKILL');
    await until('the command has ended too', () => !isAlive(pid), 30_000);
  });
});
