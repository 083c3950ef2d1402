/** The same packets from every place that captures come from: one digest. And what is said when a place lets us down. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asPcap, asPcapng, packetsOf, rotated } from '../fixtures/rotated.ts';
import { CaptureServer, type Behaviour } from '../helpers/capture-server.ts';
import { embeddedDigest } from '../helpers/embedded-digest.ts';
import { writeGenerated } from '../helpers/generated-capture.ts';
import { startTapline, tapline, type Started } from '../helpers/tapline.ts';
import { TCPDUMP } from '../helpers/tcpdump.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const PACKETS = 15_000;
const root = temporaryFolder();
const capture = writeGenerated(root, PACKETS);
const bytes = readFileSync(capture);
const packets = packetsOf(bytes);
let digest = '';
const servers: { close(): unknown }[] = [];
let folders = 0;

beforeAll(async () => {
  digest = await embeddedDigest(capture);
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Result {
  readonly digest: string;
  readonly session: string;
  readonly source: string;
  readonly ledger: { readonly offered: number; readonly unexplained: number };
  readonly error?: { readonly code: string; readonly message: string };
}

function store(name: string, stored: Uint8Array): string {
  const path = join(root, name);
  writeFileSync(path, stored);
  return path;
}

function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = join(root, `set-${++folders}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

async function run(source: string, ...more: string[]): Promise<Result & { code: number | null }> {
  const { code, stdout } = await tapline('run', source, '--exit', '--json', ...more);
  return { ...(JSON.parse(stdout) as Result), code };
}

async function serve(stored: Buffer, behaviour: Behaviour = {}): Promise<string> {
  const server = await CaptureServer.start(stored, behaviour);
  servers.push({
    close() {
      server.stop();
    },
  });
  return server.url;
}

/** A sender that does with whoever connects as it is told: says something and closes, or else. */
async function sender(sent: Uint8Array | ((socket: Socket) => void)): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (typeof sent === 'function') sent(socket);
    else socket.end(sent);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a started command has said on stderr so far. */
function stderrOf(started: Started): () => string {
  let said = '';
  started.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return () => said;
}

async function portOf(said: () => string): Promise<number> {
  await until('it listens', () => /listening on 127\.0\.0\.1:\d+/.test(said()));
  return Number(/listening on 127\.0\.0\.1:(\d+)/.exec(said())![1]);
}

/** Neither a capture nor the beginning of a text, so that the first bytes tell while the file may still grow. */
const NO_CAPTURE = Buffer.from('\0no capture');

