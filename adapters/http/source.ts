/**
 * A capture behind a URL, read while it arrives and no faster than it is asked for. A connection that breaks is resumed at
 * the exact byte, as long as the server says that the file is still the same one.
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '@tapline/core/errors';
import type { CaptureSource } from '@tapline/core/pcap/capture-source';
import { get, refusal, type HttpTarget } from './request.ts';

export interface HttpReading {
  readonly signal?: AbortSignal;
  /** Milliseconds before each attempt to go on; all of them failing in a row, without a byte between, is the end. */
  readonly retryMs?: readonly number[];
  /** How long a file of known size may bring nothing before the connection counts as broken. */
  readonly stallMs?: number;
}

/** Half a minute in all: what a restart of a server or a change of networks takes. */
const RETRY_MS = [250, 500, 1000, 2000, 4000, 8000, 16_000];
const STALL_MS = 60_000;

/**
 * Opens `target` for one pass over the bytes as stored.
 * @throws PipelineError SOURCE or USAGE in one line: no such host, refused, not trusted, not found, not allowed
 */
export async function openHttp(target: HttpTarget, reading: HttpReading = {}): Promise<CaptureSource> {
  const response = await get(target, {}, reading.signal);
  if (response.statusCode !== 200) {
    response.destroy();
    throw refusal(target, response);
  }
  return new HttpSource(target, reading, response);
}

class HttpSource implements CaptureSource {
  readonly name: string;
  readonly sizeBytes: number | undefined;
  bytesRead = 0;
  readonly #target: HttpTarget;
  readonly #reading: HttpReading;
  readonly #version: Version;
  #response: IncomingMessage;
  /** Attempts to go on since the last byte. */
  #attempts = 0;

  constructor(target: HttpTarget, reading: HttpReading, response: IncomingMessage) {
    this.name = target.name;
    this.#target = target;
    this.#reading = reading;
    this.#response = response;
    this.#version = versionOf(response);
    const length = response.headers['content-length'];
    this.sizeBytes = length === undefined ? undefined : Number(length);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { signal } = this.#reading;
    for (;;) {
      try {
        yield* this.#body();
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof PipelineError) throw error;
        this.#response = await this.#goOn(error instanceof Error ? error.message : String(error));
      }
    }
  }

  async *#body(): AsyncGenerator<Uint8Array> {
    const response = this.#response;
    const { stallMs = STALL_MS } = this.#reading;
    let waiting = true;
    const stalled = (): void => {
      if (waiting) response.destroy(new Error(`no byte within ${stallMs / 1000} s`));
    };
    // Silence of what has no end, a capture under way, is nobody's fault.
    const timer = this.sizeBytes === undefined ? undefined : setTimeout(stalled, stallMs);
    try {
      for await (const chunk of response as AsyncIterable<Uint8Array>) {
        waiting = false;
        this.#attempts = 0;
        this.bytesRead += chunk.length;
        yield chunk;
        waiting = true;
        timer?.refresh();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks for the rest until it comes. Throws SOURCE, naming the byte, when it cannot come any more. */
  async #goOn(broken: string): Promise<IncomingMessage> {
    const { signal, retryMs = RETRY_MS } = this.#reading;
    const { validator } = this.#version;
    if (validator === undefined) {
      throw this.#fault(`the connection broke (${broken}), and the server names no version of the file to go on with`);
    }
    let last = broken;
    while (this.#attempts < retryMs.length) {
      await sleep(retryMs[this.#attempts++], undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
      signal?.throwIfAborted();
      try {
        return await this.#rest(validator);
      } catch (error) {
        if (!(error instanceof PipelineError && error.retriable)) throw error;
        last = error.message;
      }
    }
    throw this.#fault(`the connection broke, and ${retryMs.length} attempts to go on failed (${last})`);
  }

  async #rest(validator: string): Promise<IncomingMessage> {
    const headers = { range: `bytes=${this.bytesRead}-`, 'if-range': validator };
    const response = await get(this.#target, headers, this.#reading.signal);
    if (response.statusCode === 206 && this.#continues(response)) return response;
    response.destroy();
    const { statusCode } = response;
    if (statusCode === 200 && isSame(this.#version, versionOf(response))) {
      throw this.#fault('the connection broke, and the server does not send a file from its middle (no ranges)');
    }
    if (statusCode === 200 || statusCode === 206 || statusCode === 416) {
      throw this.#fault('the connection broke, and the file has changed on the server since');
    }
    throw refusal(this.#target, response);
  }

  /** Whether a partial answer begins at our byte, in our file. */
  #continues(response: IncomingMessage): boolean {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
    if (range === null || Number(range[1]) !== this.bytesRead) return false;
    if (this.sizeBytes !== undefined && range[2] !== '*' && Number(range[2]) !== this.sizeBytes) return false;
    return isSame(this.#version, versionOf(response));
  }

  #fault(problem: string): PipelineError {
    return new PipelineError('SOURCE', `${problem}: reading ended at byte ${this.bytesRead} of ${this.name}`);
  }
}

interface Version {
  readonly etag: string | undefined;
  readonly modified: string | undefined;
  /** What If-Range takes: a strong ETag, else the time of the last change. */
  readonly validator: string | undefined;
}

function versionOf({ headers }: IncomingMessage): Version {
  const { etag, 'last-modified': modified } = headers;
  return { etag, modified, validator: etag?.startsWith('"') === true ? etag : modified };
}

/** A partial answer need not repeat what its If-Range said. */
function isSame(before: Version, now: Version): boolean {
  if (now.etag !== undefined && before.etag !== undefined) return now.etag === before.etag;
  return now.modified === undefined || now.modified === before.modified;
}
