/** The first and the last bytes of a file behind a URL, for those who want to know whether it is one they know. */
import type { IncomingMessage } from 'node:http';
import { get, refusal, type HttpTarget } from './request.ts';

export interface HttpSample {
  readonly sizeBytes: number;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/**
 * Undefined when the server does not send parts of files.
 * @param sampleBytes how much of each end; a smaller file is the whole of both
 * @throws PipelineError SOURCE or USAGE when there is nothing to read
 */
export async function sampleHttp(target: HttpTarget, sampleBytes: number): Promise<HttpSample | undefined> {
  const head = await range(target, 0, sampleBytes);
  if (head === undefined) return undefined;
  const { sizeBytes, bytes: first } = head;
  if (sizeBytes <= sampleBytes) return { sizeBytes, first, last: first };
  const tail = await range(target, sizeBytes - sampleBytes, sampleBytes);
  return tail?.sizeBytes === sizeBytes ? { sizeBytes, first, last: tail.bytes } : undefined;
}

async function range(
  target: HttpTarget,
  from: number,
  length: number,
): Promise<{ sizeBytes: number; bytes: Uint8Array } | undefined> {
  const response = await get(target, { range: `bytes=${from}-${from + length - 1}` }, undefined);
  const sizeBytes = Number(/\/(\d+)$/.exec(response.headers['content-range'] ?? '')?.[1]);
  if (response.statusCode !== 206 || Number.isNaN(sizeBytes)) {
    response.destroy();
    if (response.statusCode === 200 || response.statusCode === 416 || response.statusCode === 206) return undefined;
    throw refusal(target, response);
  }
  const bytes = await upTo(response, length).catch(() => undefined);
  return bytes === undefined ? undefined : { sizeBytes, bytes };
}

/** A server may send more than it was asked for. */
async function upTo(response: IncomingMessage, length: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let got = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    parts.push(chunk);
    got += chunk.length;
    if (got >= length) break;
  }
  return Buffer.concat(parts).subarray(0, length);
}
