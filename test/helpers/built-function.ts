/** A function as `npm run build` made it, under the starter that the platform uses. */
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { FunctionName } from '../../functions/build.ts';

const FRAMEWORK = resolve(import.meta.dirname, '../../node_modules/.bin/functions-framework');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Starts the function in `folder` as the platform does; resolves when it listens. */
export async function startFramework(
  folder: string,
  name: FunctionName,
  environment: Readonly<Record<string, string | undefined>>,
) {
  const port = await freePort();
  const child = spawn(process.execPath, [FRAMEWORK, `--target=${name}`, `--port=${port}`], {
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
