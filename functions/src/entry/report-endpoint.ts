/**
 * The report API as a function: GET and HEAD only, for the page of the same origin and nobody else (no CORS header is
 * ever sent), never a cached answer that nobody asked after, compressed when that is worth it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { ReportApi, ReportResponse } from '../stages/report.ts';
import { serve } from './lifecycle.ts';
import type { Log } from './log.ts';
import type { HttpHandler } from './push-endpoint.ts';

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

/** @param api made with an `onError` that logs: the handler logs only what the API cannot answer itself */
export function reportEndpoint(api: ReportApi, log: Log): HttpHandler {
  return (request, response) =>
    serve(async () => {
      try {
        await send(await answer(request, api), request, response);
      } catch (error) {
        log.ofRequest(request.headers)('ERROR', `report failed: ${String(error)}`, {}, error);
        if (!response.headersSent) response.writeHead(500, { ...REPORT_HEADERS, 'Cache-Control': 'no-store' });
        response.end();
      }
    });
}

function answer(request: IncomingMessage, api: ReportApi): Promise<ReportResponse> {
  const target = request.url ?? '/';
  const split = target.indexOf('?');
  const none = request.headers['if-none-match'];
  return api({
    method: request.method ?? '',
    path: split === -1 ? target : target.slice(0, split),
    query: new URLSearchParams(split === -1 ? '' : target.slice(split + 1)),
    ifNoneMatch: none ?? null,
  });
}

async function send(answered: ReportResponse, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers, body } = answered;
  const plain = Buffer.from(body);
  const wanted = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/u.test(request.headers['accept-encoding'] ?? '');
  const small = plain.length < COMPRESS_FROM_BYTES;
  const bytes = wanted && !small ? await compress(plain, { level: constants.Z_BEST_SPEED }) : plain;
  response.writeHead(status, {
    ...REPORT_HEADERS,
    ...headers,
    ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
    ...(bytes === plain ? {} : { 'Content-Encoding': 'gzip' }),
    ...(status === 304 ? {} : { 'Content-Length': bytes.length }),
  });
  response.end(request.method === 'HEAD' || status === 304 ? undefined : bytes);
}
