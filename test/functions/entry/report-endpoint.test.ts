import { PipelineError } from '@tapline/core/errors';
import { createLog } from '@tapline/functions/entry/log';
import { reportEndpoint } from '@tapline/functions/entry/report-endpoint';
import { MemoryTriageStore } from '@tapline/adapters/memory/triage-store';
import { createReport, type ReportApi } from '@tapline/functions/stages/report';
import { codecs } from '@tapline/adapters/codec/codecs';
import { describe, expect, it } from 'vitest';
import { HandClock } from '../../contract/harness.ts';
import { rawRequest, serveFunction } from '../../helpers/function-server.ts';
import { memoryStores } from '../../helpers/stage-line.ts';

async function start(api: () => Promise<ReportApi>) {
  const logged: string[] = [];
  const write = (line: string): number => logged.push(line);
  const log = createLog({ labels: { function: 'report' }, project: 'p', least: 'INFO', write });
  return { url: await serveFunction(reportEndpoint(api, log)), logged };
}

const answering =
  (body: string): (() => Promise<ReportApi>) =>
  () =>
    Promise.resolve(() => Promise.resolve({ status: 200, headers: { 'Content-Type': 'application/json' }, body }));

const LONG = JSON.stringify({ text: 'x'.repeat(10_000) });

describe('the report function', () => {
  it('answers what the report stage says, with its ETag', async () => {
    const api = createReport({ ...memoryStores(new HandClock()), codecs });
    const { url } = await start(() => Promise.resolve(api));
    const answer = await fetch(`${url}api/v1/overview`);
    expect(answer.status).toBe(200);
    const tag = answer.headers.get('etag')!;
    const again = await fetch(`${url}api/v1/overview`, { headers: { 'if-none-match': tag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await fetch(`${url}api/v1/windows/x`)).status).toBe(400);
    expect((await fetch(`${url}nothing`)).status).toBe(404);
  });

  it('only reads, and lets no other origin read', async () => {
    const api = createReport({ ...memoryStores(new HandClock()), codecs });
    const { url } = await start(() => Promise.resolve(api));
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await fetch(`${url}api/v1/overview`, { method, headers: { origin: 'https://evil.example' } });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('takes no triage while nobody can sign in, and reads no body to the end of the world', async () => {
    const api = createReport({ ...memoryStores(new HandClock()), triage: new MemoryTriageStore(), codecs });
    const { url } = await start(() => Promise.resolve(api));
    const headers = { 'content-type': 'application/json', 'x-tapline-write': '1' };
    const post = (body: string): Promise<Response> =>
      fetch(`${url}api/v1/alerts/x/triage`, { method: 'POST', headers, body });
    const refused = await post('{"id":"request-1","action":"acknowledge"}');
    expect([refused.status, await refused.json()]).toEqual([
      401,
      { error: { code: 'UNAUTHENTICATED', message: 'sign in to change anything here' } },
    ]);
    expect((await post('x'.repeat(20_000))).status).toBe(413);
    expect((await post('x'.repeat(15_000_000))).status).toBe(413);
  });

  it('sends security headers with answers and errors alike', async () => {
    const { url } = await start(answering('{}'));
    const broken = await start(() => Promise.reject(new Error('x')));
    for (const at of [url, broken.url]) {
      const { headers } = await fetch(at);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  it.each([
    ['gzip, deflate, br', 'gzip'],
    ['gzip;q=0.5', 'gzip'],
    ['gzip;q=0', undefined],
    ['br', undefined],
    ['identity', undefined],
  ])('answers a reader that accepts %s with %s', async (accepted, coding) => {
    const { url } = await start(answering(LONG));
    const head = `GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: ${accepted}\r\nConnection: close\r\n\r\n`;
    const answer = await rawRequest(url, head);
    expect(/content-encoding: (\w+)/i.exec(answer)?.[1]).toBe(coding);
    expect(answer).toMatch(/vary: accept-encoding/i);
  });

  it('packs nothing that is small, and unpacks to what was said', async () => {
    const small = await start(answering('{}'));
    expect((await fetch(small.url)).headers.get('content-encoding')).toBeNull();
    const { url } = await start(answering(LONG));
    const answer = await fetch(url);
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.text()).toBe(LONG);
  });

  it('answers 503 while its database is away, logs why, and tries again at the next request', async () => {
    let tries = 0;
    const { url, logged } = await start(() => {
      if (++tries === 1) return Promise.reject(new PipelineError('STORE', 'no node answers', { retriable: true }));
      return answering('{}')();
    });
    const answer = await fetch(url);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'UNAVAILABLE' } });
    expect(logged.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
      'a report failed: no node answers',
    ]);
    expect((await fetch(url)).status).toBe(200);
  });
});