describe('the same packets', () => {
  it.each<[string, () => Promise<string> | string]>([
    ['from a gz file', () => store('stored.gz', gzipSync(bytes))],
    ['from a zst file', () => store('stored.zst', zstdCompressSync(bytes))],
    ['over http', () => serve(bytes)],
    ['over http, compressed', () => serve(zstdCompressSync(bytes))],
    ['over http that breaks off twice', () => serve(bytes, { cutAt: [bytes.length, bytes.length, 300_001, 700_002] })],
    [
      'over http, compressed, that breaks off twice',
      () => serve(gzipSync(bytes), { cutAt: [1e9, 1e9, 100_001, 200_002] }),
    ],
    ['over http without ranges', () => serve(bytes, { ranges: false })],
    ['over tcp', () => sender(bytes)],
    ['over tcp, compressed', () => sender(gzipSync(bytes))],
    ['over tcp, big-endian', () => sender(asPcap(packets, false, false))],
    ['over tcp, in nanoseconds', () => sender(asPcap(packets, true, true))],
    ['over tcp, as pcapng', () => sender(asPcapng(packets, true))],
    ['over tcp, as big-endian pcapng', () => sender(asPcapng(packets, false))],
    ['from a directory of five kinds of captures', () => folderOf(rotated(packets))],
  ])('%s give the digest of the file', async (_, given) => {
    const source = await given();
    expect(await run(source)).toMatchObject({ code: 0, digest, source, ledger: { offered: PACKETS, unexplained: 0 } });
  });

  it('from standard input and from a FIFO give the digest of the file', async () => {
    const piped = await startTapline(['run', '-', '--exit', '--json'], bytes).finished;
    expect((JSON.parse(piped.stdout) as Result).digest).toBe(digest);
    const fifo = join(root, 'fifo');
    spawnSync('mkfifo', [fifo]);
    const running = run(fifo);
    createWriteStream(fifo).end(bytes);
    expect(await running).toMatchObject({ code: 0, digest });
  });

  it('from whoever connects give the digest of the file', async () => {
    const running = startTapline(['run', 'listen://127.0.0.1:0', '--exit', '--json']);
    connect(await portOf(stderrOf(running)), '127.0.0.1').end(bytes);
    expect(JSON.parse((await running.finished).stdout)).toMatchObject({ digest, ledger: { unexplained: 0 } });
  });

  it('from an object of Cloud Storage give the digest of the file', async () => {
    const { host, pathname } = new URL(await serve(bytes));
    const started = startTapline(['run', `gs:/${pathname}`, '--exit', '--json'], undefined, {
      STORAGE_EMULATOR_HOST: host,
    });
    expect(JSON.parse((await started.finished).stdout)).toMatchObject({ digest, source: 'gs://captures/day.pcap' });
  });

  /** Follows what `write` puts into a folder, until it is read. */
  async function followed(write: (folder: string) => Promise<void>): Promise<Result> {
    const folder = folderOf({});
    const running = startTapline(['run', folder, '--follow', '--exit', '--json']);
    const said = stderrOf(running);
    await write(folder);
    // What is named as damaged comes last, so everything else is read when that is said.
    writeFileSync(join(folder, 'zz-last.pcap'), NO_CAPTURE);
    await until('all of it is read', () => said().includes('zz-last.pcap'));
    running.child.kill('SIGINT');
    return JSON.parse((await running.finished).stdout) as Result;
  }

  it('from a directory that is followed give the digest of the file, at Ctrl-C', async () => {
    const result = await followed(async (folder) => {
      for (const [name, content] of Object.entries(rotated(packets))) {
        for (let at = 0; at < content.length; at += 300_000) {
          appendFileSync(join(folder, name), content.subarray(at, at + 300_000));
          await sleep(20);
        }
      }
    });
    expect(result).toMatchObject({ digest, ledger: { offered: PACKETS, unexplained: 0 } });
  });

  it.runIf(TCPDUMP)(
    'from the files of tcpdump -C, read while it writes them, give the digest of the file',
    async () => {
      const result = await followed(async (folder) => {
        const rotating = ['-r', '-', '-U', '-C', '1', '-w', join(folder, 'day.pcap'), '-Z', userInfo().username];
        const writer = spawn('tcpdump', rotating, { stdio: ['pipe', 'ignore', 'ignore'] });
        const ended = once(writer, 'close');
        for (let at = 0; at < bytes.length; at += 300_000) {
          writer.stdin.write(bytes.subarray(at, at + 300_000));
          await sleep(20);
        }
        writer.stdin.end();
        await ended;
      });
      expect(result).toMatchObject({ digest, ledger: { offered: PACKETS, unexplained: 0 } });
    },
  );

  it.runIf(TCPDUMP)('from tcpdump through a plain connection give the digest of the file', async () => {
    const running = startTapline(['run', 'listen://127.0.0.1:0', '--exit', '--json']);
    const port = await portOf(stderrOf(running));
    // Not every nc hangs up when its input ends (OpenBSD's does with -N); bash does the same with a path.
    const hasNc = spawnSync('sh', ['-c', 'nc -h 2>&1 | grep -q -- -N']).status === 0;
    const send = hasNc ? `| nc -N 127.0.0.1 ${port}` : `> /dev/tcp/127.0.0.1/${port}`;
    const pipe = spawn('bash', ['-c', `tcpdump -U -w - -r "${capture}" ${send}`], { stdio: 'ignore' });
    const { stdout } = await running.finished;
    pipe.kill();
    expect(JSON.parse(stdout)).toMatchObject({ digest });
  });

  it.runIf(TCPDUMP)('from the files of tcpdump -C give the digest of the file', async () => {
    const folder = folderOf({});
    execFileSync('tcpdump', ['-r', capture, '-w', join(folder, 'day.pcap'), '-C', '1', '-Z', userInfo().username], {
      stdio: 'ignore',
    });
    expect(await run(folder)).toMatchObject({ code: 0, digest });
  });

  it('have one session as a file and over http, and another as a directory each time its captures differ', async () => {
    const [file, web, whole, part] = await Promise.all([
      run(capture),
      serve(bytes).then((url) => run(`${url}?signature=secret`)),
      run(folderOf({ 'a.pcap': bytes })),
      run(folderOf({ 'a.pcap': bytes.subarray(0, 100_000) })),
    ]);
    expect(web.session).toBe(file.session);
    expect(web.source).not.toContain('secret');
    expect(new Set([file.session, whole.session, part.session]).size).toBe(3);
    const again = await run(folderOf({ 'another name': bytes }));
    expect(again.session).toBe(whole.session);
  });
});

