import { gzipSync } from 'node:zlib';
import { PipelineError } from '@tapline/core/errors';
import { createLog } from '@tapline/functions/entry/log';
import { meter } from '@tapline/functions/entry/meter';
import { pushEndpoint, type PushParts } from '@tapline/functions/entry/push-endpoint';
import type { DeadLetter } from '@tapline/functions/entry/quarantine';
import { Refusal } from '@tapline/functions/entry/refusal';
import { BODIES_BYTES_MAX, BODY_BYTES_MAX } from '@tapline/functions/entry/request-body';
import { describe, expect, it } from 'vitest';
import {
  ENDLESS_BYTES,
  endlessPost,
  post,
  pushBody,
  rawRequest,
  serveFunction,
} from '../../helpers/function-server.ts';

interface Logged {
  readonly severity: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

async function start(parts: Partial<PushParts<undefined>> = {}) {
  const taken: Uint8Array[] = [];
  const letters: { letter: DeadLetter; problem: object }[] = [];
  const logged: Logged[] = [];
  const url = await serveFunction(
    pushEndpoint({
      kind: 'packets',
      open: () => Promise.resolve(undefined),
      take: ({ payload }) => {
        taken.push(payload);
        return Promise.resolve({ sensor: 'tap' });
      },
      deadLetters: {
        put: (letter, problem) => {
          letters.push({ letter, problem });
          return Promise.resolve();
        },
      },
      checkToken: undefined,
      log: createLog({
        labels: { function: 'parse' },
        project: 'p',
        least: 'INFO',
        write: (line) => logged.push(JSON.parse(line) as Logged),
      }),
      ...parts,
    }),
  );
  return { url, taken, letters, logged };
}

const failing = (error: Error): Partial<PushParts<undefined>> => ({
  take: () => Promise.reject(error),
});

describe('a function that Pub/Sub pushes to', () => {
  it('takes a message, acknowledges it, and logs nothing', async () => {
    const { url, taken, logged } = await start();
    const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
    const response = await post(url, pushBody(payload));
    expect(response.status).toBe(204);
    expect(taken.map((bytes) => [...bytes])).toEqual([[...payload]]);
    expect(logged).toEqual([]);
  });

  it.each(['application/json', 'text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded', ''])(
    'reads the body itself, whatever its type says (%s)',
    async (type) => {
      const { url, taken } = await start();
      expect((await post(url, pushBody(Uint8Array.of(7)), { 'content-type': type })).status).toBe(204);
      expect(taken.length).toBe(1);
    },
  );

  it('keeps poison as a dead letter, says so in one line, and acknowledges it', async () => {
    const { url, letters, logged } = await start(failing(new PipelineError('WIRE_FORMAT', 'not a batch')));
    const response = await post(url, pushBody(Uint8Array.of(1, 2), { batchId: 'tap/s/4', sensor: 'tap' }));
    expect(response.status).toBe(204);
    expect(letters).toEqual([
      {
        letter: { kind: 'packets', payload: Buffer.of(1, 2), attributes: { batchId: 'tap/s/4', sensor: 'tap' } },
        problem: { code: 'WIRE_FORMAT', reason: 'not a batch' },
      },
    ]);
    expect(logged).toEqual([
      {
        severity: 'ERROR',
        message: 'kept as a dead letter: not a batch',
        code: 'WIRE_FORMAT',
        retriable: false,
        'logging.googleapis.com/labels': { function: 'parse', sensor: 'tap', batchId: 'tap/s/4', messageId: '1' },
      },
    ]);
  });

  it.each(['WIRE_FORMAT', 'WIRE_VERSION', 'WIRE_CORRUPT', 'CAPTURE_CORRUPT', 'COMPRESSION', 'USAGE'] as const)(
    'counts %s as poison, because no retry helps',
    async (code) => {
      const { url, letters } = await start(failing(new PipelineError(code, 'x')));
      expect((await post(url, pushBody(Uint8Array.of(1)))).status).toBe(204);
      expect(letters.length).toBe(1);
    },
  );

  it.each<[string, number, Error]>([
    ['a store that is away', 503, new PipelineError('STORE', 'no answer', { retriable: true })],
    ['a store that refuses', 500, new PipelineError('STORE', 'no such table')],
    ['poison that may pass', 503, new PipelineError('USAGE', 'x', { retriable: true })],
    ['an error that nobody expected', 500, new TypeError('undefined is not a function')],
  ])('lets Pub/Sub deliver again after %s', async (_, status, error) => {
    const { url, letters, logged } = await start(failing(error));
    const response = await post(url, pushBody(Uint8Array.of(1)));
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('the function failed; its log says why\n');
    expect(letters).toEqual([]);
    expect(logged.length).toBe(1);
    expect(logged[0]!.message).toMatch(/^to be delivered again: /);
  });

  it('never blames the message for what it cannot open, and opens it again for the next', async () => {
    let tries = 0;
    const { url, letters, taken } = await start({
      open: () =>
        ++tries === 1 ? Promise.reject(new PipelineError('USAGE', 'a wrong setting')) : Promise.resolve(undefined),
    });
    const body = pushBody(Uint8Array.of(1));
    expect((await post(url, body)).status).toBe(500);
    expect(letters).toEqual([]);
    expect([(await post(url, body)).status, (await post(url, body)).status]).toEqual([204, 204]);
    expect([tries, taken.length]).toEqual([2, 2]);
  });

  it('keeps nothing of an empty message, which no topic takes', async () => {
    const { url, letters, logged } = await start(failing(new PipelineError('WIRE_FORMAT', 'not a batch')));
    expect((await post(url, '{"message":{"attributes":{"a":"b"}}}')).status).toBe(204);
    expect(letters).toEqual([]);
    expect(logged.map(({ message }) => message)).toEqual(['an empty message: not a batch']);
  });

  it('does not acknowledge poison that could not be kept', async () => {
    const { url, logged } = await start({
      ...failing(new PipelineError('WIRE_FORMAT', 'not a batch')),
      deadLetters: { put: () => Promise.reject(new PipelineError('SERVICE', 'no topic', { retriable: true })) },
    });
    expect((await post(url, pushBody(Uint8Array.of(1)))).status).toBe(503);
    expect(logged.length).toBe(1);
  });

  it('refuses what is no push, without keeping it', async () => {
    const { url, letters, logged } = await start();
    expect((await post(url, 'garbage')).status).toBe(400);
    expect((await post(url, '{"message":{"data":"%%%%"}}')).status).toBe(400);
    expect((await fetch(url)).status).toBe(405);
    expect(letters).toEqual([]);
    expect(logged.map(({ severity }) => severity)).toEqual(['WARNING', 'WARNING', 'WARNING']);
  });

  it('refuses a body that is too large before a byte of it is read', async () => {
    const { url } = await start();
    const head = (length: number): string =>
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    // Nothing follows the head: whoever waited for the body would not answer.
    expect(await rawRequest(url, head(300_000_000))).toMatch(/^HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n/);
    expect(await rawRequest(url, head(BODY_BYTES_MAX + 1))).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('refuses a body of unknown length as soon as it is too large', async () => {
    const { url, taken, logged } = await start();
    const { answer, sentBytes } = await endlessPost(url);
    // The connection is cut while the caller still sends, so it may or may not see the answer.
    expect(answer).toMatch(/^(?:HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n[^]*)?$/);
    expect(sentBytes).toBeLessThan(ENDLESS_BYTES);
    expect(logged.map(({ message }) => message)).toEqual(['refused with 413: the body has more than 14000000 bytes']);
    expect((await post(url, pushBody(Uint8Array.of(7)))).status).toBe(204);
    expect(taken.length).toBe(1);
  });

  it('reads no endless rest of what it refuses for another reason', async () => {
    const { url } = await start({ checkToken: () => Promise.reject(new Refusal(403, 'another account')) });
    const { answer, sentBytes } = await endlessPost(url);
    expect(answer).toMatch(/^(?:HTTP\/1\.1 403 [^]*\r\nConnection: close\r\n[^]*)?$/);
    expect(sentBytes).toBeLessThan(ENDLESS_BYTES);
  });

  it('refuses compressed bodies, which could be anything inside', async () => {
    const { url } = await start();
    const bomb = gzipSync(Buffer.alloc(100_000_000));
    expect((await post(url, bomb, { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('holds a bounded number of bytes at a time and lets the rest come again', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const { url } = await start({
      take: async () => {
        await gate;
        return {};
      },
    });
    const body = pushBody(new Uint8Array(9_000_000));
    const count = Math.ceil(BODIES_BYTES_MAX / body.length) + 2;
    const answers = Array.from({ length: count }, async () => (await post(url, body)).status);
    const first = await Promise.race(answers);
    expect(first).toBe(503);
    go();
    const statuses = await Promise.all(answers);
    expect(statuses.filter((status) => status === 204).length).toBeGreaterThanOrEqual(2);
    expect((await post(url, body)).status).toBe(204);
  });

  it('asks the token first', async () => {
    const { url, taken } = await start({ checkToken: () => Promise.reject(new Refusal(403, 'another account')) });
    expect((await post(url, pushBody(Uint8Array.of(1)))).status).toBe(403);
    expect(taken).toEqual([]);
  });

  it('sweeps when a timer asks, if it has anything to sweep', async () => {
    let sweeps = 0;
    const sweep = (): Promise<void> => {
      sweeps += 1;
      return Promise.resolve();
    };
    const { url, taken } = await start({ sweep });
    expect((await post(url, '{"sweep":true}')).status).toBe(204);
    expect((await post(url, '{"sweep":false}')).status).toBe(400);
    expect([sweeps, taken.length]).toEqual([1, 0]);
    expect((await post((await start()).url, '{"sweep":true}')).status).toBe(400);
  });

  it('counts what it is billed for', async () => {
    const before = meter.counts();
    const { url } = await start(failing(new PipelineError('WIRE_FORMAT', 'x')));
    const body = pushBody(new Uint8Array(1000));
    await post(url, body);
    await post(url, 'garbage');
    const after = meter.counts();
    const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    expect(grown('function.invocations')).toBe(2);
    expect(grown('function.requestBytes')).toBe(body.length + 7);
    expect(grown('function.quarantined')).toBe(1);
    expect(grown('function.refused')).toBe(1);
    expect(grown('function.requestMs')).toBeGreaterThan(0);
    expect(grown('function.activeMs')).toBeGreaterThan(0);
  });
});
