/**
 * The deployed line over the real services: sensor, Kafka, bridge, Pub/Sub push, functions, Bigtable, Cassandra. Whatever
 * happens on the way, what is read back from Cassandra has the digest of the same capture in one process, and the books
 * are closed.
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaOptions, makeKafka } from '@tapline/adapters/kafka/client';
import { makePubSub } from '@tapline/adapters/pubsub/client';
import { PubSubPublisher } from '@tapline/adapters/pubsub/publisher';
import { openCapture } from '@tapline/adapters/file/source';
import { readManifest, type SegmentEntry } from '@tapline/capture-agent/record/manifest';
import { encodeControlMessage } from '@tapline/core/ledger/control-message';
import { discrepancyName } from '@tapline/core/ledger/books';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { packetTopic, pubsubTopic } from '@tapline/core/settings/topics';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { shuffled } from '../contract/harness.ts';
import { bundledCapture } from '../helpers/bundled-capture.ts';
import { CAPTURES } from '../helpers/captures.ts';
import { embeddedDigest } from '../helpers/embedded-digest.ts';
import { capturedBy, ServiceLine } from '../helpers/service-line.ts';
import { describeWithServices } from '../helpers/services.ts';
import { cutMessages, type Message } from '../helpers/stage-line.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const BUNDLED = join(import.meta.dirname, '../../captures/office-under-attack.pcap.zst');
const LONG_MS = 420_000;
/** Most batches are kept as chunks alone: rows have their own tests, and these are about what happens on the way. */
const FEW_ROWS = { TAPLINE_ROWS_PER_SECOND: '100' };
const ALL = { fromUs: -Infinity, toUs: Infinity };

