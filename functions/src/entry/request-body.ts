/**
 * Reads the body of a request within bounds. The framework would read up to 1 GiB, inflate it and parse it before the
 * function hears of the request. So the body is taken away from it: when Node announces a request (diagnostics channel
 * `http.server.request.start`, before anybody handles it), the headers that say that there is a body are put aside, and
 * the framework passes it on unread. If the channel should ever be gone, the framework reads as always and the bound is
 * checked afterwards.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** A message of 10 MB in base64 and its envelope. In the cloud the platform refuses what is over 32 MB before this does. */
export const BODY_BYTES_MAX = 14_000_000;
/** Bodies that one instance holds at the same time: what bounds its memory, however many requests come at once. */
export const BODIES_BYTES_MAX = 40_000_000;
/** The rest of a refused body is read and thrown away, so that the caller hears the answer; but not of a longer one. */
const DRAIN_BYTES_MAX = 64_000_000;

/** A body that was put aside: its declared length (0: none, undefined: chunked) and coding. */
interface Aside {
  readonly length: number | undefined;
  readonly coding: string | undefined;
}

const aside = new WeakMap<IncomingMessage, Aside>();

subscribe('http.server.request.start', (message) => {
  const { request } = message as { readonly request: IncomingMessage };
  const { headers } = request;
  const length = headers['content-length'];
  aside.set(request, {
    length: length !== undefined ? Number(length) : 'transfer-encoding' in headers ? undefined : 0,
    coding: headers['content-encoding'],
  });
  delete headers['content-length'];
  delete headers['transfer-encoding'];
});

/** Bytes that are held for requests under way. */
let heldBytes = 0;

export interface Body {
  readonly bytes: Uint8Array;
  /** To be called when the bytes are needed no more. */
  readonly release: () => void;
}

/**
 * The whole body of a request.
 * @throws Refusal 413 when it is too large, 415 when it is compressed, 503 when too many are under way
 */
export async function readBody(request: IncomingMessage & { readonly rawBody?: Uint8Array }): Promise<Body> {
  if (request.rawBody !== undefined) return held(request.rawBody);
  const { length, coding = 'identity' } = aside.get(request) ?? { length: undefined, coding: undefined };
  if (coding !== 'identity') throw new Refusal(415, `the body is compressed (${coding}): send it as it is`);
  if (length !== undefined && length > BODY_BYTES_MAX) throw tooLarge();
  const reserved = length ?? BODY_BYTES_MAX;
  if (heldBytes + reserved > BODIES_BYTES_MAX) throw new Refusal(503, 'too many requests are under way');
  heldBytes += reserved;
  try {
    return held(await collect(request));
  } finally {
    heldBytes -= reserved;
  }
}

function held(bytes: Uint8Array): Body {
  if (bytes.length > BODY_BYTES_MAX) throw tooLarge();
  let kept = bytes.length;
  heldBytes += kept;
  return {
    bytes,
    release: () => {
      heldBytes -= kept;
      kept = 0;
    },
  };
}

/** Whether to hang up after a refusal: Node would read the rest of the body to its end, and that may be far or nowhere. */
export function isLongToDrain(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const { length } = aside.get(request) ?? {};
  return length === undefined || length > DRAIN_BYTES_MAX;
}

async function collect(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Whatever is not read here is thrown away by Node when the answer is sent.
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > BODY_BYTES_MAX) throw tooLarge();
    }
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, 'the request broke off before its end');
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}

const tooLarge = (): Refusal => new Refusal(413, `the body has more than ${BODY_BYTES_MAX} bytes`);
