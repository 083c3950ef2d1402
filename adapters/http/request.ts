/** One GET over HTTP or HTTPS, redirects followed, with the bytes as they come over the wire and errors in one clear line. */
import { once } from 'node:events';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { PipelineError } from '@tapline/core/errors';

export interface HttpTarget {
  readonly url: URL;
  /** How it is called in messages: without user, password and query, which may be secrets. */
  readonly name: string;
  /** Headers for every request to the host of `url`, asked for each time: tokens expire. */
  readonly headers?: () => Promise<Readonly<Record<string, string>>>;
  /** What to do when the server says that reading is not allowed. */
  readonly deniedHint?: string;
}

const REDIRECTS_MOST = 5;
/** How long a server may take until it begins to answer. */
const ANSWER_MS = 30_000;

/**
 * The response, whatever its status; its body is raw and not read yet.
 * @throws PipelineError SOURCE when the server cannot be reached; the reason of `signal` when that is aborted
 */
export async function get(
  target: HttpTarget,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  let url = target.url;
  for (let redirects = 0; redirects <= REDIRECTS_MOST; redirects++) {
    // Who was let in by one host shows no other host the key.
    const own = url.host === target.url.host ? await target.headers?.() : {};
    const response = await send(url, { 'accept-encoding': 'identity', ...own, ...headers }, signal).catch(
      (cause: unknown) => {
        signal?.throwIfAborted();
        throw new PipelineError('SOURCE', `cannot read ${target.name}: ${reason(cause, url)}`, {
          cause,
          retriable: true,
        });
      },
    );
    const { statusCode = 0, headers: answered } = response;
    if (![301, 302, 303, 307, 308].includes(statusCode) || answered.location === undefined) return response;
    response.destroy();
    const next = URL.parse(answered.location, url);
    if (next?.protocol !== 'http:' && next?.protocol !== 'https:') {
      throw new PipelineError('SOURCE', `cannot read ${target.name}: redirected to what is no web address`);
    }
    url = next;
  }
  throw new PipelineError('SOURCE', `cannot read ${target.name}: redirected more than ${REDIRECTS_MOST} times`);
}

/** The error of an answer that brings nothing to read. */
export function refusal(target: HttpTarget, { statusCode = 0, statusMessage = '' }: IncomingMessage): PipelineError {
  const answer = `${statusCode} ${statusMessage}`.trim();
  const denied = statusCode === 401 || statusCode === 403;
  const hint = denied && target.deniedHint !== undefined ? `; ${target.deniedHint}` : '';
  const retriable = statusCode >= 500 || statusCode === 429;
  const code = statusCode === 404 || statusCode === 410 ? 'USAGE' : 'SOURCE';
  return new PipelineError(code, `cannot read ${target.name}: the server answers ${answer}${hint}`, { retriable });
}

async function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const make = url.protocol === 'https:' ? requestHttps : requestHttp;
  const request = make(url, { headers, ...(signal === undefined ? {} : { signal }) });
  const timer = setTimeout(() => {
    request.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`));
  }, ANSWER_MS);
  try {
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    request.end();
    const [response] = await answered;
    // What happens to the connection from here on shows where the body is read.
    request.on('error', () => undefined);
    return response;
  } finally {
    clearTimeout(timer);
  }
}

function reason(cause: unknown, url: URL): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `no host of the name ${url.hostname} is known`;
  if (code === 'ECONNREFUSED') return `nobody answers at ${url.host}`;
  if (code === 'EPROTO') return `${url.host} does not speak TLS`;
  if (/CERT|SIGNATURE|ISSUER/.test(code)) {
    return `the certificate of ${url.hostname} is not to be trusted (${cause.message}); NODE_EXTRA_CA_CERTS can name one more authority`;
  }
  return cause.message === '' ? code : cause.message;
}
