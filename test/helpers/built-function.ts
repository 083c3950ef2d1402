/** A function as `npm run build` made it, under the starter that the platform uses. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { FunctionName } from '../../functions/build.ts';

const FRAMEWORK = 'node_modules/.bin/functions-framework';
const ROOT = resolve(import.meta.dirname, '../..');

/** Installs what the folder's own lockfile names, as the platform's builder does. */
export function installAlone(folder: string): void {
  const flags = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  // The repository's npm settings reach as far as its folder; this one is to stand alone.
  execFileSync('npm', ['ci', ...flags], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/**
 * Starts the function in `folder` as the platform does; resolves when it listens. With the folder's own libraries when they
 * are installed there, else with those of the repository that it is in.
 */
export async function startFramework(
  folder: string,
  name: FunctionName,
  environment: Readonly<Record<string, string | undefined>>,
) {
  const port = await freePort();
  const own = join(folder, FRAMEWORK);
  const framework = existsSync(own) ? own : join(ROOT, FRAMEWORK);
  const child = spawn(process.execPath, [framework, `--target=${name}`, `--port=${port}`], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: '', METADATA_SERVER_DETECTION: 'none', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complained = '';
  child.stderr.on('data', (chunk) => (complained += String(chunk)));
  const ended = new Promise<number | null>((closed) => child.on('close', closed));
  await new Promise<void>((listening, failed) => {
    child.stdout.on('data', (chunk) => {
      said += String(chunk);
      if (said.includes('URL:')) listening();
    });
    child.on('exit', () => {
      failed(new Error(`the framework ended: ${complained}`));
    });
  });
  return { url: `http://127.0.0.1:${port}/`, port, child, ended, stderr: () => complained };
}
