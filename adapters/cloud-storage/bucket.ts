/**
 * A folder of a Cloud Storage bucket: files are put there once and never changed, and read by range. Speaks the JSON API
 * (docs: cloud.google.com/storage/docs/json_api/v1, resumable uploads, ifGenerationMatch).
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { PipelineError } from '@tapline/core/errors';
import { parseBucket } from './bucket-address.ts';
import { DENIED_HINT, emulatorBase, storageLogin } from './login.ts';

const GOOGLE = 'https://storage.googleapis.com';
/** Of an upload; Cloud Storage takes multiples of 256 KiB. */
const PIECE_BYTES = 4 * 1024 * 1024;
const ANSWER_MS = 60_000;
/** Of one upload, until it is given up: whoever asked for it waits and begins again. */
const BREAKS_MOST = 5;

export interface BucketOptions {
  /** Writing asks for more rights. */
  readonly use: 'read' | 'write';
  /** STORAGE_EMULATOR_HOST; there is no login then. */
  readonly emulator: string | undefined;
}

export class Bucket {
  /** Without a slash at its end. */
  readonly address: string;
  readonly #base: string;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #login: () => Promise<Record<string, string>>;

  /** Asks for nothing yet. Throws PipelineError USAGE when `address` is no bucket. */
  constructor(address: string, { use, emulator = '' }: BucketOptions) {
    const parsed = parseBucket(address);
    if (parsed === undefined)
      throw new PipelineError('USAGE', `${address} is no bucket: use gs://BUCKET or gs://BUCKET/PREFIX`);
    this.address = address.replace(/\/+$/, '');
    this.#bucket = parsed.bucket;
    this.#prefix = parsed.prefix;
    this.#base = emulator === '' ? GOOGLE : emulatorBase(emulator);
    this.#login = emulator === '' ? storageLogin(use) : () => Promise.resolve({});
  }

