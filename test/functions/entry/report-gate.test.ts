import { PipelineError } from '@tapline/core/errors';
import { readSettings } from '@tapline/core/settings/settings';
import { createReaderCheck } from '@tapline/functions/entry/id-token';
import { createLog } from '@tapline/functions/entry/log';
import { reportEndpoint } from '@tapline/functions/entry/report-endpoint';
import { gated, gateOf, type Gate } from '@tapline/functions/entry/report-gate';
import type { ReportApi } from '@tapline/functions/stages/report';
import { describe, expect, it } from 'vitest';
import { serveFunction } from '../../helpers/function-server.ts';
import { claims, PROJECT, serveKeys, sign } from '../../helpers/id-tokens.ts';

const keys = await serveKeys();
const signIn = { way: { kind: 'firebase', apiKey: 'K' }, check: createReaderCheck(PROJECT, keys.url) } as const;

/** The function behind the gate, and which paths its API was asked for. */
async function start(gate: Partial<Gate>, nowMs?: () => number) {
  const asked: string[] = [];
  const api: ReportApi = ({ path }) => {
    asked.push(path);
    return Promise.resolve({ status: 200, headers: { 'Content-Type': 'application/json' }, body: '{}' });
  };
  const guarded = gated(api, { perMinute: 600, ...gate }, nowMs);
  const log = createLog({ labels: {}, project: 'p', least: 'ERROR', write: () => undefined });
  return { url: await serveFunction(reportEndpoint(() => Promise.resolve(guarded), log)), asked };
}

const as = async (changes: object = {}): Promise<{ headers: Record<string, string> }> => ({
  headers: { authorization: `Bearer ${await sign(claims(changes))}` },
});

