import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReportRequest } from '@tapline/functions/stages/report';
import { BODY_MOST } from '@tapline/functions/stages/report/write-guard';
import { buildReport } from '../../../report/build.ts';
import { hostingHeaders } from '../../../embedded/src/server/hosting-headers.ts';
import { startServer, type RunningServer } from '../../../embedded/src/server/http-server.ts';

let server: RunningServer;
let folder: string;
/** Path of the page's script, without the first slash. */
let script: string;
const asked: string[] = [];
const bodies: (string | undefined)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapline-page-'));
  await buildReport(join(folder, 'page'));
  await writeFile(join(folder, 'secret.json'), '"secret"');
  const api = ({ method, path, query, body }: ReportRequest) => {
    bodies.push(body);
    asked.push(`${method} ${path} ${query.toString()}`);
    return Promise.resolve({ status: 200, headers: { 'Content-Type': 'application/json' }, body: '{"héllo":1}' });
  };
  server = await startServer({ port: 0, api, staticDir: join(folder, 'page') });
  script = /src="(assets\/page-[A-Z0-9]{8}\.js)"/.exec((await send('/')).body)![1]!;
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Sends the path as it is: fetch and URL would tidy it up first. */
const send = (
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body: sentBody } = options;
    const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body });
      });
    });
    sent.on('error', reject);
    sent.end(sentBody);
  });