  /**
   * Puts a file there under `name`, piece by piece, resumed at the byte that arrived when the connection breaks; nobody sees a
   * part. What is there already under the name is left as it is if it has the same content.
   * @throws PipelineError STORE: retriable when the bucket does not answer; else it refuses, or holds another content there
   */
  async put(name: string, path: string, signal: AbortSignal): Promise<void> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const session = await this.#beginUpload(name, size, signal);
      const stored = session === undefined ? undefined : await this.#sendPieces(name, session, file, size, signal);
      const md5Hash = stored ?? (await this.#storedMd5(name, signal));
      if (md5Hash !== undefined && md5Hash !== (await md5Of(path, signal))) {
        throw new PipelineError('STORE', `${this.#called(name)} holds another content than ${path}`);
      }
    } finally {
      await file.close();
    }
  }

  /**
   * @param to exclusive; undefined = to the end
   * @returns undefined when there is no such object, fewer bytes when it ends before
   * @throws PipelineError SOURCE
   */
  async read(name: string, from = 0, to?: number): Promise<Buffer | undefined> {
    const range = from === 0 && to === undefined ? {} : { range: `bytes=${from}-${to === undefined ? '' : to - 1}` };
    const response = await this.#ask('SOURCE', `${this.#objectPath(name)}?alt=media`, name, { headers: range });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (response.status === 416) return Buffer.alloc(0);
    if (!response.ok) throw await this.#refusal('SOURCE', name, response);
    const bytes = Buffer.from(await this.#body('SOURCE', name, response.arrayBuffer()));
    return response.status === 206 ? bytes : bytes.subarray(from, to);
  }

  /** Names of what begins with `start`, and with a slash between, those of the folders: `one/`. Throws PipelineError SOURCE. */
  async list(start: string, delimiter?: '/'): Promise<string[]> {
    const names: string[] = [];
    let pageToken: string | undefined;
    do {
      const query = new URLSearchParams({
        prefix: this.#prefix + start,
        fields: 'items(name),prefixes,nextPageToken',
        ...(delimiter === undefined ? {} : { delimiter }),
        ...(pageToken === undefined ? {} : { pageToken }),
      });
      const response = await this.#ask('SOURCE', `/storage/v1/b/${this.#bucket}/o?${query.toString()}`, start);
      if (!response.ok) throw await this.#refusal('SOURCE', start, response);
      const page = (await this.#body('SOURCE', start, response.json())) as Listing;
      const found = [...(page.prefixes ?? []), ...(page.items ?? []).map((item) => item.name)];
      names.push(...found.map((name) => name.slice(this.#prefix.length)));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined && pageToken !== '');
    return names;
  }

  /** Where the pieces go; undefined when there is something of this name already. */
  async #beginUpload(name: string, size: number, signal: AbortSignal): Promise<string | undefined> {
    const query = new URLSearchParams({ uploadType: 'resumable', name: this.#prefix + name, ifGenerationMatch: '0' });
    const response = await this.#ask('STORE', `/upload/storage/v1/b/${this.#bucket}/o?${query.toString()}`, name, {
      method: 'POST',
      signal,
      headers: {
        'content-type': 'application/json',
        'x-upload-content-type': 'application/octet-stream',
        'x-upload-content-length': String(size),
      },
      body: JSON.stringify({ name: this.#prefix + name }),
    });
    if (response.status === 412) {
      await response.body?.cancel();
      return undefined;
    }
    const session = response.headers.get('location');
    if (!response.ok || session === null) throw await this.#refusal('STORE', name, response);
    await response.body?.cancel();
    return session;
  }

  /** What Cloud Storage says the content's MD5 is, base64; undefined when somebody else was faster. */
  async #sendPieces(
    name: string,
    session: string,
    file: FileHandle,
    size: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size));
    let sent = 0;
    let isTold = true;
    let breaks = 0;
    for (;;) {
      let response: Response;
      const { bytesRead } = await file.read(piece, 0, piece.length, sent);
      // After a break the first question is how much has arrived.
      const range = isTold ? `bytes ${sent}-${sent + bytesRead - 1}/${size}` : `bytes */${size}`;
      try {
        response = await this.#ask('STORE', session, name, {
          method: 'PUT',
          signal,
          redirect: 'manual',
          headers: { 'content-range': range },
          ...(isTold ? { body: piece.subarray(0, bytesRead) } : {}),
        });
      } catch (error) {
        if (!isTold || ++breaks > BREAKS_MOST || signal.aborted) throw error;
        isTold = false;
        continue;
      }
      if (response.status === 308) {
        await response.body?.cancel();
        sent = Number(/-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1] ?? -1) + 1;
        isTold = true;
        continue;
      }
      if (response.status === 412) return undefined;
      if (!response.ok) throw await this.#refusal('STORE', name, response);
      return ((await this.#body('STORE', name, response.json())) as Metadata).md5Hash;
    }
  }

  async #storedMd5(name: string, signal: AbortSignal): Promise<string | undefined> {
    const response = await this.#ask('STORE', `${this.#objectPath(name)}?fields=md5Hash`, name, { signal });
    if (!response.ok) throw await this.#refusal('STORE', name, response);
    return ((await this.#body('STORE', name, response.json())) as Metadata).md5Hash;
  }

  #objectPath(name: string): string {
    return `/storage/v1/b/${this.#bucket}/o/${encodeURIComponent(this.#prefix + name)}`;
  }

  #called(name: string): string {
    return `${this.address}/${name}`;
  }

  async #ask(code: 'STORE' | 'SOURCE', path: string, name: string, init: RequestInit = {}): Promise<Response> {
    const limits = [AbortSignal.timeout(ANSWER_MS), ...(init.signal ? [init.signal] : [])];
    const headers = { ...(init.headers as Record<string, string> | undefined), ...(await this.#login()) };
    const url = path.startsWith('/') ? this.#base + path : path;
    return this.#body(code, name, fetch(url, { ...init, headers, signal: AbortSignal.any(limits) }));
  }

  async #body<T>(code: 'STORE' | 'SOURCE', name: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (cause) {
      const { message, cause: deeper } = cause as Error;
      const reason = deeper instanceof Error && deeper.message !== '' ? deeper.message : message;
      throw new PipelineError(code, `${this.#called(name)} cannot be reached: ${reason}`, { cause, retriable: true });
    }
  }

  async #refusal(code: 'STORE' | 'SOURCE', name: string, response: Response): Promise<PipelineError> {
    const { status, statusText } = response;
    await response.body?.cancel();
    const hint =
      status === 401 || status === 403
        ? `; ${DENIED_HINT}`
        : status === 404
          ? `; is there a bucket ${this.#bucket}?`
          : '';
    const retriable = status >= 500 || status === 429 || status === 408;
    const answers = `${this.address}: the answer for ${name || 'its list'} is ${status} ${statusText}`.trimEnd();
    return new PipelineError(code, answers + hint, { retriable });
  }
}

interface Listing {
  readonly items?: readonly { readonly name: string }[];
  readonly prefixes?: readonly string[];
  readonly nextPageToken?: string;
}

interface Metadata {
  readonly md5Hash?: string;
}

async function md5Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  return hash.digest('base64');
}
