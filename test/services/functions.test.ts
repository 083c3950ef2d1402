/**
 * The four functions as `tapline functions` runs them, two instances each, on the real services: a session goes through
 * by push while an instance of each is killed, and whatever is thrown at them is refused or kept aside.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { openTable } from '@tapline/adapters/bigtable/client';
import { CassandraLedgerStore } from '@tapline/adapters/cassandra/ledger-store';
import { CassandraPacketStore } from '@tapline/adapters/cassandra/packet-store';
import { CassandraResultStore } from '@tapline/adapters/cassandra/result-store';
import { Directory } from '@tapline/adapters/cassandra/directory';
import { codecs } from '@tapline/adapters/codec/codecs';
import { newHash } from '@tapline/adapters/hash/sha256';
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { DeadLetters, type DeadLetterSummary } from '@tapline/adapters/pubsub/dead-letters';
import { PubSubPublisher } from '@tapline/adapters/pubsub/publisher';
import { removeTopology } from '@tapline/adapters/pubsub/topology';
import { digest } from '@tapline/core/digest/digest';
import { encodeControlMessage } from '@tapline/core/ledger/control-message';
import { SETTINGS, type Settings } from '@tapline/core/settings/settings';
import { pubsubTopic } from '@tapline/core/settings/topics';
import { parseHeader, writeHeader } from '@tapline/core/wire/header-codec';
import { systemClock } from '@tapline/embedded/line/clock';
import { ChildCommand } from '@tapline/embedded/service-line/child-command';
import { audit } from '@tapline/functions/stages/audit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFunctions, FUNCTIONS_DIST } from '../../functions/build.ts';
import { generateFrames } from '../../tools/generate-capture/generator.ts';
import { collect, shuffled } from '../contract/harness.ts';
import { startFramework } from '../helpers/built-function.ts';
import { CassandraKeyspace } from '../helpers/cassandra.ts';
import { post, pushBody } from '../helpers/function-server.ts';
import { describeWithServices } from '../helpers/services.ts';
import { cutMessages, memoryStores, StageLine, type Message } from '../helpers/stage-line.ts';

const PORT_BASE = 28_091;
const WINDOW_US = 2_000_000;
const url = { parse: at(0), window: at(1), score: at(2), report: at(3) };
type Name = keyof typeof url;
const NAMES = Object.keys(url) as Name[];

function at(offset: number): string {
  return `http://127.0.0.1:${PORT_BASE + offset}/`;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function payloadOf(message: Message): Uint8Array {
  return message.kind === 'batch'
    ? message.bytes
    : bytes(encodeControlMessage({ kind: 'heartbeat', heartbeat: message.heartbeat }));
}

function sessionOf(sensor: string, session: string, packets: number, windowUs = WINDOW_US): Message[] {
  const arrivalUs = Date.now() * 1000;
  return cutMessages({ sensor, session, windowUs, arrivalUs }, (sink) => {
    generateFrames({ packets, seed: 5, profile: 'mix' }, sink);
  });
}

function batchOf(sensor: string, session: string): Uint8Array {
  const batch = sessionOf(sensor, session, 50).find((message) => message.kind === 'batch')!;
  return payloadOf(batch);
}

/** A batch whose header is right and whose body unpacks to 300 MB. */
function bomb(): Uint8Array {
  const good = batchOf('tap', 'bomb');
  const header = parseHeader(good);
  const body = zstdCompressSync(Buffer.alloc(300_000_000));
  const made = new Uint8Array(header.headerBytes + body.length);
  writeHeader(made, { ...header, storedBytes: body.length });
  made.set(body, header.headerBytes);
  return made;
}

async function until<T>(what: string, look: () => Promise<T | undefined>, limitMs = 45_000): Promise<T> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Everything one test run has on the services, and the functions themselves. */
class Deployment {
  readonly settings: Settings;
  readonly keyspace: CassandraKeyspace;
  readonly #pubsub;
  readonly letters: DeadLetters;
  functions!: ChildCommand;
  #closers: (() => Promise<void>)[] = [];

