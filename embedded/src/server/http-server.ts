/**
 * The small HTTP server of `tapline run`: the page and the report API on loopback, for the browser of this machine and
 * nobody else. Answers only to its own host names (a page elsewhere cannot reach it by DNS rebinding), GET and HEAD, and POST
 * where the API takes it, and every answer carries the security headers that firebase.json hosts it with.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PipelineError } from '@tapline/core/errors';
import { plainHeaders } from '@tapline/functions/entry/plain-headers';
import { sendStream } from '@tapline/functions/entry/send-stream';
import type { ReportApi } from '@tapline/functions/stages/report';
import type { DownloadBody } from '@tapline/functions/stages/report/capture';
import { BODY_MOST, LOCAL_ANALYST } from '@tapline/functions/stages/report/write-guard';
import { hostingHeaders } from './hosting-headers.ts';
import { loadStaticFiles, NOT_FOUND_PATH, type StaticFile } from './static-files.ts';

export interface ServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly api: ReportApi;
  /** Folder with the built page (report/build.ts). */
  readonly staticDir: string;
}

export interface RunningServer {
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, lets answers under way finish for a second, then drops what is left. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const GRACE_MS = 1000;
const API_METHODS = ['GET', 'HEAD', 'POST'];

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly stream?: DownloadBody;
}

const plain = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
  body: `${text}\n`,
});

/** Names a browser on this machine may know the server by. */
const isOwnHost = (host: string | undefined, port: number): boolean =>
  host !== undefined && [`${HOST}:${port}`, `localhost:${port}`, `[::1]:${port}`].includes(host.toLowerCase());

const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
};

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0]!;

/** How long it may be kept, firebase.json says. */
const fileAnswer = (file: StaticFile, request: IncomingMessage): Answer => {
  const headers = { 'Content-Type': file.type, ETag: file.etag, Vary: 'Accept-Encoding' };
  if (header(request, 'if-none-match') === file.etag) return { status: 304, headers, body: '' };
  const gzip = /\bgzip\b/u.test(header(request, 'accept-encoding') ?? '');
  return gzip
    ? { status: 200, headers: { ...headers, 'Content-Encoding': 'gzip' }, body: file.gzipped }
    : { status: 200, headers, body: file.bytes };
};

/** The body, cut a byte after it is too long: then the API refuses it. */
const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > BODY_MOST) break;
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, BODY_MOST + 1));
};

const notFound = (files: ReadonlyMap<string, StaticFile>): Answer => {
  const page = files.get(NOT_FOUND_PATH);
  if (page === undefined) return plain(404, 'not found');
  return { status: 404, headers: { 'Content-Type': page.type, 'Cache-Control': 'no-store' }, body: page.bytes };
};

const answerTo = async (
  request: IncomingMessage,
  port: number,
  api: ReportApi,
  files: ReadonlyMap<string, StaticFile>,
): Promise<Answer> => {
  if (!isOwnHost(request.headers.host, port)) return plain(403, 'this server answers only to its own address');
  const method = request.method ?? '';
  const target = request.url ?? '/';
  const split = target.indexOf('?');
  const path = pathOf(request);
  if (path.startsWith('/api/')) {
    if (!API_METHODS.includes(method)) return plain(405, 'only GET, HEAD and POST', { Allow: API_METHODS.join(', ') });
    const query = new URLSearchParams(split === -1 ? '' : target.slice(split + 1));
    const body = method === 'POST' ? { body: await bodyOf(request) } : {};
    const headers = plainHeaders(request);
    const asked = { method, path, query, ifNoneMatch: header(request, 'if-none-match'), headers };
    // Loopback: whoever reaches it is the user of this machine.
    return api({ ...asked, caller: LOCAL_ANALYST, ...body });
  }
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET and HEAD', { Allow: 'GET, HEAD' });
  const file = files.get(path);
  return file === undefined ? notFound(files) : fileAnswer(file, request);
};

const send = async (request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> => {
  if (answer.stream !== undefined) {
    return sendStream(request, response, { ...hostingHeaders(pathOf(request)), ...answer.headers }, answer.stream);
  }
  const body = Buffer.from(answer.body as string);
  const length = answer.status === 304 ? {} : { 'Content-Length': String(body.length) };
  response.writeHead(answer.status, { ...hostingHeaders(pathOf(request)), ...answer.headers, ...length });
  response.end(request.method === 'HEAD' || answer.status === 304 ? undefined : body);
};

const listenError = (error: NodeJS.ErrnoException, port: number): PipelineError => {
  const reason =
    error.code === 'EADDRINUSE'
      ? `port ${port} is already in use`
      : error.code === 'EACCES'
        ? `port ${port} needs privileges this process does not have`
        : `cannot listen on port ${port}: ${error.message}`;
  return new PipelineError('USAGE', `${reason}; choose another one with --port`, { cause: error });
};

/** Starts serving. Throws PipelineError USAGE, naming the port and --port, when the port cannot be had. */
export async function startServer({ port, api, staticDir }: ServerOptions): Promise<RunningServer> {
  const files = await loadStaticFiles(staticDir);
  let bound = port;
  const server = createServer((request, response) => {
    answerTo(request, bound, api, files)
      .catch(() => plain(500, 'the server failed'))
      .then((answer) => send(request, response, answer))
      .catch(() => response.destroy());
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  server.maxConnections = 256;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(listenError(error, port));
    });
    server.listen(port, HOST, resolve);
  });
  bound = (server.address() as AddressInfo).port;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        server.closeAllConnections();
      }, GRACE_MS);
      server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      server.closeIdleConnections();
    });
  return { url: `http://${HOST}:${bound}`, port: bound, close };
}