describeWithServices(['kafka', 'cassandra', 'pubsub', 'bigtable'], 'the line on the services', (services) => {
  const folder = temporaryFolder();
  let line: ServiceLine;
  beforeAll(async () => {
    line = await ServiceLine.start(services, {
      instances: 2,
      environment: { ...FEW_ROWS, TAPLINE_WINDOW_TIMEOUT: '8' },
    });
  }, LONG_MS);
  afterAll(() => line.close(), LONG_MS);

  /** What must be so in the end, whatever happened. */
  async function expectSettled(sensor: string, session: string, capture: string): Promise<void> {
    const settled = await line.settle(sensor, session);
    expect(settled.awaited, line.functions.stderr).toEqual([]);
    expect(settled.audit?.totals.unexplained).toBe(0);
    expect(await line.digest(sensor)).toBe(await embeddedDigest(capture));
  }

  it(
    'gives the digest of one process for the bundled capture, also with two bridges of which one is killed',
    async () => {
      const sensor = line.sensor();
      const [killed] = [line.bridge(sensor), line.bridge(sensor)];
      const capture = line.startCapture(BUNDLED, sensor);
      await until(
        'something was stored',
        async () => (await line.stores.ledger.sessions()).some((one) => one.sensor === sensor),
        60_000,
      );
      killed.kill();
      const { session, result } = await capturedBy(capture);
      expect(result).toMatchObject({ complete: true, counters: { offered: 87_542 } });
      await expectSettled(sensor, session, BUNDLED);
    },
    LONG_MS,
  );

  it(
    'has a sensor keep the packets behind the alerts that the functions raise, while it captures and afterwards',
    async () => {
      const sensor = line.sensor();
      line.bridge(sensor);
      const [pipe, empty] = [join(folder, 'pipe'), join(folder, 'empty.pcap')];
      spawnSync('mkfifo', [pipe]);
      writeFileSync(empty, bundledCapture().subarray(0, 24));
      const recording = [`--record=${folder}`, '--record-size=32M', '--mark-alerts'];
      const segments = (): readonly SegmentEntry[] => readManifest(join(folder, sensor))?.segments ?? [];
      const capture = line.startCapture(pipe, sensor, ...recording);
      const writer = createWriteStream(pipe);
      writer.write(bundledCapture());
      await until('packets behind an alert are marked', () => segments().some(({ marked }) => marked), 120_000);
      writer.end();
      const { session } = await capturedBy(capture);
      await line.settle(sensor, session);
      // What was raised after the end of a capture, the next one marks.
      await line.capture(empty, sensor, ...recording);
      const alerts = await line.stores.results.alerts(sensor, ALL);
      const behind = segments().filter(({ fromUs, toUs }) =>
        alerts.some(({ filter }) => filter.fromUs <= toUs! && fromUs! < filter.toUs),
      );
      expect(alerts.length).toBeGreaterThan(3);
      expect(behind.length).toBeGreaterThan(2);
      expect(behind.every(({ marked }) => marked)).toBe(true);
    },
    LONG_MS,
  );

  it(
    'gives the same with all instances of the functions killed in the middle of their writes, and the bridge too',
    async () => {
      const sensor = line.sensor();
      let bridge = line.bridge(sensor);
      const capture = line.startCapture(BUNDLED, sensor);
      const murders = (async () => {
        for (let round = 0; round < 6; round++) {
          await sleep(1200);
          for (const name of round % 2 === 0 ? ['parse', 'score'] : ['window', 'parse']) {
            for (const pid of line.instances(name)) process.kill(pid, 'SIGKILL');
          }
          if (round === 1) {
            bridge.kill();
            bridge = line.bridge(sensor);
          }
        }
      })();
      const { session } = await capturedBy(capture);
      await murders;
      const died = line.functions.lines.filter(({ event }) => event === 'died');
      expect(died.length).toBeGreaterThan(2);
      await expectSettled(sensor, session, BUNDLED);
    },
    LONG_MS,
  );

  it(
    'gives the same when the sensor is killed in the middle of a window and started again',
    async () => {
      const sensor = line.sensor();
      line.bridge(sensor);
      const capture = line.startCapture(BUNDLED, sensor, '--speed=100');
      await until(
        'some batches went through',
        async () => (await line.stores.results.kpis(sensor, ALL, 1)).length > 0,
        60_000,
      );
      capture.kill();
      await capture.ended;
      const { session } = await line.capture(BUNDLED, sensor);
      await expectSettled(sensor, session, BUNDLED);
    },
    LONG_MS,
  );

  it(
    'names the batch that the broker lost, with its hop, and marks its window incomplete',
    async () => {
      const sensor = line.sensor();
      const { session } = await line.capture(BUNDLED, sensor);
      const admin = makeKafka(kafkaOptions(line.settings, 'test')).admin();
      await admin.connect();
      // The client deletes only in topics that it has asked after.
      await admin.fetchTopicOffsets(packetTopic(sensor));
      await admin.deleteTopicRecords({ topic: packetTopic(sensor), partitions: [{ partition: 0, offset: '3' }] });
      await admin.disconnect();
      line.bridge(sensor);
      await until(
        'the books say what is missing',
        async () => {
          const { audit } = await line.settle(sensor, session, 0);
          return audit?.sessions[0]?.final === true && audit.sessions[0].discrepancies.length === 1;
        },
        90_000,
      );
      const { audit } = await line.settle(sensor, session, 15_000);
      expect(audit?.sessions[0]?.discrepancies.map((found) => [discrepancyName(found), found.hop])).toEqual([
        [`${sensor}/${session}/0-2`, 'bridged'],
      ]);
      expect(audit?.totals.unexplained).toBeGreaterThan(0);
      const text = await line.command('audit', '--on', 'services', '--sensor', sensor);
      expect(text.code).toBe(1);
      expect(text.stdout).toContain(`MISSING  batch ${sensor}/${session}/0-2: not bridged`);
      const [first] = await line.stores.results.kpis(sensor, ALL, 1);
      expect(first).toMatchObject({ complete: false });
    },
    LONG_MS,
  );

  it.runIf(CAPTURES !== undefined)(
    'gives the digest of one process for real captures at once, a sensor each',
    async () => {
      const captures = [
        'chrissanders+packets/synscan.pcapng',
        'doriguzzi+lucid-ddos/sample-dataset/CIC-DDoS-2019-WebDDoS.pcap',
        'zeek+try-zeek/manager/static/pcaps/sumstat.pcap',
      ].map((path) => join(CAPTURES!, path));
      const sensors = captures.map(() => line.sensor());
      for (const sensor of sensors) line.bridge(sensor);
      const sent = await Promise.all(captures.map((capture, i) => line.capture(capture, sensors[i]!)));
      for (const [i, { session }] of sent.entries()) await expectSettled(sensors[i]!, session, captures[i]!);
    },
    LONG_MS,
  );

  it(
    'says that a sensor is blind, and holds nobody else up',
    async () => {
      const [dead, alive] = [line.sensor(), line.sensor()];
      for (const sensor of [dead, alive]) line.bridge(sensor);
      const killed = line.startCapture(BUNDLED, dead, '--speed=20');
      await until(
        'its heartbeats arrive',
        async () => (await line.stores.ledger.lastHeartbeats(dead)).length > 0,
        60_000,
      );
      killed.kill();
      const { session } = await line.capture(BUNDLED, alive);
      await expectSettled(alive, session, BUNDLED);
      await until(
        'the alert stands',
        async () => (await line.stores.results.provisional(dead)).some(({ detector }) => detector === 'sensor-blind'),
        60_000,
      );
      const response = await fetch(`http://127.0.0.1:${line.portBase + 3}/api/v1/overview?sensor=${dead}`);
      const { gaps } = (await response.json()) as { gaps: { kind: string }[] };
      expect(gaps.map(({ kind }) => kind)).toContain('blind');
    },
    LONG_MS,
  );
});