describe('what is said', () => {
  it.each<[string, () => Promise<string> | string, RegExp, number]>([
    [
      'a socket where nobody is',
      () => 'tcp://127.0.0.1:1',
      /^tapline: cannot read tcp:.*: nobody answers at 127\.0\.0\.1:1$/,
      1,
    ],
    [
      'a web server where nobody is',
      () => 'http://127.0.0.1:1/x',
      /^tapline: cannot read .*: nobody answers at 127\.0\.0\.1:1$/,
      1,
    ],
    [
      'a page that is not there',
      () => serve(bytes, { statuses: [404, 404, 404] }),
      /^tapline: cannot read .*: the server answers 404 Not Found$/,
      2,
    ],
    ['an address without a port', () => 'tcp://127.0.0.1', /is no address of a socket: use tcp:\/\/HOST:PORT$/, 2],
    [
      'a scheme that is none',
      () => 'ftp://host/file',
      /there is no source of the kind ftp:\/\/ \(only http, https, gs, tcp and listen\)$/,
      2,
    ],
    ['an empty directory', () => folderOf({}), /holds no capture/, 2],
  ])('of %s is one clear line', async (_, given, message, exitCode) => {
    const source = await given();
    for (const command of [
      ['run', source, '--exit'],
      ['decode', source],
    ]) {
      const { code, stdout, stderr } = await tapline(...command);
      expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
      expect(stderr.trimEnd()).toMatch(message);
    }
  });

  it('of garbage over tcp is what it starts with', async () => {
    const result = await run(await sender(Buffer.from('GET / HTTP/1.1\r\n\r\n')));
    expect(result).toMatchObject({
      code: 1,
      error: { code: 'CAPTURE_FORMAT', message: expect.stringContaining('47 45 54 20') as string },
    });
  });

  it('of a web server that lets us down names the byte, and what came before is in the books', async () => {
    const changing: Behaviour = { later: { bytes: Buffer.from(bytes), version: { etag: '"two"' } } };
    for (const behaviour of [{ ranges: false }, changing]) {
      const url = await serve(bytes, { cutAt: [500_001], ...behaviour });
      const result = await run(url, '--session', 'broken');
      expect(result).toMatchObject({ code: 1, error: { code: 'SOURCE' } });
      expect(result.error!.message).toMatch(/reading ended at byte 500001 of/);
      expect(result.ledger.offered).toBeGreaterThan(500);
      expect(result.ledger.unexplained).toBe(0);
    }
  });

  it('of a damaged capture in a directory names it, and the others are in the books', async () => {
    const files = rotated(packets);
    const damaged = { ...files, 'd.pcap': files['d.pcap']!.subarray(0, 1000) };
    const folder = folderOf(damaged);
    const result = await run(folder);
    expect(result.code).toBe(1);
    expect(result.error!.message).toMatch(/^d\.pcap: truncated capture: /);
    expect(result.ledger.offered).toBeGreaterThan(PACKETS * 0.75);
    const { code, stdout, stderr } = await tapline('decode', folder);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`${basename(folder)}: d.pcap: truncated`) as string,
    });
    expect(stdout.trimEnd().split('\n')).toHaveLength(result.ledger.offered);
  });

  it('of a peer that sends nothing is nothing, until Ctrl-C ends it', async () => {
    let connections = 0;
    const silent = await sender(() => void (connections += 1));
    for (const source of [silent, 'listen://127.0.0.1:0']) {
      const running = startTapline(['run', source, '--json', '--port', '0']);
      const said = stderrOf(running);
      await until('it waits', () => (source === silent ? connections === 1 : said().includes('listening on')));
      running.child.kill('SIGINT');
      const { code, stdout } = await running.finished;
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ ledger: { offered: 0 } });
    }
  });

  it('by decode at Ctrl-C is what came until then', async () => {
    const source = await sender((socket) => socket.write(bytes));
    const running = startTapline(['decode', source]);
    let out = '';
    running.child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const rows = (): number => out.split('\n').length - 1;
    await until('rows come', () => rows() >= 4096);
    running.child.kill('SIGINT');
    expect((await running.finished).code).toBe(0);
    expect(rows()).toBeLessThanOrEqual(PACKETS);
    expect(out.endsWith('}\n')).toBe(true);
  });
});