  constructor(services: Settings) {
    const name = `fn-${randomBytes(4).toString('hex')}`;
    this.keyspace = new CassandraKeyspace(services, 'functions');
    this.settings = {
      ...services,
      project: name,
      bigtableTable: name,
      cassandraKeyspace: this.keyspace.options.keyspace,
      window: String(WINDOW_US / 1e6),
      lateness: '0',
      sensors: 'tap',
      rawSensor: 'tap',
    };
    this.#pubsub = makePubSub(this.settings);
    this.letters = new DeadLetters(this.#pubsub, this.settings.topicPrefix);
  }

  /** The settings as a process reads them. */
  get environment(): Record<string, string | undefined> {
    const set = Object.entries(this.settings) as [keyof Settings, string | undefined][];
    return Object.fromEntries(set.map(([name, value]) => [SETTINGS[name].name, value]));
  }

  async start(): Promise<void> {
    await this.keyspace.make();
    const args = ['functions', '--json', '--instances=2', `--port-base=${PORT_BASE}`, '--sweep-every=1s'];
    this.functions = new ChildCommand(args, { environment: { ...process.env, ...this.environment } });
    await this.functions.line(({ event }) => event === 'ready');
  }

  async stores() {
    const session = await this.keyspace.open();
    this.#closers.push(() => session.close());
    const directory = new Directory(session, systemClock);
    return {
      results: new CassandraResultStore(session, directory),
      packets: new CassandraPacketStore(session, directory),
      ledger: new CassandraLedgerStore(session, directory),
    };
  }

  /** Publishes each message to the topic it belongs to, in this order. */
  async publish(messages: readonly Message[]): Promise<void> {
    const { topicPrefix } = this.settings;
    const topic = {
      batch: new PubSubPublisher(this.#pubsub, pubsubTopic(topicPrefix, 'packets')),
      heartbeat: new PubSubPublisher(this.#pubsub, pubsubTopic(topicPrefix, 'heartbeats')),
    };
    await Promise.all(messages.map((message) => topic[message.kind].publish(payloadOf(message))));
  }

  async letterOf(code: string, reason: RegExp): Promise<DeadLetterSummary> {
    return until(`a dead letter ${code} ${String(reason)}`, async () =>
      (await this.letters.list(100)).find((letter) => letter.code === code && reason.test(letter.reason)),
    );
  }

  /** Kills one instance of the function and says which. */
  async killOne(name: Name): Promise<number> {
    const started = this.functions.lines.filter((line) => line['event'] === 'started' && line['name'] === name);
    const died = this.functions.lines.filter((line) => line['event'] === 'died').map((line) => line['pid']);
    const pid = started.map((line) => line['pid'] as number).find((one) => !died.includes(one))!;
    process.kill(pid, 'SIGKILL');
    await this.functions.line((line) => line['event'] === 'died' && line['pid'] === pid);
    return pid;
  }

  async end(): Promise<void> {
    await this.functions.stop();
    await this.letters.close();
    await removeTopology({ client: this.#pubsub, prefix: this.settings.topicPrefix });
    await this.#pubsub.close();
    for (const close of this.#closers) await close();
    await this.keyspace.drop();
    const table = openTable(this.settings);
    await table.table.delete();
    await table.close();
  }
}

describeWithServices(['cassandra', 'pubsub', 'bigtable'], 'the functions on the services', (services) => {
  const deployment = new Deployment(services);
  beforeAll(() => deployment.start(), 180_000);
  afterAll(() => deployment.end(), 60_000);

  it('take a session by push, whatever the order and how often, while an instance of each is killed', async () => {
    const messages = sessionOf('tap', 'through', 8_000);
    const line = new StageLine(memoryStores(systemClock), systemClock, WINDOW_US);
    for (const message of messages) await line.deliver(message);
    const wanted = await line.digest('tap');

    const sent = shuffled([...messages, ...messages], 11);
    await deployment.publish(sent.slice(0, sent.length / 2));
    for (const name of NAMES) await deployment.killOne(name);
    await deployment.publish(sent.slice(sent.length / 2));

    const stores = await deployment.stores();
    await until('the digest of the embedded line', async () =>
      (await digest('tap', { ...stores, codecs, newHash })) === wanted ? true : undefined,
    );
    await until('closed books', async () => ((await audit({ ...stores, codecs })).balanced ? true : undefined));
    const overview = (await (await fetch(`${url.report}api/v1/overview?sensor=tap`)).json()) as { sensor: unknown };
    expect(JSON.stringify(overview)).toContain('tap');
  }, 120_000);

  it('start another instance for every one that dies', async () => {
    const pid = await deployment.killOne('score');
    const before = deployment.functions.lines.length;
    expect(pid).toBeGreaterThan(0);
    await deployment.functions.line(
      (line) =>
        line['event'] === 'started' &&
        line['name'] === 'score' &&
        deployment.functions.lines.indexOf(line) >= before - 1,
    );
    expect((await post(url.score, pushBody(bytes('{"tapline":1,"kind":"confirm","sensor":"tap"}')))).status).toBe(204);
  });

  it('take an old batch again without a trace', async () => {
    const stores = await deployment.stores();
    const [old] = sessionOf('tap', 'through', 8_000);
    const before = await digest('tap', { ...stores, codecs, newHash });
    for (let i = 0; i < 5; i++) expect((await post(url.parse, pushBody(payloadOf(old!)))).status).toBe(204);
    expect(await digest('tap', { ...stores, codecs, newHash })).toBe(before);
  });

  describe.each(['parse', 'window', 'score'] as const)('%s', (name) => {
    it('refuses what is no push', async () => {
      expect((await post(url[name], 'garbage')).status).toBe(400);
      expect((await post(url[name], new Uint8Array(1000).fill(0xff))).status).toBe(400);
      expect((await fetch(url[name])).status).toBe(405);
    });

    it('refuses 30 MB, and what is packed', async () => {
      expect((await post(url[name], new Uint8Array(30_000_000))).status).toBe(413);
      const packed = gzipSync(Buffer.alloc(50_000_000));
      expect((await post(url[name], packed, { 'content-encoding': 'gzip' })).status).toBe(415);
    });

    it('keeps garbage in a push as a dead letter, with the reason', async () => {
      const garbage = randomBytes(1000);
      expect((await post(url[name], pushBody(garbage))).status).toBe(204);
      const letter = await until('the letter', async () => {
        const found = (await deployment.letters.list(100)).filter(({ originalBytes }) => originalBytes === 1000);
        return found.find(
          ({ origin }) => origin === { parse: 'packets', window: 'heartbeats', score: 'windows' }[name],
        );
      });
      expect(letter).toMatchObject({ code: 'WIRE_FORMAT' });
    });

    it('answers nobody who comes from a page', async () => {
      const body = pushBody(bytes('{}'));
      expect((await post(url[name], body, { origin: 'https://evil.example' })).status).toBe(403);
    });
  });

  it.each<[string, Name, () => Uint8Array, string, RegExp]>([
    ['a bomb', 'parse', bomb, 'WIRE_CORRUPT', /damaged batch|larger|decompress/],
    [
      'a batch of a version to come',
      'parse',
      () => batchOf('tap', 'v').map((b, i) => (i === 4 ? 250 : b)),
      'WIRE_VERSION',
      /250/,
    ],
    ['a batch cut short', 'parse', () => batchOf('tap', 'v').subarray(0, 300), 'WIRE_CORRUPT', /damaged batch/],
    ['a batch of an unknown sensor', 'parse', () => batchOf('mallory', 's'), 'USAGE', /sensor mallory/],
    [
      'a heartbeat of other windows',
      'window',
      () => payloadOf(sessionOf('tap', 'w', 50, 3e6).at(-1)!),
      'USAGE',
      /3000000/,
    ],
    [
      'a heartbeat of a version to come',
      'window',
      () => bytes('{"tapline":2,"kind":"heartbeat"}'),
      'WIRE_VERSION',
      /2/,
    ],
    [
      'a window of an unknown sensor',
      'score',
      () => bytes('{"tapline":1,"kind":"confirm","sensor":"mallory"}'),
      'USAGE',
      /sensor mallory/,
    ],
  ])('keep %s as a dead letter and go on', async (_, name, payload, code, reason) => {
    expect((await post(url[name], pushBody(payload()))).status).toBe(204);
    await deployment.letterOf(code, reason);
    const good = { parse: batchOf('tap', 'good'), window: bytes('{"tapline":1,"kind":"receipt","entries":[]}') };
    const after =
      name === 'score' ? bytes('{"tapline":1,"kind":"confirm","sensor":"tap"}') : good[name as keyof typeof good];
    expect((await post(url[name], pushBody(after))).status).toBe(204);
  });

  it('answer the page with security headers, packed when asked, and nothing but reading', async () => {
    const answer = await fetch(`${url.report}api/v1/overview`);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    expect((await fetch(`${url.report}api/v1/overview`, { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await fetch(`${url.report}etc/passwd`)).status).toBe(404);
  });

  it('take text of tcpdump that came without a name', async () => {
    const text = '10:00:01.000001 IP 10.0.0.1.5000 > 10.0.0.2.80: Flags [S], seq 1, win 64, length 0\n';
    expect((await post(url.parse, pushBody(bytes(text)))).status).toBe(204);
    const { ledger } = await deployment.stores();
    expect((await ledger.sessions()).filter(({ session }) => session.startsWith('raw-')).length).toBe(1);
  });

  it('take a batch as they are deployed: built, and under the starter of the platform', async () => {
    mkdirSync(FUNCTIONS_DIST, { recursive: true });
    const folder = mkdtempSync(join(FUNCTIONS_DIST, '.test-'));
    try {
      await buildFunctions(folder);
      const parse = await startFramework(join(folder, 'parse'), 'parse', deployment.environment);
      expect((await post(parse.url, pushBody(batchOf('tap', 'deployed')))).status).toBe(204);
      const { ledger } = await deployment.stores();
      const stored = await collect(ledger.entries('tap', 'deployed', 'stored'));
      expect(stored.map(({ packets }) => packets)).toEqual([50]);
      parse.child.kill('SIGTERM');
      expect(await parse.ended).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('sweep when asked', async () => {
    expect((await post(url.window, '{"sweep":true}')).status).toBe(204);
  });
});
