/**
 * The report stage: the HTTP API behind the page, over the store ports and nothing else. It reads and adds up; whatever
 * needs judging was stored by the stages before it. Answers carry an ETag, so that polling an unchanged report is cheap.
 * All it writes is what people do about alerts, beside what the line stored.
 */
import type { AllowList } from '@tapline/core/detect/allow-list';
import { PipelineError } from '@tapline/core/errors';
import type { Clock, Codec, LedgerStore, PacketStore, ResultStore, TriageStore } from '@tapline/core/ports';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import type { QueryError } from '@tapline/core/query/parse-query';
import type { LineFacts } from '@tapline/core/report/pipeline-report';
import type { ApiError, RunStatus } from '@tapline/core/report/snapshot';
import { contentHash } from '@tapline/core/wire/content-hash';
import { alertReport, alertPackets } from './report/alerts.ts';
import { alertCapture, alertDownload, Download, type DownloadBody, type FrameShelf } from './report/capture.ts';
import { alertEvidence } from './report/evidence.ts';
import { flowPage } from './report/flows.ts';
import { hostFlows, hostList, hostPorts, hostReport } from './report/hosts.ts';
import { overview } from './report/overview.ts';
import { packetBytes } from './report/packet-bytes.ts';
import { packetPage } from './report/packets.ts';
import { pipelineReport } from './report/pipeline.ts';
import { packetOf, searchPage } from './report/search.ts';
import { addTriage, alertTriage } from './report/triage.ts';
import { windowReport } from './report/windows.ts';
import { WriteGuard, type Caller } from './report/write-guard.ts';

/** A window under way. */
export type EarlyWindow = Pick<KpiRow, 'windowStartUs' | 'windowEndUs' | 'seconds'>;

export interface ReportPorts {
  readonly results: ResultStore;
  readonly packets: PacketStore;
  readonly ledger: LedgerStore;
  /** To open stored batches with. */
  readonly codecs: readonly Codec[];
  /** Alerts that an operator knows to be harmless; absent = none. */
  readonly allowList?: () => AllowList;
  /** What the process that feeds the stages knows; without it the state is read from the heartbeats. */
  readonly run?: () => RunStatus;
  /**
   * Traffic of windows that nobody has scored yet, for whoever watches a run. Absent where the window state is out of
   * reach: a second is shown when its window is scored.
   */
  readonly early?: (sensor: string) => Promise<readonly EarlyWindow[]>;
  /** What the process that runs the line knows of it beside its rows; absent: nothing. */
  readonly line?: () => LineFacts;
  /** Where the frames behind an alert can be had from; absent: nowhere. */
  readonly frames?: FrameShelf;
  /** Where what people do about alerts is kept; absent: nobody can. */
  readonly triage?: TriageStore;
  /** Of the wall, which triage goes by. */
  readonly clock?: Clock;
}

export interface ReportRequest {
  readonly method: string;
  /** Path with its leading slash, still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly ifNoneMatch: string | null;
  /** By lower-case name; needed to write. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a POST. */
  readonly body?: string;
  /** Network address of whoever asks, as far as it is known. */
  readonly address?: string | undefined;
  /** Who asks, as the server found out. Absent: nobody is signed in, and nobody writes. */
  readonly caller?: Caller | undefined;
}

export interface ReportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for 304, and where there is a stream. */
  readonly body: string;
  /** The body of a download. Whoever takes it reads it to its end or returns it, so that its files are closed. */
  readonly stream?: DownloadBody;
}

export type ReportApi = (request: ReportRequest) => Promise<ReportResponse>;

/** Thrown by the handlers for what does not exist. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}

/** Thrown for what would read more than an answer may. */
export class TooBroad extends Error {
  override readonly name = 'TooBroad';
}

/** Thrown for a query that is not understood, with the characters that are wrong. */
export class NotUnderstood extends Error {
  override readonly name = 'NotUnderstood';
  readonly place: { readonly fromAt: number; readonly toAt: number };

  constructor({ message, fromAt, toAt }: QueryError) {
    super(message);
    this.place = { fromAt, toAt };
  }
}

/** Thrown for what may not be done, or not now. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly code: ApiError['error']['code'];

  constructor(status: number, code: ApiError['error']['code'], message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What a POST answers with. */
export class Created {
  readonly value: unknown;
  readonly isNew: boolean;

  /** @param isNew false when the same was asked for before */
  constructor(value: unknown, isNew: boolean) {
    this.value = value;
    this.isNew = isNew;
  }
}

type Handler = (ports: ReportPorts, query: URLSearchParams, name: string) => Promise<unknown>;
type Writer = (ports: ReportPorts, body: string, name: string, by: string) => Promise<Created>;

export interface Route {
  readonly pattern: RegExp;
  readonly handler: Handler;
  /** What a POST does. */
  readonly writer?: Writer;
}