describeWithServices(['kafka', 'cassandra', 'pubsub', 'bigtable'], 'the line on an unruly Pub/Sub', (services) => {
  let line: ServiceLine;
  beforeAll(async () => {
    line = await ServiceLine.start(services, { unruly: 7, environment: FEW_ROWS });
  }, LONG_MS);
  afterAll(() => line.close(), LONG_MS);

  it(
    'gives the same digest when every message is delivered up to five times and in any order',
    async () => {
      const sensor = line.sensor();
      line.bridge(sensor);
      const { session } = await line.capture(BUNDLED, sensor);
      const settled = await line.settle(sensor, session);
      expect(settled.awaited, line.functions.stderr).toEqual([]);
      expect(settled.audit?.totals).toMatchObject({ offered: 87_542, stored: 87_542, unexplained: 0 });
      for (const push of line.unruly) expect(push.deliveries).toBeGreaterThan(1.5 * push.pushes);
      expect(await line.digest(sensor)).toBe(await embeddedDigest(BUNDLED));
    },
    LONG_MS,
  );

  it(
    'gives the same digest when all heartbeats come before the first packet',
    async () => {
      const sensor = line.sensor();
      const messages = await messagesOf(BUNDLED, sensor);
      const client = makePubSub(line.settings);
      const topics = {
        batch: new PubSubPublisher(client, pubsubTopic(line.settings.topicPrefix, 'packets')),
        heartbeat: new PubSubPublisher(client, pubsubTopic(line.settings.topicPrefix, 'heartbeats')),
      };
      const beats = messages.filter((message) => message.kind === 'heartbeat');
      const rest = messages.filter((message) => message.kind === 'batch');
      for (const part of [beats, rest] as Message[][]) {
        await Promise.all(shuffled(part, 11).map((message) => topics[message.kind].publish(payloadOf(message))));
        await until(
          'they are there',
          async () => (await line.stores.ledger.sessions()).some((one) => one.sensor === sensor),
          60_000,
        );
      }
      await client.close();
      const settled = await line.settle(sensor, 'direct');
      expect(settled.awaited, line.functions.stderr).toEqual([]);
      expect(await line.digest(sensor)).toBe(await embeddedDigest(BUNDLED));
    },
    LONG_MS,
  );
});

async function messagesOf(capture: string, sensor: string): Promise<Message[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of openCapture(capture)) chunks.push(chunk.slice());
  const options = { sensor, session: 'direct', windowUs: 10e6, arrivalUs: Date.now() * 1000 };
  return cutMessages(options, (sink) => {
    const reader = new CaptureReader(sink);
    for (const chunk of chunks) reader.feed(chunk);
    reader.end();
  });
}

function payloadOf(message: Message): Uint8Array {
  if (message.kind === 'batch') return message.bytes;
  return Buffer.from(encodeControlMessage({ kind: 'heartbeat', heartbeat: message.heartbeat }));
}
