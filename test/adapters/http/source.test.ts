import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpTarget } from '@tapline/adapters/http/request';
import { openHttp, type HttpReading } from '@tapline/adapters/http/source';
import { sampleHttp } from '@tapline/adapters/http/sample';
import { PipelineError } from '@tapline/core/errors';
import { CaptureServer, type Behaviour } from '../../helpers/capture-server.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const folder = temporaryFolder();
/** Every byte differs from its neighbours at any distance that a mistake would make. */
const file = Buffer.from(Uint32Array.from({ length: 500_000 }, (_, index) => index * 2_654_435_761).buffer);
const changed = { bytes: Buffer.from(file).fill(7, 1_500_000), version: { etag: '"two"' } };
const servers: { stop(): void }[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.stop();
});

async function serve(behaviour: Behaviour = {}, bytes = file): Promise<CaptureServer> {
  const server = await CaptureServer.start(bytes, behaviour);
  servers.push(server);
  return server;
}

function stopping(server: Server): { stop(): void } {
  return {
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const targetOf = (url: string): HttpTarget => ({ url: new URL(url), name: url });

async function read(
  url: string,
  reading: HttpReading = {},
): Promise<{ bytes: Buffer; fault: PipelineError | undefined; bytesRead: number }> {
  const source = await openHttp(targetOf(url), { retryMs: [1, 1, 1], ...reading });
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of source) parts.push(Uint8Array.from(chunk));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { bytes: Buffer.concat(parts), fault: error, bytesRead: source.bytesRead };
  }
  return { bytes: Buffer.concat(parts), fault: undefined, bytesRead: source.bytesRead };
}

