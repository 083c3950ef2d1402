/** `npm start` and `npx tapline` as a user types them, on the bundled capture: the page is up, and the attacks appear. */
import { spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

describe('npm start', () => {
  it('serves the report while the bundled capture replays, and Ctrl-C closes the books and exits 0', async () => {
    const child = spawn('node', ['tools/bootstrap.mjs', 'start', '--port', '0', '--speed', '40'], { cwd: ROOT });
    let stderr = '';
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const url = await new Promise<string>((found, failed) => {
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
        const match = /the report is at (http:\S+)/.exec(stderr);
        if (match !== null) found(match[1]!);
      });
      child.on('exit', () => {
        failed(new Error(stderr));
      });
    });
    const closed = new Promise<number | null>((done) => child.on('close', done));
    expect(await (await fetch(url)).text()).toContain('<title>');
    await expect
      .poll(
        async () => ((await (await fetch(`${url}/api/v1/overview`)).json()) as { alerts: unknown[] }).alerts.length,
        {
          timeout: 30_000,
        },
      )
      .toBeGreaterThan(0);
    child.kill('SIGTERM');
    expect(await closed, stderr).toBe(0);
    expect(stdout).toContain('every packet is accounted for');
  });

  it('npx tapline runs under the Node that the project brings, and passes exit codes on', () => {
    const run = (...args: string[]): number | null =>
      spawnSync('node', ['embedded/bin/tapline.mjs', ...args], { cwd: ROOT }).status;
    expect([run('--version'), run('decode', '/nowhere'), run('nonsense')]).toEqual([0, 2, 2]);
  });
});