describe('capture listen:// --live', () => {
  it('makes a session of each sender, one after the other, until Ctrl-C', async () => {
    const spool = join(root, 'spool');
    const nobody = { TAPLINE_KAFKA_BROKERS: '127.0.0.1:1' };
    const args = ['capture', 'listen://0', '--live', '--json', '--patience', '100ms', '--spool', spool];
    const running = startTapline(args, undefined, nobody);
    const said = stderrOf(running);
    const port = await portOf(said);
    const lines = (): string[] => out.split('\n').filter((line) => line !== '');
    let out = '';
    running.child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()));
    connect(port, '127.0.0.1').end(bytes);
    await until('the first is taken', () => lines().length === 1);
    connect(port, '127.0.0.1').end('garbage');
    connect(port, '127.0.0.1').end(asPcapng(packets, false));
    await until('the others are taken', () => lines().length === 3);
    running.child.kill('SIGINT');
    // Nothing reached a broker, and one sender sent garbage.
    expect((await running.finished).code).toBe(1);
    const results = lines().map(
      (line) => JSON.parse(line) as { session: string; counters: { sent: number }; error?: object },
    );
    expect(new Set(results.map(({ session }) => session)).size).toBe(3);
    expect(results.map(({ counters }) => counters.sent)).toEqual([PACKETS, 0, PACKETS]);
    expect(results.map(({ error }) => error !== undefined)).toEqual([false, true, false]);
  });
});

describe('capture --follow', () => {
  it('takes every packet of a directory, names the damaged capture, and says goodbye at Ctrl-C', async () => {
    const folder = folderOf({ ...rotated(packets), 'zz-last.pcap': NO_CAPTURE });
    const args = [
      'capture',
      folder,
      '--follow',
      '--json',
      '--patience',
      '100ms',
      '--spool',
      join(root, 'spool-follow'),
    ];
    const running = startTapline(args, undefined, { TAPLINE_KAFKA_BROKERS: '127.0.0.1:1' });
    const said = stderrOf(running);
    await until('all of it is read', () => said().includes('zz-last.pcap'));
    running.child.kill('SIGINT');
    const result = JSON.parse((await running.finished).stdout) as {
      counters: { sent: number };
      error: { message: string };
    };
    expect(result.counters.sent).toBe(PACKETS);
    expect(result.error.message).toMatch(/^zz-last\.pcap: unreadable capture: /);
  });

  it('is for directories, and sets the pace', async () => {
    for (const [args, message] of [
      [[capture, '--follow'], '--follow is for a directory'],
      [[folderOf({}), '--follow', '--speed', '2'], '--follow sets the pace'],
    ] as const) {
      const { code, stderr } = await tapline('capture', ...args);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
    }
  });
});
