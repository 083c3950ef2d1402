/** docs/openapi.json describes every address of the report API, and real answers are what it says. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryTriageStore } from '@tapline/adapters/memory/triage-store';
import type { Overview, PacketPage } from '@tapline/core/report/snapshot';
import { noCodec } from '@tapline/core/wire/no-codec';
import { createReport, ROUTES, type ReportApi, type ReportResponse } from '@tapline/functions/stages/report';
import { LOCAL_ANALYST } from '@tapline/functions/stages/report/write-guard';
import { DESCRIBED, openApi, openApiText, OPENAPI_FILE } from '../../tools/openapi.ts';
import { HandClock } from '../contract/harness.ts';
import { hostileAlert } from '../fixtures/report-alerts.ts';
import { makeReportData, SENSOR, START_US } from '../fixtures/report-data.ts';

let api: ReportApi;
let alertId: string;
let host: string;
const strict = openApi(true);
const ajv = new Ajv2020({ strict: false, allErrors: true });

const ask = (path: string, method = 'GET', body?: string): Promise<ReportResponse> => {
  const url = new URL(path, 'http://report.test');
  const headers = { 'content-type': 'application/json', 'x-tapline-write': '1' };
  return api({
    method,
    path: url.pathname,
    query: url.searchParams,
    ifNoneMatch: null,
    headers,
    caller: LOCAL_ANALYST,
    ...(body && { body }),
  });
};

/** What of a body is not as the schema says. */
const wrong = (schema: string, body: string): string[] => {
  const validate = ajv.compile({ $ref: `#/components/schemas/${schema}`, components: strict.components });
  validate(JSON.parse(body));
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
};

beforeAll(async () => {
  const data = await makeReportData({ extraAlerts: [hostileAlert(SENSOR, START_US)] });
  api = createReport({
    results: data.results,
    packets: data.batches,
    ledger: data.ledger,
    codecs: [noCodec],
    triage: new MemoryTriageStore(),
    clock: new HandClock(),
  });
  alertId = data.alerts[2]!.id;
  host = (JSON.parse((await ask('/api/v1/overview')).body) as Overview).tops.sources[0]!.key;
});

describe('docs/openapi.json', () => {
  test('is what the types and the routes say: node tools/openapi.ts writes it', async () => {
    expect(readFileSync(OPENAPI_FILE, 'utf8')).toBe(await openApiText());
  });

  test('describes every route once, and nothing else', () => {
    const example = (path: string): string => path.replaceAll(/\{\w+\}/gu, '1');
    for (const { pattern, writer } of ROUTES) {
      const described = DESCRIBED.filter(({ path }) => pattern.test(example(path)));
      expect(
        described.map(({ path }) => path),
        pattern.source,
      ).toHaveLength(1);
      expect(described[0]!.post !== undefined, pattern.source).toBe(writer !== undefined);
    }
    for (const { path } of DESCRIBED)
      expect(
        ROUTES.filter(({ pattern }) => pattern.test(example(path))),
        path,
      ).toHaveLength(1);
  });

  test('names every parameter of a path', () => {
    for (const { path, parameters } of DESCRIBED) {
      const named = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name);
      expect(
        parameters.filter((one) => one.in === 'path').map(({ name }) => name),
        path,
      ).toEqual(named);
    }
  });

  test.each(DESCRIBED.filter(({ answer }) => answer !== undefined))(
    '$path answers with its schema',
    async ({ path, answer, parameters }) => {
      const values: Record<string, string> = {
        id: encodeURIComponent(alertId),
        start: String(START_US + 190e6),
        address: host,
      };
      const { packets } = JSON.parse((await ask('/api/v1/packets?limit=1')).body) as PacketPage;
      const { session, number, timeUs } = packets[0]!;
      const needed: Record<string, string> = { session, number: String(number), at: String(timeUs) };
      const query = new URLSearchParams(
        parameters.filter((one) => one.in === 'query' && one.required).map(({ name }) => [name, needed[name]!]),
      );
      const address = path.replaceAll(/\{(\w+)\}/gu, (_, name: string) => values[name]!);
      const response = await ask(`${address}?${query}`);
      expect(response.status, response.body).toBe(200);
      expect(wrong(answer!, response.body)).toEqual([]);
    },
  );

  test('a POST takes and gives what it says, and refusals are as described', async () => {
    const address = `/api/v1/alerts/${encodeURIComponent(alertId)}/triage`;
    const request = JSON.stringify({ id: 'request-1', action: 'note', text: 'seen' });
    expect(wrong('TriageRequest', request)).toEqual([]);
    const kept = await ask(address, 'POST', request);
    expect([kept.status, wrong('AlertTriage', kept.body)]).toEqual([201, []]);
    expect(wrong('Overview', (await ask('/api/v1/overview')).body)).toEqual([]);
    for (const refused of [
      await ask('/api/v1/nothing'),
      await ask('/api/v1/packets?limit=0'),
      await ask(address, 'POST', '{'),
    ]) {
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(wrong('ApiError', refused.body)).toEqual([]);
    }
  });

  test('finds what is wrong: a schema that takes anything would prove nothing', () => {
    expect(wrong('AlertTriage', '{"version":2,"entries":[],"more":1}').length).toBeGreaterThan(3);
  });
});
