/** The page as the embedded server gives it, beside Firebase's own emulator of its hosting under the same firebase.json. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../../../embedded/src/server/http-server.ts';
import { buildReport } from '../../../report/build.ts';
import { HAS_FIREBASE, startEmulator, type Emulator } from '../../helpers/firebase-emulators.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

interface Hosting {
  readonly public: string;
  readonly headers: readonly { readonly headers: readonly { readonly key: string }[] }[];
  readonly rewrites: readonly unknown[];
}

const { hosting } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../firebase.json'), 'utf8')) as {
  hosting: Hosting;
};
const names = [...new Set(hosting.headers.flatMap(({ headers }) => headers.map(({ key }) => key)))];
const folder = temporaryFolder();
let emulator: Emulator;
let server: RunningServer;

interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly body: string;
}

/** What a browser acts upon; the body by its hash. */
async function seen(url: string): Promise<Seen> {
  const reply = await fetch(url);
  const valueOf = (name: string): string | null =>
    // Two names of one type, of which RFC 9239 obsoletes the one that Hosting sends.
    reply.headers
      .get(name)
      ?.toLowerCase()
      .replace(/^application\/javascript/, 'text/javascript') ?? null;
  const headers = Object.fromEntries(['Content-Type', ...names].map((name) => [name, valueOf(name)] as const));
  return { status: reply.status, headers, body: sha256(Buffer.from(await reply.arrayBuffer())) };
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe.runIf(HAS_FIREBASE)('the embedded server', () => {
  beforeAll(async () => {
    const page = join(folder, hosting.public);
    await buildReport(page);
    // Rewrites lead to a service in the cloud, which the emulator would look for there.
    emulator = await startEmulator('hosting', 'demo-tapline', folder, { hosting: { ...hosting, rewrites: [] } });
    server = await startServer({ port: 0, api: () => Promise.reject(new Error('not asked')), staticDir: page });
  }, 120_000);
  afterAll(async () => {
    await server.close();
    await emulator.stop();
  });

  it('answers as Firebase Hosting does: status, type, security headers, caching, body', async () => {
    const index = await (await fetch(server.url)).text();
    const assets = [...index.matchAll(/"(assets\/[^"]+)"/g)].map(([, path]) => `/${path!}`);
    expect(assets.length).toBe(2);
    for (const path of ['/', '/index.html', '/icon.svg', ...assets]) {
      expect(await seen(server.url + path), path).toEqual(await seen(`http://${emulator.address}${path}`));
    }
  });

  it('answers as Firebase Hosting does where there is nothing, but for keeping that answer', async () => {
    for (const path of ['/nothing', '/some/where.html', '/assets/page-OLDOLDOL.js', '/%2e%2e/firebase.json']) {
      const [ours, theirs] = [await seen(server.url + path), await seen(`http://${emulator.address}${path}`)];
      expect(ours.headers['Cache-Control']).toBe('no-store');
      // A browser that asks for the script of an older page may remember for a year that it is gone: its name never returns.
      const caching = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
      expect([path, theirs.headers['Cache-Control']]).toEqual([path, caching]);
      const same = { ...theirs, headers: { ...theirs.headers, 'Cache-Control': 'no-store' } };
      expect(ours, path).toEqual(same);
    }
  });
});