describe('openHttp', () => {
  it('reads a file and knows its size beforehand', async () => {
    const { url } = await serve();
    expect((await openHttp(targetOf(url))).sizeBytes).toBe(file.length);
    const { bytes, bytesRead } = await read(url);
    expect(bytes.equals(file)).toBe(true);
    expect(bytesRead).toBe(file.length);
  });

  it.each([
    ['a strong ETag', { etag: '"one"' }],
    [
      'the time of the last change, when the ETag is weak',
      { etag: 'W/"one"', 'last-modified': 'Thu, 06 Jul 2017 13:40:00 GMT' },
    ],
  ])('goes on at the exact byte after two broken connections, held to %s', async (_, version) => {
    const server = await serve({ cutAt: [700_001, 1_900_002], version });
    const { bytes, fault } = await read(server.url);
    expect(fault).toBeUndefined();
    expect(bytes.equals(file)).toBe(true);
    const validator = 'last-modified' in version ? version['last-modified'] : version.etag;
    expect(server.asked.map(({ headers }) => [headers.range, headers['if-range']])).toEqual([
      [undefined, undefined],
      ['bytes=700001-', validator],
      ['bytes=1900002-', validator],
    ]);
  });

  it('goes on when the server is away for some attempts', async () => {
    const { url } = await serve({ cutAt: [700_001], statuses: [200, 503, 429, 200] });
    expect((await read(url)).bytes.equals(file)).toBe(true);
  });

  it.each<[string, Behaviour, RegExp]>([
    [
      'the server knows no ranges',
      { ranges: false },
      /does not send a file from its middle \(no ranges\): reading ended at byte 700001 of/,
    ],
    [
      'the file has changed',
      { later: changed },
      /the file has changed on the server since: reading ended at byte 700001 of/,
    ],
    ['the file has become shorter', { later: { ...changed, bytes: file.subarray(0, 9) } }, /changed .* byte 700001 of/],
    ['the server names no version', { version: {} }, /names no version .* reading ended at byte 700001 of/],
    [
      'the server stays away',
      { statuses: [200, 503, 503, 503] },
      /3 attempts to go on failed \(.* 503 .*\): reading ended at byte 700001 of/,
    ],
    ['the file is gone', { statuses: [200, 404] }, /the server answers 404 Not Found$/],
    [
      'every connection breaks without a byte',
      { cutAt: Array<number>(9).fill(700_001) },
      /3 attempts .* byte 700001 of/,
    ],
  ])('hands on what came before the break and names the byte when %s', async (_, behaviour, message) => {
    const { url } = await serve({ cutAt: [700_001], ...behaviour });
    const { bytes, fault } = await read(url);
    expect(fault?.message).toMatch(message);
    expect(bytes.equals(file.subarray(0, 700_001))).toBe(true);
  });

  it('takes a connection that brings nothing for broken', async () => {
    const silent = createServer((request, response) => {
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from === 0 ? 200 : 206, {
        etag: '"one"',
        'content-length': file.length - from,
        ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` }),
      });
      if (from === 0) response.write(file.subarray(0, 1000));
      else response.end(file.subarray(from));
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    servers.push(stopping(silent));
    const { bytes } = await read(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`, { stallMs: 100 });
    expect(bytes.equals(file)).toBe(true);
  });

  it('holds the server back while nobody reads, in constant memory', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024, 'capture');
    const server = await serve({}, large);
    const source = await openHttp(targetOf(server.url));
    const chunks = source[Symbol.asyncIterator]();
    await chunks.next();
    let sent = -1;
    while (sent !== server.sentBytes) {
      sent = server.sentBytes;
      await sleep(200);
    }
    // What fits into the buffers of the two sockets, which the system chooses.
    expect(sent).toBeLessThan(large.length / 2);
    let rest = source.bytesRead;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) rest += next.value.length;
    expect(rest).toBe(large.length);
  });

  it('ends with the reason of the signal, when it waits as when it reads', async () => {
    for (const stopAt of [1, 700_001]) {
      const { url } = await serve({ cutAt: [700_001], statuses: [200, 503] });
      const abort = new AbortController();
      const source = await openHttp(targetOf(url), { signal: abort.signal, retryMs: [60_000] });
      const reading = (async () => {
        for await (const chunk of source) {
          expect(chunk.length).toBeGreaterThan(0);
          if (source.bytesRead >= stopAt)
            setImmediate(() => {
              abort.abort(new Error('enough'));
            });
        }
      })();
      await expect(reading).rejects.toThrow('enough');
    }
  });

  it('follows redirects, and shows its login to no other host', async () => {
    const server = await serve();
    const redirecting = createServer((_, response) => {
      response.writeHead(302, { location: server.url }).end();
    }).listen(0, '127.0.0.1');
    await once(redirecting, 'listening');
    servers.push(stopping(redirecting));
    const { port } = redirecting.address() as AddressInfo;
    const headers = (): Promise<Record<string, string>> => Promise.resolve({ authorization: 'Bearer secret' });
    const source = await openHttp({ ...targetOf(`http://127.0.0.1:${port}/`), headers });
    expect(source.sizeBytes).toBe(file.length);
    expect(server.asked[0]?.headers.authorization).toBeUndefined();
    const around = await serve({ statuses: [] });
    await openHttp({ ...targetOf(around.url), headers });
    expect(around.asked[0]?.headers.authorization).toBe('Bearer secret');
  });

  it.each([
    [404, 'USAGE', /^cannot read .*day\.pcap: the server answers 404 Not Found$/],
    [403, 'SOURCE', /the server answers 403 Forbidden; log in$/],
    [500, 'SOURCE', /the server answers 500 Internal Server Error$/],
  ])('says in one line that the server answers %i', async (status, code, message) => {
    const { url } = await serve({ statuses: [status] });
    const opening = openHttp({ ...targetOf(url), deniedHint: 'log in' });
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it('says in one line what is wrong with host, port and certificate', async () => {
    await expect(openHttp(targetOf('http://127.0.0.1:1/x'))).rejects.toThrow(
      /^cannot read .*: nobody answers at 127\.0\.0\.1:1$/,
    );
    await expect(openHttp(targetOf('http://nowhere.invalid/x'))).rejects.toThrow(
      /: no host of the name nowhere\.invalid is known$/,
    );
    const { url } = await serve();
    await expect(openHttp(targetOf(url.replace('http:', 'https:')))).rejects.toThrow(/does not speak TLS$/);
  });

  it('refuses a certificate that nobody vouches for', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
    ]);
    if (made.error !== undefined) {
      console.warn('openssl is not installed: the test of certificates is SKIPPED');
      return;
    }
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
      response.end(file);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(stopping(server));
    const { port } = server.address() as AddressInfo;
    const opening = openHttp(targetOf(`https://localhost:${port}/x`));
    await expect(opening).rejects.toThrow(/certificate of localhost is not to be trusted .*NODE_EXTRA_CA_CERTS/);
  });
});

describe('sampleHttp', () => {
  it('takes both ends of a file, and all of a small one', async () => {
    const { url } = await serve();
    const sample = await sampleHttp(targetOf(url), 1000);
    expect(sample?.sizeBytes).toBe(file.length);
    expect(Buffer.from(sample!.first).equals(file.subarray(0, 1000))).toBe(true);
    expect(Buffer.from(sample!.last).equals(file.subarray(file.length - 1000))).toBe(true);
    const small = await sampleHttp(targetOf((await serve({}, file.subarray(0, 10))).url), 1000);
    expect([small!.sizeBytes, small!.first.length, small!.last.length]).toEqual([10, 10, 10]);
  });

  it('knows nothing where there are no ranges, and refuses what is not there', async () => {
    expect(await sampleHttp(targetOf((await serve({ ranges: false })).url), 1000)).toBeUndefined();
    await expect(sampleHttp(targetOf((await serve({ statuses: [404] })).url), 1000)).rejects.toThrow(/404/);
  });
});
