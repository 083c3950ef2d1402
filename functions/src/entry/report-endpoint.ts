/**
 * The report API as a function: for the page of the same origin and nobody else (no CORS header is
 * ever sent), never a cached answer that nobody asked after, compressed when that is worth it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { ApiError } from '@tapline/core/report/snapshot';
import type { ReportApi, ReportResponse } from '../stages/report.ts';
import { BODY_MOST } from '../stages/report/write-guard.ts';
import { Refusal } from './refusal.ts';
import { isLongToDrain, readBody } from './request-body.ts';
import { serve } from './lifecycle.ts';
import type { Log } from './log.ts';
import { meter } from './meter.ts';
import type { HttpHandler } from './push-endpoint.ts';
import { plainHeaders } from './plain-headers.ts';
import { sendStream } from './send-stream.ts';

/** Smaller answers fit in one packet as they are. */
const COMPRESS_FROM_BYTES = 1024;
const compress = promisify(gzip);

/** With every answer, also with errors. There is nothing to load or to frame in JSON. */
export const REPORT_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  Vary: 'Accept-Encoding',
};

const UNAVAILABLE = {
  headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store', 'Retry-After': '5' },
  body: JSON.stringify({
    error: { code: 'UNAVAILABLE', message: 'the report cannot be read now; try again' },
  } satisfies ApiError),
};

/** @param api gives the API; when it cannot, the answer is 503, and the next request tries again */
export function reportEndpoint(api: () => Promise<ReportApi>, log: Log): HttpHandler {
  return (request, response) =>
    serve(async () => {
      try {
        await send(await answer(request, await api()), request, response);
      } catch (error) {
        if (error instanceof Refusal) {
          refuse(error, request, response);
          return;
        }
        meter.add('function.failed', 1);
        const text = error instanceof Error ? error.message : String(error);
        log.ofRequest(request.headers)('ERROR', `a report failed: ${text}`, {}, error);
        if (!response.headersSent) response.writeHead(503, { ...REPORT_HEADERS, ...UNAVAILABLE.headers });
        response.end(UNAVAILABLE.body);
      }
    });
}

/** A body that is too long, compressed or broken. Hangs up rather than read one to its end. */
function refuse({ status, message }: Refusal, request: IncomingMessage, response: ServerResponse): void {
  const code = status === 413 ? 'TOO_LARGE' : status === 415 ? 'UNSUPPORTED' : 'BAD_REQUEST';
  const headers = { ...REPORT_HEADERS, ...UNAVAILABLE.headers, ...(isLongToDrain(request) && { Connection: 'close' }) };
  response.writeHead(status, headers);
  response.end(JSON.stringify({ error: { code, message } } satisfies ApiError));
}

async function answer(request: IncomingMessage, api: ReportApi): Promise<ReportResponse> {
  const target = request.url ?? '/';
  const split = target.indexOf('?');
  const none = request.headers['if-none-match'];
  const body = request.method === 'POST' ? { body: await bodyText(request) } : {};
  return api({
    ...body,
    headers: plainHeaders(request),
    method: request.method ?? '',
    path: split === -1 ? target : target.slice(0, split),
    query: new URLSearchParams(split === -1 ? '' : target.slice(split + 1)),
    ifNoneMatch: none ?? null,
    address: addressOf(request),
  });
}

async function bodyText(request: IncomingMessage): Promise<string> {
  const { bytes, release } = await readBody(request);
  try {
    return new TextDecoder().decode(bytes.subarray(0, BODY_MOST + 1));
  } finally {
    release();
  }
}

/** Whom the platform's front end saw: it writes the last entry, those before are whatever the caller wrote. */
function addressOf(request: IncomingMessage): string | undefined {
  const forwarded = request.headers['x-forwarded-for'];
  const last = (Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? '')).split(',').at(-1)!.trim();
  return last === '' ? request.socket.remoteAddress : last;
}

async function send(answered: ReportResponse, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers, body, stream } = answered;
  if (stream !== undefined) return sendStream(request, response, { ...REPORT_HEADERS, ...headers }, stream);
  const plain = Buffer.from(body);
  const wanted = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/u.test(request.headers['accept-encoding'] ?? '');
  const small = plain.length < COMPRESS_FROM_BYTES;
  const bytes = wanted && !small ? await compress(plain, { level: constants.Z_BEST_SPEED }) : plain;
  response.writeHead(status, {
    ...REPORT_HEADERS,
    ...headers,
    ...(bytes === plain ? {} : { 'Content-Encoding': 'gzip' }),
    ...(status === 304 ? {} : { 'Content-Length': bytes.length }),
  });
  response.end(request.method === 'HEAD' || status === 304 ? undefined : bytes);
}
