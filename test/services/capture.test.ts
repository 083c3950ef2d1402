/**
 * The capture agent and a real Kafka: what arrives on the topics is what was cut, in order, whatever happens to the
 * broker or to the agent on the way.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstd } from '@tapline/adapters/codec/zstd';
import type { KafkaOptions } from '@tapline/adapters/kafka/client';
import { KafkaProducer } from '@tapline/adapters/kafka/producer';
import { tail } from '@tapline/adapters/kafka/tail';
import { KafkaTopics } from '@tapline/adapters/kafka/topics';
import { Batcher } from '@tapline/capture-agent/batcher';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { heartbeatTopic, packetTopic } from '@tapline/core/settings/topics';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import { contentOf } from '@tapline/embedded/cli/record-output';
import { afterAll, describe, expect, it } from 'vitest';
import { writeGenerated } from '../helpers/generated-capture.ts';
import { OwnKafka } from '../helpers/own-kafka.ts';
import { canRunServices } from '../helpers/service-programs.ts';
import { describeWithServices } from '../helpers/services.ts';
import { startTapline, type Finished, type Started } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const folder = temporaryFolder();
const PACKETS = 40_000;
const capture = writeGenerated(folder, PACKETS);
const LIMIT_MS = 180_000;
const OWN_PORTS = 24_000;

const run = randomBytes(4).toString('hex');
let made = 0;
const sensors: string[] = [];

/** A sensor that nobody else uses; its topics are deleted at the end. */
function freshSensor(): string {
  const sensor = `agent-${run}-${made++}`;
  sensors.push(sensor);
  return sensor;
}

const freshSpool = (): string => mkdtempSync(join(folder, 'spool-'));
const client = (broker: string): KafkaOptions => ({ brokers: [broker], clientId: 'tapline-test' });

/** Names and content of the batches that a run of the capture cuts. */
function cutBatches(): string[] {
  const cut: string[] = [];
  const options = { sensor: 's', session: 's', windowUs: 10e6, allowedLatenessUs: 0, codec: zstd };
  const batcher = new Batcher(options, (message) => {
    if (message.kind === 'batch') cut.push(contentName(message.header));
  });
  const reader = new CaptureReader(batcher);
  reader.feed(readFileSync(capture));
  reader.end();
  batcher.flush();
  return cut;
}

const contentName = ({ sequence, contentHash }: BatchHeader): string => `${sequence} ${contentHash}`;
const expected = cutBatches();

interface OnTopics {
  /** In the order of their topic. */
  readonly batches: BatchHeader[];
  readonly heartbeats: Heartbeat[];
}

/** Reads a sensor's topics from the beginning until `isDone`. */
async function read(broker: string, sensor: string, isDone: (found: OnTopics) => boolean): Promise<OnTopics> {
  const found: OnTopics = { batches: [], heartbeats: [] };
  const over = AbortSignal.timeout(60_000);
  const done = new AbortController();
  const topics = [packetTopic(sensor), heartbeatTopic(sensor)];
  const signal = AbortSignal.any([over, done.signal]);
  await tail({ kafka: client(broker), topics, fromBeginning: true, signal }, ({ value }) => {
    const content = contentOf(value, false);
    if (content.kind === 'batch') found.batches.push(content.header);
    else if (content.kind === 'heartbeat') found.heartbeats.push(content.heartbeat);
    if (isDone(found)) done.abort();
    return Promise.resolve();
  });
  if (!done.signal.aborted) throw new Error('the topics do not hold what was waited for');
  return found;
}

/** Whether the goodbye of `session` and all it announces is there. */
const isOver =
  (session?: string) =>
  ({ batches, heartbeats }: OnTopics): boolean => {
    const last = heartbeats.find((known) => known.final && (session === undefined || known.session === session));
    const own = batches.filter((header) => header.session === last?.session);
    return last !== undefined && new Set(own.map(({ sequence }) => sequence)).size > last.lastBatch;
  };

function captureTo(broker: string, sensor: string, ...args: string[]): Started {
  return startTapline(['capture', '--sensor', sensor, ...args], undefined, { TAPLINE_KAFKA_BROKERS: broker });
}

/** The same without what came twice: a request whose answer was lost is sent again. */
const once = (names: readonly string[]): string[] => [...new Set(names)];

const json = (finished: Finished): Record<string, unknown> => JSON.parse(finished.stdout) as Record<string, unknown>;

