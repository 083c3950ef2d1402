/** Triage through the report API: what is kept, who may write, and what must not be changed by it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryTriageStore } from '@tapline/adapters/memory/triage-store';
import type { AlertTriage, ApiError, Overview } from '@tapline/core/report/snapshot';
import type { TriageRequest } from '@tapline/core/triage/triage-entry';
import { noCodec } from '@tapline/core/wire/no-codec';
import {
  createReport,
  type ReportApi,
  type ReportRequest,
  type ReportResponse,
} from '@tapline/functions/stages/report';
import { LOCAL_ANALYST, type Caller } from '@tapline/functions/stages/report/write-guard';
import { HandClock } from '../contract/harness.ts';
import { makeReportData, type ReportData } from '../fixtures/report-data.ts';

const data: ReportData = await makeReportData();
const ALERT = data.alerts[2]!.id;
const ADDRESS = `/api/v1/alerts/${encodeURIComponent(ALERT)}/triage`;
const HEADERS = { 'content-type': 'application/json', 'x-tapline-write': '1', host: '127.0.0.1:8080' };

let clock: HandClock;
let caller: Caller | undefined;
let api: ReportApi;
beforeEach(() => {
  clock = new HandClock();
  caller = LOCAL_ANALYST;
  api = createReport({
    results: data.results,
    packets: data.batches,
    ledger: data.ledger,
    codecs: [noCodec],
    triage: new MemoryTriageStore(),
    clock,
  });
});

const ask = (method: string, path: string, more: Partial<ReportRequest> = {}): Promise<ReportResponse> =>
  api({ method, path, query: new URLSearchParams(), ifNoneMatch: null, caller, ...more });

const post = (request: Partial<TriageRequest>, headers: Record<string, string> = HEADERS): Promise<ReportResponse> =>
  ask('POST', ADDRESS, { headers, body: JSON.stringify(request) });

const triage = async (): Promise<AlertTriage> => JSON.parse((await ask('GET', ADDRESS)).body) as AlertTriage;
const overview = async (): Promise<Overview> => JSON.parse((await ask('GET', '/api/v1/overview')).body) as Overview;

const ack = { id: 'request-1', action: 'acknowledge' } as const;

describe('triage', () => {
  test('says who did what, when and why, and where the alert stands', async () => {
    expect(await triage()).toMatchObject({ writable: true, entries: [], acknowledged: null, muted: null, notes: 0 });
    expect((await post(ack)).status).toBe(201);
    clock.timeUs += 1000;
    await post({ id: 'request-2', action: 'note', text: 'asked <b>Anna</b>' });
    const untilUs = clock.timeUs + 3600e6;
    caller = { name: 'anna@example.org', role: 'analyst' };
    const answer = JSON.parse(
      (await post({ id: 'request-3', action: 'mute', text: 'load test', untilUs })).body,
    ) as AlertTriage;
    expect(answer).toEqual(await triage());
    expect(answer.entries.map(({ action, by }) => [action, by])).toEqual([
      ['acknowledge', 'local'],
      ['note', 'local'],
      ['mute', 'anna@example.org'],
    ]);
    expect(answer).toMatchObject({ muted: { text: 'load test', untilUs }, notes: 1 });
  });

  test('of a request that comes twice is one entry', async () => {
    const first = await post(ack);
    clock.timeUs += 5e6;
    const again = await post(ack);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect((await triage()).entries).toHaveLength(1);
    const both = await Promise.all([
      post({ id: 'request-9', action: 'note', text: 'x' }),
      post({ id: 'request-9', action: 'note', text: 'x' }),
    ]);
    expect(both.every(({ status }) => status < 300)).toBe(true);
    expect((await triage()).entries).toHaveLength(2);
  });

  test('refuses an id that stands for something else, and an undo of nothing', async () => {
    await post(ack);
    expect((await post({ ...ack, action: 'note', text: 'other' })).status).toBe(409);
    expect((await post({ id: 'request-2', action: 'undo', undoes: 'request-7' })).status).toBe(409);
  });

  test('is taken back by an undo, which stays in the history', async () => {
    await post(ack);
    await post({ id: 'request-2', action: 'undo', undoes: 'request-1' });
    const { entries, acknowledged } = await triage();
    expect([entries.length, acknowledged]).toEqual([2, null]);
    expect((await post({ id: 'request-3', action: 'undo', undoes: 'request-2' })).status).toBe(409);
  });

  test('stands beside the alerts in the overview, ends with its time, and leaves the alerts as they are', async () => {
    const before = await overview();
    const untilUs = clock.timeUs + 3600e6;
    await post({ id: 'request-1', action: 'mute', text: 'load test', untilUs });
    const after = await overview();
    expect(after.triage).toEqual([
      { alert: ALERT, acknowledgedBy: null, muted: { reason: 'load test', untilUs, by: 'local' }, notes: 0 },
    ]);
    expect(after.alerts).toEqual(before.alerts);
    clock.timeUs = untilUs;
    expect((await overview()).triage).toEqual([]);
  });
});

describe('writing', () => {
  const status = async (more: Partial<ReportRequest>): Promise<[number, string]> => {
    const answer = await ask('POST', ADDRESS, { headers: HEADERS, body: JSON.stringify(ack), ...more });
    return [answer.status, answer.status < 300 ? '' : (JSON.parse(answer.body) as ApiError).error.code];
  };

  test('needs JSON, the header of the page, and the same origin', async () => {
    const { 'content-type': type, ...untyped } = HEADERS;
    const { 'x-tapline-write': mark, ...unmarked } = HEADERS;
    expect([type, mark]).toEqual(['application/json', '1']);
    expect(await status({ headers: untyped })).toEqual([415, 'UNSUPPORTED']);
    expect(await status({ headers: { ...HEADERS, 'content-type': 'text/plain' } })).toEqual([415, 'UNSUPPORTED']);
    expect(await status({ headers: unmarked })).toEqual([403, 'FORBIDDEN']);
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:9999']) {
      expect(await status({ headers: { ...HEADERS, origin } }), origin).toEqual([403, 'FORBIDDEN']);
    }
    expect(await status({ headers: { ...HEADERS, 'sec-fetch-site': 'cross-site' } })).toEqual([403, 'FORBIDDEN']);
    const hosted = { ...HEADERS, host: 'report-xyz.run.app', 'x-forwarded-host': 'tapline.web.app' };
    expect(await status({ headers: { ...hosted, origin: 'https://tapline.web.app' } })).toEqual([201, '']);
  });

  test('needs somebody who is signed in, and the role', async () => {
    caller = undefined;
    expect(await status({})).toEqual([401, 'UNAUTHENTICATED']);
    caller = { name: 'eve@example.org', role: 'viewer' };
    expect(await status({})).toEqual([403, 'FORBIDDEN']);
    expect((await triage()).entries).toEqual([]);
  });

  test('is bounded in size and rate', async () => {
    expect(await status({ body: ' '.repeat(20_000) })).toEqual([413, 'TOO_LARGE']);
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, i) => status({ body: JSON.stringify({ ...ack, id: `request-${i}` }) })),
    );
    expect(answers.filter(([code]) => code === 429).length).toBeGreaterThanOrEqual(20);
    clock.timeUs += 2e6;
    expect((await status({ body: JSON.stringify({ ...ack, id: 'request-later' }) }))[0]).toBe(201);
  });

  test.each(['', '{', '[]', '"x"', '{"id":"request-1","action":"delete"}'])('of %j is refused', async (body) => {
    expect(await status({ body })).toEqual([400, 'BAD_REQUEST']);
  });

  test('is nowhere but there, and says what an address takes', async () => {
    const elsewhere = await ask('POST', '/api/v1/overview', { headers: HEADERS, body: '{}' });
    expect([elsewhere.status, elsewhere.headers['Allow']]).toEqual([405, 'GET, HEAD']);
    const deleted = await ask('DELETE', ADDRESS, { headers: HEADERS });
    expect([deleted.status, deleted.headers['Allow']]).toEqual([405, 'GET, HEAD, POST']);
    const nobody = await ask('POST', '/api/v1/alerts/none/triage', { headers: HEADERS, body: JSON.stringify(ack) });
    expect(nobody.status).toBe(404);
  });
});
