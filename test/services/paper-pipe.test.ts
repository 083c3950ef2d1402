/**
 * The paper's own pipe, end to end: tcpdump's text over a TCP connection (what nc did) into a console producer, one Kafka
 * record per line, then bridge, Pub/Sub, parse and the stores. What is read back equals the packets of the capture in every
 * field that the text holds. With KAFKA_TOOLS naming a folder of Kafka's jars the producer is Kafka's own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { codecs } from '@tapline/adapters/codec/codecs';
import { kafkaOptions, makeKafka } from '@tapline/adapters/kafka/client';
import { allocateColumns } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { heartbeatTopic, packetTopic } from '@tapline/core/settings/topics';
import { decodeBatch } from '@tapline/core/wire/batch';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CAPTURES } from '../helpers/captures.ts';
import { decodeCapture } from '../helpers/decode.ts';
import { rowAt } from '../helpers/raw-rows.ts';
import { ServiceLine } from '../helpers/service-line.ts';
import { describeWithServices } from '../helpers/services.ts';
import { TCPDUMP } from '../helpers/tcpdump.ts';
import { heldFacts } from '../helpers/text-facts.ts';
import { differing } from '../helpers/text-rules.ts';
import { until } from '../helpers/until.ts';

const LONG_MS = 240_000;
const ALL = { fromUs: -Infinity, toUs: Infinity };
/** TCP, UDP, ICMPv6, ARP and spanning tree, over IPv4 and IPv6. */
const CAPTURE = 'zeek+try-zeek/manager/static/pcaps/sumstat.pcap';
const HELD = { date: false, link: false, ip: true, sequence: false, headers: false };

describeWithServices(['kafka', 'cassandra', 'pubsub', 'bigtable'], "the paper's pipe", (services) => {
  let line: ServiceLine;
  beforeAll(async () => {
    line = await ServiceLine.start(services, { environment: { TAPLINE_WINDOW_TIMEOUT: '8' } });
  }, LONG_MS);
  afterAll(() => line.close(), LONG_MS);

  it.runIf(CAPTURES !== undefined && TCPDUMP)(
    'carries tcpdump -nn -v into rows and windows',
    async () => {
      const path = join(CAPTURES!, CAPTURE);
      const sensor = line.sensor();
      const admin = makeKafka(kafkaOptions(line.settings, 'test')).admin();
      await admin.connect();
      await admin.createTopics({
        topics: [packetTopic(sensor), heartbeatTopic(sensor)].map((topic) => ({ topic, numPartitions: 1 })),
      });
      await admin.disconnect();
      line.bridge(sensor);
      await pipe(path, packetTopic(sensor));

      const { batches, packets } = await decodeCapture(path);
      await until('every packet is stored', async () => (await storedPackets(sensor)) >= packets, 90_000);
      const stored = await storedRows(sensor);
      expect(stored).toHaveLength(packets);
      for (let index = 0; index < packets; index++) {
        const both = heldFacts(rowAt({ batches }, index), stored[index]!, HELD);
        expect(differing(both), `packet ${index + 1}`).toEqual([]);
      }
      await until(
        'every packet is in a scored window',
        async () =>
          (await line.stores.results.kpis(sensor, ALL)).reduce((sum, kpi) => sum + kpi.arrived.packets, 0) === packets,
        90_000,
      );
    },
    LONG_MS,
  );

  async function storedPackets(sensor: string): Promise<number> {
    let packets = 0;
    for await (const { count } of line.stores.packets.batches(sensor, ALL)) packets += count;
    return packets;
  }

  /** Rows of a sensor as they are stored, in the order of their numbers. */
  async function storedRows(sensor: string): Promise<[PacketColumns, number][]> {
    const found: { number: number; columns: PacketColumns; row: number }[] = [];
    for await (const { id } of line.stores.packets.batches(sensor, ALL)) {
      const columns = allocateColumns();
      decodeBatch((await line.stores.packets.getBatch(id))!, codecs, columns);
      for (let row = 0; row < columns.count; row++) found.push({ number: columns.firstNumber + row, columns, row });
    }
    return found.sort((a, b) => a.number - b.number).map(({ columns, row }) => [columns, row]);
  }

  /** tcpdump, a connection, a producer; resolves when the producer has ended. */
  async function pipe(path: string, topic: string): Promise<void> {
    const produce = process.env['KAFKA_TOOLS'] === undefined ? produceLines : runConsoleProducer;
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[NodeJS.ReadableStream]>;
    const sender = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const tcpdump = spawn('tcpdump', ['-nn', '-v', '-l', '-r', path], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TZ: 'UTC' },
    });
    tcpdump.stdout.pipe(sender);
    const [receiver] = await accepted;
    await produce(receiver, topic);
    server.close();
  }

  /** What kafka-console-producer does: a record per line, without key. */
  async function produceLines(input: NodeJS.ReadableStream, topic: string): Promise<void> {
    const producer = makeKafka(kafkaOptions(line.settings, 'console-producer')).producer();
    await producer.connect();
    const messages: { value: string }[] = [];
    for await (const value of createInterface({ input })) messages.push({ value });
    await producer.send({ topic, messages });
    await producer.disconnect();
  }

  async function runConsoleProducer(input: NodeJS.ReadableStream, topic: string): Promise<void> {
    const producer = spawn(
      'java',
      [
        ...['-cp', join(process.env['KAFKA_TOOLS']!, '*'), 'org.apache.kafka.tools.ConsoleProducer'],
        ...['--bootstrap-server', line.settings.kafkaBrokers, '--topic', topic],
      ],
      { stdio: ['pipe', 'ignore', 'inherit'] },
    );
    input.pipe(producer.stdin);
    const [code] = (await once(producer, 'exit')) as [number | null];
    expect(code).toBe(0);
  }
});
