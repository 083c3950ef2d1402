/**
 * Emulators of the Firebase CLI (npm firebase-tools), which `firebase` on the PATH or TAPLINE_FIREBASE names. It would ask
 * Google for news when it starts; a proxy that is not there keeps it on this machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '@tapline/embedded/service-line/free-ports';

const FIREBASE = process.env['TAPLINE_FIREBASE'] ?? 'firebase';

/** Whether there is a Firebase CLI; REQUIRE_SERVICES=1 makes its absence an error. */
export const HAS_FIREBASE = spawnSync(FIREBASE, ['--version']).status === 0;

if (!HAS_FIREBASE) {
  if (process.env['REQUIRE_SERVICES'] === '1') {
    throw new Error('REQUIRE_SERVICES=1, but there is no Firebase CLI: npm install --global firebase-tools');
  }
  console.warn('SKIPPED: the tests of sign-in and hosting need the Firebase CLI; set TAPLINE_FIREBASE');
}

export interface Emulator {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * Starts one emulator; resolves when it answers.
 * @param folder that it works in, where its firebase.json is written
 * @param settings what else firebase.json says; paths in it are relative to the folder
 */
export async function startEmulator(
  name: 'auth' | 'hosting',
  project: string,
  folder: string,
  settings: object = {},
): Promise<Emulator> {
  const port = await freePorts(3);
  const at = (number: number): object => ({ host: '127.0.0.1', port: number });
  const emulators = { [name]: at(port), hub: at(port + 1), logging: at(port + 2), ui: { enabled: false } };
  writeFileSync(join(folder, 'firebase.json'), JSON.stringify({ ...settings, emulators }));
  const nowhere = 'http://127.0.0.1:9';
  const child = spawn(FIREBASE, ['emulators:start', '--only', name, '--project', project], {
    cwd: folder,
    detached: true,
    env: { ...process.env, CI: 'true', HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((closed) => child.on('close', closed));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGTERM');
    await ended;
  };
  let said = '';
  await new Promise<void>((ready, failed) => {
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes('All emulators ready')) ready();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('close', () => {
      failed(new Error(`the emulator of ${name} ended: ${said}`));
    });
  });
  return { address: `127.0.0.1:${port}`, stop };
}