describeWithServices(['kafka'], 'tapline capture into Kafka', ({ kafkaBrokers }) => {
  const broker = kafkaBrokers.split(',')[0]!;

  afterAll(async () => {
    const topics = new KafkaTopics(client(broker));
    for (const sensor of sensors) await topics.delete(sensor);
    await topics.close();
  });

  it('brings every batch in order, and a goodbye that says so', { timeout: LIMIT_MS }, async () => {
    const sensor = freshSensor();
    const spool = freshSpool();
    const finished = await captureTo(broker, sensor, capture, '--spool', spool, '--json').finished;
    expect(finished.stderr).toBe('');
    expect(finished.code).toBe(0);
    expect(json(finished)).toMatchObject({
      sensor,
      batches: expected.length,
      publishedPackets: PACKETS,
      spooledBatches: 0,
      complete: true,
      counters: { offered: PACKETS, sent: PACKETS, kernelDropped: 0 },
    });
    const { batches, heartbeats } = await read(broker, sensor, isOver());
    expect(batches.map(contentName)).toEqual(expected);
    const last = expected.length - 1;
    expect(heartbeats.at(-1)).toMatchObject({ final: true, lastBatch: last, lastPublished: last, spooled: 0 });
    expect(heartbeats.at(-1)!.rssBytes).toBeGreaterThan(1e6);
    const announced = new Map(heartbeats.flatMap(({ windows }) => windows).map((w) => [w.windowStartUs, w.packets]));
    expect([...announced.values()].reduce((sum, packets) => sum + packets, 0)).toBe(PACKETS);
    expect(readdirSync(spool)).toEqual(['lock']);
  });

  it('tells people what is on the topics: batches, packets, text, and garbage', { timeout: LIMIT_MS }, async () => {
    const sensor = freshSensor();
    const env = { TAPLINE_KAFKA_BROKERS: broker };
    expect((await startTapline(['topics', 'ensure', '--sensor', sensor], undefined, env).finished).stdout).toBe(
      `${packetTopic(sensor)}: made\n${heartbeatTopic(sensor)}: made\n`,
    );
    const producer = new KafkaProducer(client(broker));
    const text = new TextEncoder().encode('IP 10.0.0.1.80 > 10.0.0.2.5000: Flags [S.], length 0\n');
    await producer.send(packetTopic(sensor), sensor, [text, Uint8Array.of(0xde, 0xad, 0xbe, 0xef), new Uint8Array(0)]);
    await producer.close();
    await captureTo(broker, sensor, capture, '--spool', freshSpool()).finished;
    const show = ['consume', '--sensor', sensor, '--from-beginning', '--max', '20'];
    const shown = await startTapline([...show, '--packets'], undefined, env).finished;
    const lines = shown.stdout.split('\n').filter((line) => !line.startsWith(heartbeatTopic(sensor)));
    expect(lines.slice(0, 5)).toEqual([
      `${packetTopic(sensor)}@0  IP 10.0.0.1.80 > 10.0.0.2.5000: Flags [S.], length 0`,
      `${packetTopic(sensor)}@1  garbage, 4 B: neither a batch, nor a heartbeat, nor text: deadbeef`,
      `${packetTopic(sensor)}@2  garbage, 0 B: no bytes at all: `,
      expect.stringMatching(/@3 {2}batch agent-\S+\/[0-9a-f]{16}\/0 {2}[\d,]+ packets .* on the wire .* to .*Z/),
      expect.stringMatching(/^ {2}1 {2}2026-\S+Z \w+ \S+ > \S+: .*length \d+$/),
    ]);
    const all = await startTapline(
      ['consume', '--sensor', sensor, '--from-beginning', '--timeout', '4s', '--format', 'json'],
      undefined,
      env,
    ).finished;
    const kinds = all.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds.filter((kind) => kind === 'batch')).toHaveLength(expected.length);
    expect(kinds.filter((kind) => kind === 'heartbeat').length).toBeGreaterThan(2);
    const listed = await startTapline(['topics', 'list', '--sensor', sensor, '--format', 'ndjson'], undefined, env)
      .finished;
    expect(listed.stdout).toContain(`"topic":"${packetTopic(sensor)}"`);
    const refused = await startTapline(['topics', 'delete', '--sensor', sensor], undefined, env).finished;
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('add --yes if you mean it')]);
    const deleted = await startTapline(['topics', 'delete', '--sensor', sensor, '--yes'], undefined, env).finished;
    expect(deleted.stdout).toContain(`${packetTopic(sensor)}: deleted`);
    const gone = await startTapline(['consume', '--sensor', sensor], undefined, env).finished;
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('tapline topics ensure')]);
  });

  it('survives kill -9: a second run leaves no gap and another batch nowhere', { timeout: LIMIT_MS }, async () => {
    const sensor = freshSensor();
    const spool = freshSpool();
    const first = captureTo(broker, sensor, capture, '--spool', spool, '--speed', '5');
    await until('some batches', async () => (await recordsOf(broker, sensor)) > 3, 60_000);
    first.child.kill('SIGKILL');
    expect((await first.finished).code).toBe(null);
    expect(await recordsOf(broker, sensor)).toBeLessThan(expected.length);
    const second = await captureTo(broker, sensor, capture, '--spool', spool).finished;
    expect(second.code).toBe(0);
    const { batches, heartbeats } = await read(broker, sensor, isOver());
    expect(once(batches.map(contentName))).toEqual(expected);
    // The books take the heartbeat with the highest number: it must be the second run's goodbye.
    const highest = heartbeats.reduce((a, b) => (b.sequence > a.sequence ? b : a));
    expect(highest).toMatchObject({ final: true, lastPublished: expected.length - 1 });
  });

  it('says goodbye when it is interrupted, and beats while it is paced', { timeout: LIMIT_MS }, async () => {
    const sensor = freshSensor();
    const paced = captureTo(broker, sensor, capture, '--spool', freshSpool(), '--speed', 'recorded', '--json');
    await until('some batches', async () => (await recordsOf(broker, sensor)) > 3, 60_000);
    paced.child.kill('SIGINT');
    const finished = await paced.finished;
    expect(finished.code).toBe(0);
    expect(finished.stderr).toMatch(/stopping; what was read is being sent/);
    const { batches, heartbeats } = await read(broker, sensor, isOver());
    const { counters } = json(finished) as { counters: { sent: number } };
    expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(counters.sent);
    expect(heartbeats.length).toBeGreaterThan(3);
  });

  it('closes the windows of a silent live pipe', { timeout: LIMIT_MS }, async () => {
    const sensor = freshSensor();
    const args = ['capture', '-', '--live', '--sensor', sensor, '--spool', freshSpool(), '--window', '1s'];
    const live = startTapline(args, 'pipe', { TAPLINE_KAFKA_BROKERS: broker });
    live.child.stdin!.write(readFileSync(capture).subarray(0, 20_000));
    const isSilent = ({ batches, heartbeats }: OnTopics): boolean => {
      const newestUs = Math.max(...batches.map(({ maxTimeUs }) => maxTimeUs));
      return heartbeats.some(({ watermarkUs, final }) => !final && (watermarkUs ?? 0) >= newestUs + 1e6);
    };
    await until('topics', async () => (await recordsOf(broker, sensor)) > 0, 60_000);
    const { heartbeats } = await read(broker, sensor, isSilent);
    expect(heartbeats.every(({ final }) => !final)).toBe(true);
    live.child.stdin!.end();
    await live.finished;
  });
});

