/**
 * Writes docs/openapi.json: the report API as OpenAPI 3.1. Schemas are made from the types that the stage answers with
 * (core/src/report), so that they cannot say something else; this file says which address answers with which.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { createGenerator } from 'ts-json-schema-generator';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const OPENAPI_FILE = here('../docs/openapi.json');

/** Files with the types of answers, and the types of each that answers name. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  '../core/src/report/snapshot.ts': [
    'Overview',
    'WindowReport',
    'AlertReport',
    'AlertCapture',
    'AlertTriage',
    'AlertEvidence',
    'PacketPage',
    'FlowPage',
    'ApiError',
  ],
  '../core/src/report/search-report.ts': ['SearchPage'],
  '../core/src/report/packet-detail.ts': ['PacketDetail'],
  '../core/src/report/pipeline-report.ts': ['PipelineReport'],
  '../core/src/report/host-report.ts': ['HostList', 'HostReport', 'HostFlows'],
  '../core/src/report/host-ports.ts': ['HostPorts'],
  '../core/src/triage/triage-entry.ts': ['TriageRequest'],
};

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly description: string;
  readonly required?: boolean;
  readonly schema: object;
}

const text = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string' },
});
const whole = (name: string, description: string, minimum?: number, maximum?: number): Parameter => ({
  name,
  in: 'query',
  description,
  schema: {
    type: 'integer',
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  },
});
const inPath = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
});

const needed = (parameter: Parameter): Parameter => ({ ...parameter, required: true });

const SENSOR = text('sensor', 'name of the sensor; without it the first by name');
const RANGE = [
  whole('from', 'event time, microseconds since 1970, inclusive; only together with `to`; default: everything'),
  whole('to', 'event time, microseconds since 1970, exclusive'),
];
const PAGE = [whole('limit', 'how many at most; default: 100', 1, 1000), text('after', '`next` of the page before')];
const FILTER = [
  text('host', 'address on either side'),
  text('peer', 'address on the other side'),
  whole('port', 'on either side', 0, 65_535),
  text('protocol', 'name such as tcp'),
];
const ALERT = inPath('id', 'of the alert');
const HOST = inPath('address', 'of the host, IPv4 or IPv6');

export interface DescribedRoute {
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** Name of the schema of the answer; absent = a pcapng file. */
  readonly answer?: string;
  /** What a POST does. */
  readonly post?: { readonly summary: string; readonly body: string };
}

export const DESCRIBED: readonly DescribedRoute[] = [
  {
    path: '/api/v1/overview',
    summary: 'Everything the first view shows',
    parameters: [SENSOR, ...RANGE, text('usual', '`show`: also the alerts that are usual for their host')],
    answer: 'Overview',
  },
  {
    path: '/api/v1/windows/{start}',
    summary: 'The KPIs of one window',
    parameters: [inPath('start', 'of the window, microseconds since 1970'), SENSOR],
    answer: 'WindowReport',
  },
  { path: '/api/v1/alerts/{id}', summary: 'One alert', parameters: [ALERT], answer: 'AlertReport' },
  {
    path: '/api/v1/alerts/{id}/packets',
    summary: 'The packets behind an alert',
    parameters: [ALERT, ...PAGE],
    answer: 'PacketPage',
  },
  {
    path: '/api/v1/alerts/{id}/capture',
    summary: 'What can be had of the frames behind an alert',
    parameters: [ALERT],
    answer: 'AlertCapture',
  },
  { path: '/api/v1/alerts/{id}/capture.pcapng', summary: 'The frames behind an alert', parameters: [ALERT] },
  {
    path: '/api/v1/alerts/{id}/triage',
    summary: 'What people did about an alert',
    parameters: [ALERT],
    answer: 'AlertTriage',
    post: { summary: 'Acknowledge, note, mute, or take one of these back', body: 'TriageRequest' },
  },
  {
    path: '/api/v1/alerts/{id}/evidence',
    summary: 'What raised an alert, window by window',
    parameters: [ALERT],
    answer: 'AlertEvidence',
  },
  {
    path: '/api/v1/packets',
    summary: 'Packets that match a filter',
    parameters: [SENSOR, ...RANGE, ...FILTER, ...PAGE],
    answer: 'PacketPage',
  },
  {
    path: '/api/v1/search',
    summary: 'Packets that match a query (docs/query.md)',
    parameters: [text('q', 'the query; empty: every packet'), SENSOR, ...RANGE, ...PAGE],
    answer: 'SearchPage',
  },
  {
    path: '/api/v1/packet',
    summary: 'One packet, column by column',
    parameters: [
      SENSOR,
      needed(text('session', 'of the sensor')),
      needed(whole('number', 'of the packet in its session', 1)),
      needed(whole('at', 'its event time, microseconds since 1970')),
    ],
    answer: 'PacketDetail',
  },
  {
    path: '/api/v1/pipeline',
    summary: 'Whether the line is well, hop by hop',
    parameters: [],
    answer: 'PipelineReport',
  },
  {
    path: '/api/v1/flows',
    summary: 'Flows, the largest first',
    parameters: [SENSOR, ...RANGE, ...FILTER, PAGE[0]!],
    answer: 'FlowPage',
  },
  {
    path: '/api/v1/hosts',
    summary: 'The hosts of a time',
    parameters: [SENSOR, ...RANGE, PAGE[0]!],
    answer: 'HostList',
  },
  {
    path: '/api/v1/hosts/{address}',
    summary: 'What one host did',
    parameters: [HOST, SENSOR, ...RANGE],
    answer: 'HostReport',
  },
  {
    path: '/api/v1/hosts/{address}/flows',
    summary: 'The flows of one host',
    parameters: [HOST, SENSOR, ...RANGE, ...PAGE],
    answer: 'HostFlows',
  },
  {
    path: '/api/v1/hosts/{address}/ports',
    summary: 'Which ports one host asked, and was asked for',
    parameters: [HOST, SENSOR, ...RANGE],
    answer: 'HostPorts',
  },
];