describe('the gate of the report', () => {
  it('asks nobody who they are unless it is told to', async () => {
    const { url, asked } = await start({});
    expect((await fetch(`${url}api/v1/overview`)).status).toBe(200);
    await fetch(`${url}api/v1/sign-in`);
    expect(asked).toEqual(['/api/v1/overview', '/api/v1/sign-in']);
  });

  it('refuses strangers with one line of JSON, and never asks the API for them', async () => {
    const { url, asked } = await start({ signIn });
    const answer = await fetch(`${url}api/v1/overview`);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const text = await answer.text();
    expect(text).not.toContain('\n');
    expect(JSON.parse(text)).toEqual({ error: { code: 'UNAUTHENTICATED', message: 'sign in to read the report' } });
    expect(asked).toEqual([]);
  });

  it('tells a stranger how to sign in, and nothing else', async () => {
    const { url, asked } = await start({ signIn });
    expect(await (await fetch(`${url}api/v1/sign-in`)).json()).toEqual({ kind: 'firebase', apiKey: 'K' });
    expect(asked).toEqual([]);
  });

  it('lets a viewer read, but not take packets away, and an analyst both', async () => {
    const { url, asked } = await start({ signIn });
    const [viewer, analyst] = [await as(), await as({ tapline: 'analyst' })];
    expect((await fetch(`${url}api/v1/overview`, viewer)).status).toBe(200);
    const denied = await fetch(`${url}api/v1/alerts/x/capture.pcapng`, viewer);
    expect(denied.status).toBe(403);
    expect(await denied.json()).toEqual({
      error: { code: 'FORBIDDEN', message: expect.stringContaining('needs the role analyst') as string },
    });
    expect((await fetch(`${url}api/v1/overview`, { method: 'POST', ...viewer })).status).toBe(403);
    expect((await fetch(`${url}api/v1/alerts/x/capture.pcapng`, analyst)).status).toBe(200);
    expect(asked).toEqual(['/api/v1/overview', '/api/v1/alerts/x/capture.pcapng']);
  });

  it('takes no token from a cookie or from the address: another page could send those', async () => {
    const { url } = await start({ signIn });
    const token = await sign(claims());
    const answers = await Promise.all([
      fetch(`${url}api/v1/overview`, { headers: { cookie: `__session=${token}` } }),
      fetch(`${url}api/v1/overview?access_token=${token}`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  });

  it('answers 503, and asks nothing, while the keys of sign-ins cannot be fetched', async () => {
    const check = createReaderCheck(PROJECT, 'http://127.0.0.1:1/keys');
    const { url, asked } = await start({ signIn: { ...signIn, check } });
    const answer = await fetch(`${url}api/v1/overview`, await as());
    expect([answer.status, answer.headers.get('retry-after'), asked]).toEqual([503, '5', []]);
  });
});

describe('the rate of the report', () => {
  it('is bounded for each reader, whatever address they come from, and fills again', async () => {
    let nowMs = 0;
    const { url, asked } = await start({ signIn, perMinute: 3 }, () => nowMs);
    const [one, other] = [await as(), await as({ sub: 'reader-2' })];
    const ask = async (who: { headers: Record<string, string> }, address = '192.0.2.1'): Promise<Response> =>
      fetch(`${url}api/v1/overview`, { headers: { ...who.headers, 'x-forwarded-for': address } });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await ask(one, `192.0.2.${n}`)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const refused = await ask(one);
    expect(refused.headers.get('retry-after')).toBe('20');
    expect(await refused.json()).toEqual({ error: { code: 'TOO_MANY', message: 'too many requests: wait 20 s' } });
    expect((await ask(other)).status).toBe(200);
    nowMs += 20_000;
    expect((await ask(one)).status).toBe(200);
    expect((await ask(one)).status).toBe(429);
    expect(asked.length).toBe(5);
  });

  it('goes by the address that the front end wrote where nobody signs in, not by what the caller wrote', async () => {
    const { url } = await start({ perMinute: 2 }, () => 0);
    const ask = async (forwarded: string): Promise<number> =>
      (await fetch(`${url}api/v1/overview`, { headers: { 'x-forwarded-for': forwarded } })).status;
    const made = ['198.51.100.1, 192.0.2.7', '198.51.100.2, 192.0.2.7', '198.51.100.3, 192.0.2.7', '192.0.2.8'];
    const statuses: number[] = [];
    for (const forwarded of made) statuses.push(await ask(forwarded));
    expect(statuses).toEqual([200, 200, 429, 200]);
  });

  it('remembers ten thousand callers and no more', async () => {
    const { RateLimit } = await import('@tapline/functions/stages/report/rate-limit');
    const limit = new RateLimit(1);
    expect([limit.take('first', 0), limit.take('first', 0)]).toEqual([0, 60]);
    for (let n = 0; n < 10_000; n++) limit.take(`caller-${n}`, 0);
    expect([limit.take('first', 0), limit.take('caller-9999', 0)]).toEqual([0, 60]);
  });
});

describe('the settings of the gate', () => {
  const gate = (environment: Record<string, string>): Gate => gateOf(readSettings(environment));

  it('ask nobody to sign in unless they say so', () => {
    expect(gate({})).toEqual({ perMinute: 600 });
    expect(gate({ TAPLINE_AUTH: 'firebase', TAPLINE_FIREBASE_API_KEY: 'K' }).signIn?.way.apiKey).toBe('K');
  });

  it.each([
    [{ TAPLINE_AUTH: 'yes' }, /TAPLINE_AUTH is yes: use none or firebase/],
    [{ TAPLINE_AUTH: 'firebase' }, /needs TAPLINE_FIREBASE_API_KEY/],
    [{ TAPLINE_REPORT_RATE: '0' }, /TAPLINE_REPORT_RATE/],
  ])('that are wrong keep the function from starting: %j', (environment, message) => {
    expect(() => gate(environment as unknown as Record<string, string>)).toThrow(PipelineError);
    expect(() => gate(environment as unknown as Record<string, string>)).toThrow(message);
  });
});