/** Records on a sensor's packet topic; 0 when there is none yet. */
async function recordsOf(broker: string, sensor: string): Promise<number> {
  const topics = new KafkaTopics(client(broker));
  try {
    const infos = await topics.list(sensor);
    return infos.find(({ carries }) => carries === 'packets')?.records ?? 0;
  } finally {
    await topics.close();
  }
}

describe.runIf(await canRunServices('kafka'))('a broker that comes and goes', () => {
  const kafka = new OwnKafka(join(folder, 'kafka'), OWN_PORTS);

  afterAll(async () => {
    if (existsSync(join(folder, 'kafka'))) await kafka.stop();
  }, LIMIT_MS);

  it(
    'costs no batch: away at the start, restarted in the middle, away at the end',
    { timeout: 2 * LIMIT_MS },
    async () => {
      const sensor = freshSensor();
      const spool = freshSpool();
      const options = ['--spool', spool, '--speed', 'recorded', '--patience', '60s', '--json'];
      const agent = captureTo(kafka.address, sensor, capture, ...options);
      let said = '';
      agent.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await until('a word about the broker', () => said.includes('the broker is away'), 60_000);
      await kafka.start();
      await until('a word about its return', () => said.includes('the broker answers again'), 60_000);
      await kafka.stop();
      await kafka.start();
      const finished = await agent.finished;
      expect(finished.code).toBe(0);
      expect(json(finished)).toMatchObject({ complete: true, spooledBatches: 0, publishedPackets: PACKETS });
      const whole = await read(kafka.address, sensor, isOver());
      expect(once(whole.batches.map(contentName))).toEqual(expected);
      expect(whole.heartbeats.some(({ spooled }) => (spooled ?? 0) > 0)).toBe(true);

      await kafka.stop();
      const late = await captureTo(
        kafka.address,
        sensor,
        capture,
        '--session',
        'late',
        '--spool',
        spool,
        '--patience',
        '2s',
      ).finished;
      expect(late.code).toBe(1);
      expect(late.stderr).toMatch(new RegExp(`the broker did not answer: ${expected.length} batches wait in ${spool}`));
      await kafka.start();
      const next = await captureTo(kafka.address, sensor, capture, '--session', 'next', '--spool', spool).finished;
      expect(next.stderr).toMatch(
        new RegExp(`holds ${expected.length} batches of an earlier run: they are sent first`),
      );
      expect(next.code).toBe(0);
      const { batches } = await read(kafka.address, sensor, (found) => isOver('late')(found) && isOver('next')(found));
      const order = once(batches.map(({ session }) => session));
      expect(order.slice(1)).toEqual(['late', 'next']);
      for (const session of ['late', 'next']) {
        const own = batches.filter((header) => header.session === session);
        expect(once(own.map(contentName))).toEqual(expected);
      }
    },
  );
});