type Schemas = Record<string, unknown>;

let made: string | undefined;

/** Made once: reading the types takes seconds. */
const strictSchemas = (): string => {
  if (made !== undefined) return made;
  const found: Schemas = {};
  for (const [file, names] of Object.entries(SOURCES)) {
    const path = here(file);
    const tsconfig = here('../core/tsconfig.json');
    const generator = createGenerator({ path, tsconfig, skipTypeCheck: true, additionalProperties: false });
    for (const name of names) Object.assign(found, generator.createSchema(name).definitions);
  }
  return (made = JSON.stringify(found).replaceAll('#/definitions/', '#/components/schemas/'));
};

/** @param isStrict whether a field that is not described is wrong: for tests. Readers are to expect that answers gain fields. */
export function schemas(isStrict: boolean): Schemas {
  const json = strictSchemas();
  return JSON.parse(isStrict ? json : json.replaceAll(/,?"additionalProperties":false/gu, '')) as Schemas;
}

const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: string): object => ({ 'application/json': { schema: ref(schema) } });
const FAILURE = { description: 'why not, in words', content: json('ApiError') };

const get = ({ summary, parameters, answer }: DescribedRoute): object => ({
  summary,
  parameters,
  responses: {
    200:
      answer === undefined
        ? { description: 'a pcapng file', content: { 'application/x-pcapng': {} } }
        : { description: 'the answer, with an ETag to ask again by', content: json(answer) },
    ...(answer === undefined ? {} : { 304: { description: 'unchanged since the ETag in If-None-Match' } }),
    default: FAILURE,
  },
});

const post = (
  { parameters, answer }: DescribedRoute,
  { summary, body }: NonNullable<DescribedRoute['post']>,
): object => ({
  summary,
  parameters: [
    ...parameters,
    { name: 'X-Tapline-Write', in: 'header', required: true, description: 'must be 1', schema: { const: '1' } },
  ],
  requestBody: { required: true, content: json(body) },
  responses: {
    201: { description: 'kept', content: json(answer!) },
    200: { description: 'was kept before: the same request came again', content: json(answer!) },
    default: FAILURE,
  },
});

export function openApi(isStrict = false): { paths: Record<string, unknown>; components: { schemas: Schemas } } {
  const description =
    'What the page of Tapline asks. Times are microseconds since 1970 in event time unless a field says otherwise. Within v1 answers may gain fields, and lose none.';
  const paths = DESCRIBED.map((route) => [
    route.path,
    { get: get(route), ...(route.post === undefined ? {} : { post: post(route, route.post) }) },
  ]);
  return {
    ...{ openapi: '3.1.0', info: { title: 'Tapline report API', version: '1', description } },
    paths: Object.fromEntries(paths) as Record<string, unknown>,
    components: { schemas: schemas(isStrict) },
  };
}

/** The document as it is kept. */
export const openApiText = (): Promise<string> =>
  format(JSON.stringify(openApi()), { parser: 'json', printWidth: 120 });

if (import.meta.filename === process.argv[1]) await writeFile(OPENAPI_FILE, await openApiText());