/** `name` is the one variable part of a path, decoded. docs/openapi.json describes each of them. */
export const ROUTES: readonly Route[] = [
  { pattern: /^\/api\/v1\/overview$/u, handler: overview },
  { pattern: /^\/api\/v1\/windows\/([^/]{1,20})$/u, handler: windowReport },
  { pattern: /^\/api\/v1\/alerts\/([^/]{1,400})$/u, handler: alertReport },
  { pattern: /^\/api\/v1\/alerts\/([^/]{1,400})\/packets$/u, handler: alertPackets },
  { pattern: /^\/api\/v1\/alerts\/([^/]{1,400})\/capture$/u, handler: alertCapture },
  { pattern: /^\/api\/v1\/alerts\/([^/]{1,400})\/capture\.pcapng$/u, handler: alertDownload },
  { pattern: /^\/api\/v1\/alerts\/([^/]{1,400})\/triage$/u, handler: alertTriage, writer: addTriage },
  { pattern: /^\/api\/v1\/alerts\/([^/]{1,400})\/evidence$/u, handler: alertEvidence },
  { pattern: /^\/api\/v1\/packets$/u, handler: packetPage },
  { pattern: /^\/api\/v1\/pipeline$/u, handler: pipelineReport },
  { pattern: /^\/api\/v1\/packet$/u, handler: packetOf },
  { pattern: /^\/api\/v1\/packet\/bytes$/u, handler: packetBytes },
  { pattern: /^\/api\/v1\/search$/u, handler: searchPage },
  { pattern: /^\/api\/v1\/flows$/u, handler: flowPage },
  { pattern: /^\/api\/v1\/hosts$/u, handler: hostList },
  { pattern: /^\/api\/v1\/hosts\/([^/]{1,200})$/u, handler: hostReport },
  { pattern: /^\/api\/v1\/hosts\/([^/]{1,200})\/flows$/u, handler: hostFlows },
  { pattern: /^\/api\/v1\/hosts\/([^/]{1,200})\/ports$/u, handler: hostPorts },
];

const HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  // Whoever caches must ask again: the ETag makes asking cheap, and a report that is old is wrong.
  'Cache-Control': 'private, no-cache',
};

/** An error as every answer of the API says it: one line of JSON that nobody keeps. */
export const failure = (
  status: number,
  code: ApiError['error']['code'],
  message: string,
  place?: ApiError['error']['place'],
): ReportResponse => ({
  status,
  headers: { ...HEADERS, 'Cache-Control': 'no-store' },
  body: JSON.stringify({ error: { code, message, ...(place && { place }) } } satisfies ApiError),
});

const wrongMethod = (isWritable: boolean): ReportResponse => {
  const { headers, ...rest } = failure(405, 'METHOD', isWritable ? 'GET and POST only' : 'this address only reads');
  return { ...rest, headers: { ...headers, Allow: isWritable ? 'GET, HEAD, POST' : 'GET, HEAD' } };
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PipelineError('USAGE', 'the path is not valid percent-encoding');
  }
};

const matchesTag = (ifNoneMatch: string | null, etag: string): boolean =>
  ifNoneMatch !== null && (ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((tag) => tag.trim() === etag));

const answer = async (ports: ReportPorts, guard: WriteGuard, request: ReportRequest): Promise<ReportResponse> => {
  for (const { pattern, handler, writer } of ROUTES) {
    const match = pattern.exec(request.path);
    if (match === null) continue;
    const name = decoded(match[1] ?? '');
    if (request.method === 'POST' && writer !== undefined) {
      const caller = guard.admit(request);
      const { value, isNew } = await writer(ports, request.body ?? '', name, caller.name);
      return {
        status: isNew ? 201 : 200,
        headers: { ...HEADERS, 'Cache-Control': 'no-store' },
        body: JSON.stringify(value),
      };
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod(writer !== undefined);
    const found = await handler(ports, request.query, name);
    if (found instanceof Download) return { status: 200, headers: found.headers, body: '', stream: found.stream };
    const body = JSON.stringify(found);
    const etag = `W/"${contentHash(new TextEncoder().encode(body))}"`;
    const headers = { ...HEADERS, ETag: etag };
    return matchesTag(request.ifNoneMatch, etag) ? { status: 304, headers, body: '' } : { status: 200, headers, body };
  }
  return failure(404, 'NOT_FOUND', 'there is nothing at this address; see /api/v1/overview');
};

const failed = (error: unknown): ReportResponse => {
  if (error instanceof Refused) return failure(error.status, error.code, error.message);
  if (error instanceof NotFound) return failure(404, 'NOT_FOUND', error.message);
  if (error instanceof TooBroad) return failure(422, 'TOO_BROAD', error.message);
  if (error instanceof NotUnderstood) return failure(400, 'BAD_REQUEST', error.message, error.place);
  if (!(error instanceof PipelineError))
    return failure(500, 'INTERNAL', 'the report failed; the log of the server says why');
  if (error.code === 'USAGE') return failure(400, 'BAD_REQUEST', error.message);
  return failure(error.retriable ? 503 : 500, error.retriable ? 'UNAVAILABLE' : 'INTERNAL', error.message);
};

/**
 * The API as one function. It always answers; `onError` hears of failures that are not the caller's.
 */
export function createReport(ports: ReportPorts, onError: (error: unknown) => void = () => undefined): ReportApi {
  const guard = new WriteGuard(ports.clock ?? { nowUs: () => 0 });
  return async (request) => {
    try {
      return await answer(ports, guard, request);
    } catch (error) {
      const response = failed(error);
      if (response.status >= 500) onError(error);
      return response;
    }
  };
}
