/** A real emulator of Cloud Storage (fake-gcs-server, a Go program) with one bucket, on a port of its own. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from '@tapline/embedded/service-line/free-ports';
import { until } from './until.ts';

const PROGRAM = 'fake-gcs-server';
export const BUCKET = 'packets';

interface StoredObject {
  readonly name: string;
  readonly size: string;
  readonly generation: string;
}

export class StorageEmulator {
  /** For STORAGE_EMULATOR_HOST. */
  readonly host: string;
  readonly #child: ChildProcess;

  private constructor(host: string, child: ChildProcess) {
    this.host = host;
    this.#child = child;
  }

  /** @param publicHost what clients reach it by, when that is not itself: uploads go where it says */
  static async start(publicHost?: string): Promise<StorageEmulator> {
    const port = await freePorts(1);
    const host = `127.0.0.1:${port}`;
    const args = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'];
    const url = ['-external-url', `http://${publicHost ?? host}`, '-public-host', host, '-log-level', 'error'];
    const child = spawn(PROGRAM, [...args, ...url], { stdio: 'ignore' });
    const emulator = new StorageEmulator(host, child);
    await until(
      'the storage emulator answers',
      async () => (await emulator.#ask('').catch(() => undefined))?.ok === true,
    );
    await emulator.#ask('', { method: 'POST', body: JSON.stringify({ name: BUCKET }) });
    return emulator;
  }

  async objects(): Promise<StoredObject[]> {
    const { items = [] } = (await (await this.#ask(`/${BUCKET}/o`)).json()) as { items?: StoredObject[] };
    return items;
  }

  async delete(name: string): Promise<void> {
    const { ok } = await this.#ask(`/${BUCKET}/o/${encodeURIComponent(name)}`, { method: 'DELETE' });
    if (!ok) throw new Error(`there is no object ${name}`);
  }

  /** Puts an object there, as anybody may. */
  async put(name: string, body: string): Promise<void> {
    const query = new URLSearchParams({ uploadType: 'media', name });
    const url = `http://${this.host}/upload/storage/v1/b/${BUCKET}/o?${query.toString()}`;
    const { ok } = await fetch(url, { method: 'POST', body });
    if (!ok) throw new Error(`${name} cannot be put there`);
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }

  #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return fetch(`http://${this.host}/storage/v1/b${path}`, { ...init, headers });
  }
}

/** Whether the emulator is installed; said aloud when not. */
export const STORAGE_EMULATOR = ((): boolean => {
  try {
    execFileSync(PROGRAM, ['-h'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return true;
    if (process.env['REQUIRE_SERVICES'] === '1') throw new Error('REQUIRE_SERVICES=1, but fake-gcs-server is missing');
    console.warn('the bucket of the flight recorder is SKIPPED: go install github.com/fsouza/fake-gcs-server@v1.56.1');
    return false;
  }
})();