describe('the report server', () => {
  test('serves the page with a policy that allows no inline script, style or third party', async () => {
    const reply = await send('/');
    expect(reply.status).toBe(200);
    const policy = reply.headers['content-security-policy'];
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/u);
    // Where readers sign in, in the hosted page (docs/decisions/20261124-report-sign-in.md): requests, and nothing that runs.
    const signIn = ' https://identitytoolkit.googleapis.com https://securetoken.googleapis.com;';
    expect(policy).toContain(`connect-src 'self'${signIn}`);
    expect(String(policy).replace(signIn, ';')).not.toMatch(/unsafe|https?:|\*/u);
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
    expect(reply.body).not.toMatch(/style="|onload=|<style|<script>/u);
  });

  test.each(['/', '/icon.svg', '/nothing', '/api/v1/overview', '/../secret.json'])(
    'sends every security header with %s',
    async (path) => {
      const { headers } = await send(path);
      const wanted = Object.entries(hostingHeaders(path)).filter(([name]) => name !== 'Cache-Control');
      expect(wanted.map(([name]) => name)).toEqual(
        expect.arrayContaining([
          'Content-Security-Policy',
          'Strict-Transport-Security',
          'X-Content-Type-Options',
          'Referrer-Policy',
          'Permissions-Policy',
        ]),
      );
      for (const [name, value] of wanted) expect(headers[name.toLowerCase()]).toBe(value);
    },
  );

  test.each([
    '/../secret.json',
    '/%2e%2e/secret.json',
    '/..%2fsecret.json',
    '//secret.json',
    '/icon.svg/../../secret.json',
    '/.',
    '/icon.svg%00',
    '\\..\\secret.json',
  ])('finds nothing outside the page at %s', async (path) => {
    const reply = await send(path);
    // 400: what Node refuses to read as a request at all.
    expect([400, 404]).toContain(reply.status);
    expect(reply.body).not.toContain('secret');
  });

  test('answers to its own names only, so that a rebound DNS name gets nothing', async () => {
    for (const host of [`127.0.0.1:${server.port}`, `localhost:${server.port}`, `[::1]:${server.port}`]) {
      expect((await send('/', { headers: { Host: host } })).status).toBe(200);
    }
    for (const host of [
      'evil.test',
      `evil.test:${server.port}`,
      '127.0.0.1',
      `127.0.0.1.evil.test:${server.port}`,
      'tapline',
    ]) {
      expect((await send('/api/v1/overview', { headers: { Host: host } })).status).not.toBe(200);
    }
  });

  test('lets nobody keep what the API says, by the rules that it is hosted with', () => {
    expect(hostingHeaders('/api/v1/overview')['Cache-Control']).toBe('private, no-store');
  });

  test('lets a browser keep for ever what is named by its content, and makes it ask for everything else', async () => {
    const style = /href="(assets\/style-[A-Z0-9]{8}\.css)"/.exec((await send('/')).body)![1]!;
    const rules: [string, number, string][] = [
      [`/${script}`, 200, 'public, max-age=31536000, immutable'],
      [`/${style}`, 200, 'public, max-age=31536000, immutable'],
      ['/', 200, 'no-cache'],
      ['/index.html', 200, 'no-cache'],
      ['/icon.svg', 200, 'no-cache'],
      ['/nothing', 404, 'no-store'],
      ['/assets/page-OLDOLDOL.js', 404, 'no-store'],
    ];
    for (const [path, status, caching] of rules) {
      const reply = await send(path);
      expect([path, reply.status, reply.headers['cache-control']]).toEqual([path, status, caching]);
    }
  });

  test('says on a page of its own that there is nothing at an address', async () => {
    const { status, headers, body } = await send('/some/where?x=1');
    expect([status, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(body).toContain('There is nothing at this address');
    const style = /href="(\/assets\/style-[A-Z0-9]{8}\.css)"/.exec(body)![1]!;
    expect((await send(style)).status).toBe(200);
  });

  test('listens on loopback only', async () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    const refused = await new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.2', port: server.port }, () => {
        resolve(false);
      });
      socket.on('error', () => {
        resolve(true);
      });
    });
    expect(refused).toBe(true);
  });

  test('takes GET, HEAD and, for the API, POST with its body, and HEAD has the length without the body', async () => {
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const reply = await send('/api/v1/overview', { method });
      expect([reply.status, reply.headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
    }
    const posted = await send('/page.js', { method: 'POST' });
    expect([posted.status, posted.headers['allow']]).toEqual([405, 'GET, HEAD']);
    await send('/api/v1/alerts/x/triage', { method: 'POST', body: 'x'.repeat(100) });
    expect([bodies.at(-1)?.length, asked.at(-1)]).toEqual([100, 'POST /api/v1/alerts/x/triage ']);
    await send('/api/v1/alerts/x/triage', { method: 'POST', body: 'x'.repeat(100_000) });
    expect(bodies.at(-1)?.length).toBe(BODY_MOST + 1);
    const head = await send('/api/v1/overview', { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.body]).toEqual([200, '12', '']);
  });

  test('hands the API its path and query, and compresses and revalidates the page', async () => {
    await send('/api/v1/packets?host=10.0.0.1&after=a%2Fb');
    expect(asked.at(-1)).toBe('GET /api/v1/packets host=10.0.0.1&after=a%2Fb');
    const plain = await send(`/${script}`);
    const zipped = await send(`/${script}`, { headers: { 'Accept-Encoding': 'gzip, br' } });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(Number(zipped.headers['content-length'])).toBeLessThan(Number(plain.headers['content-length']) / 2);
    const again = await send(`/${script}`, { headers: { 'If-None-Match': String(plain.headers['etag']) } });
    expect([again.status, again.body]).toEqual([304, '']);
  });

  test('a port in use is one clear line that names the port and --port', async () => {
    const second = startServer({
      port: server.port,
      api: () => Promise.reject(new Error('unused')),
      staticDir: join(folder, 'page'),
    });
    await expect(second).rejects.toMatchObject({
      code: 'USAGE',
      message: `port ${server.port} is already in use; choose another one with --port`,
    });
  });

  test('an API that throws is a 500 without details, and the server lives on', async () => {
    const broken = await startServer({
      port: 0,
      api: () => Promise.reject(new Error('secret')),
      staticDir: join(folder, 'page'),
    });
    const reply = await fetch(`${broken.url}/api/v1/overview`);
    expect([reply.status, await reply.text()]).toEqual([500, 'the server failed\n']);
    expect((await fetch(broken.url)).status).toBe(200);
    await broken.close();
    await expect(fetch(broken.url)).rejects.toThrow();
  });
});
