/** The bridge between a real Kafka and the Pub/Sub emulator: what comes out is what went in, whoever is killed when. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { decodeControlMessage, encodeControlMessage } from '@tapline/core/ledger/control-message';
import { decodeRawBlock, isRawBlock } from '@tapline/core/raw/raw-block';
import { encodeBatch } from '@tapline/core/wire/batch';
import { BridgeStack, type Received } from '../helpers/bridge-stack.ts';
import { batchesOf } from '../helpers/packets.ts';
import { describeWithServices } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

const LIMIT_MS = 180_000;
const [columns] = batchesOf(
  Array.from({ length: 200 }, (_, i) => ({
    timeUs: 1_499_348_430_000_000 + i * 137,
    from: `10.0.${i % 7}.${i}`,
    to: '10.0.0.2',
    length: 60 + i,
  })),
);

const batch = (sensor: string, sequence: number): Uint8Array =>
  encodeBatch(columns!, { sensor, session: 's', sequence }, zstd).bytes;
const batches = (sensor: string, from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, i) => batch(sensor, from + i));

const stamp = (n: number): string => `13:40:00.${String(n).padStart(6, '0')}`;
const twoLines = (n: number): string[] => [
  `${stamp(n)} IP (tos 0x0, ttl 64, id ${n}, offset 0, flags [DF], proto UDP (17), length 68)`,
  `    10.0.2.30.44639 > 10.0.2.20.53: ${n}+ NULL? (40)`,
];

/** Everything that came out, by name; fails when one name has two contents. */
function byName(messages: readonly Received[]): Map<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  for (const { payload, attributes } of messages) {
    const name = attributes['batchId']!;
    expect(payload, name).toEqual(contents.get(name) ?? payload);
    contents.set(name, payload);
  }
  return contents;
}

/** Offset and lines of every raw block, ascending. */
function rawLines(contents: ReadonlyMap<string, Uint8Array>): { sequence: number; lines: string[] }[] {
  return [...contents.values()]
    .map((payload) => decodeRawBlock(payload, codecs))
    .map(({ sequence, records }) => ({ sequence, lines: records.map((record) => Buffer.from(record).toString()) }))
    .sort((a, b) => a.sequence - b.sequence);
}

describeWithServices(['kafka', 'pubsub'], 'the bridge', (services) => {
  let stack: BridgeStack;
  beforeEach(async () => {
    stack = await BridgeStack.start(services);
  }, LIMIT_MS);
  afterEach(() => stack.close(), LIMIT_MS);

  it(
    'keeps every byte of batches, heartbeats and raw records, and gives receipts',
    async () => {
      const topic = await stack.topic('a-pcap');
      const heartbeats = await stack.topic('a-heartbeat');
      const sensor = `${stack.run}-a`;
      const everyByte = Uint8Array.from([...Buffer.from(`${stamp(0)} `), ...Array.from({ length: 256 }, (_, i) => i)]);
      const heartbeat = Uint8Array.from(Buffer.from(encodeControlMessage({ kind: 'receipt', entries: [] })));
      const sent = batches(sensor, 0, 50);
      await stack.send(topic, [...sent, everyByte]);
      await stack.send(heartbeats, [heartbeat]);
      const result = await stack.carryAll();
      expect(result).toMatchObject({ records: 52, batches: 50, rawBlocks: 1, heartbeats: 1, deadLetters: 0, lag: 0 });

      const contents = byName(await stack.receive('packets'));
      expect(contents.size).toBe(51);
      for (const [sequence, bytes] of sent.entries()) expect(contents.get(`${sensor}/s/${sequence}`)).toEqual(bytes);
      const block = decodeRawBlock([...contents.values()].find(isRawBlock)!, codecs);
      expect(block).toMatchObject({ sensor, sequence: 50 });
      expect(block.session).toMatch(/^raw-0-\d{8}$/);
      expect(Math.abs(block.arrivalMs - Date.now())).toBeLessThan(LIMIT_MS);
      expect(block.records.map((record) => Uint8Array.from(record))).toEqual([everyByte]);

      const control = (await stack.receive('heartbeats')).map(({ payload }) => payload);
      expect(control).toContainEqual(heartbeat);
      const messages = control.map((payload) => decodeControlMessage(Buffer.from(payload).toString()));
      const entries = messages.flatMap((message) => (message.kind === 'receipt' ? message.entries : []));
      expect(new Set(entries.map(({ sequence }) => sequence))).toEqual(new Set(sent.keys()));
      expect(entries[0]).toMatchObject({ sensor, session: 's', hop: 'bridged', packets: 200, malformed: 0 });
    },
    LIMIT_MS,
  );

  it(
    'commits nothing when it cannot publish, and ends with one line that says what to do',
    async () => {
      const topic = await stack.topic('a-pcap');
      await stack.send(topic, batches('a', 0, 3));
      const { code, stderr } = await stack.bridge([], { TAPLINE_TOPIC_PREFIX: 'missing' }).finished;
      expect(code).toBe(1);
      expect(stderr).toBe(
        'tapline: Pub/Sub: publishing to missing-packets: it does not exist: create it (terraform apply; "tapline functions" makes it in the emulator)\n',
      );
      expect(await stack.committed(topic)).toBeUndefined();
      await stack.carryAll();
      expect(byName(await stack.receive('packets')).size).toBe(3);
    },
    LIMIT_MS,
  );

  it(
    'ends when Kafka or Pub/Sub is away for too long, and says which',
    async () => {
      const noKafka = await stack.bridge(['--give-up=2s'], { TAPLINE_KAFKA_BROKERS: '127.0.0.1:1' }).finished;
      expect(noKafka.code).toBe(1);
      expect(noKafka.stderr.trim().split('\n').at(-1)).toMatch(
        /^tapline: Kafka: connecting: .*nothing heard for \d+ s\)$/,
      );
      const topic = await stack.topic('a-pcap');
      await stack.send(topic, batches('a', 0, 1));
      const noPubsub = await stack.bridge(['--give-up=2s'], { PUBSUB_EMULATOR_HOST: '127.0.0.1:1' }).finished;
      expect(noPubsub.code).toBe(1);
      expect(noPubsub.stderr).toMatch(/^tapline: Pub\/Sub: publishing to tapline-packets: .*ECONNREFUSED.*\n$/);
      expect(await stack.committed(topic)).toBeUndefined();
    },
    LIMIT_MS,
  );

  it(
    'killed in the middle loses nothing: the next one repeats what was under way',
    async () => {
      const topic = await stack.topic('a-pcap');
      const count = 4_000;
      await stack.send(topic, batches('a', 0, count));
      const { child, finished } = stack.bridge();
      await stack.untilCommitted(topic, 1);
      child.kill('SIGKILL');
      expect((await finished).code).toBeNull();
      const committed = (await stack.committed(topic))!;
      expect(committed, 'the bridge was through before it could be killed').toBeLessThan(count);

      const first = byName(await stack.receive('packets'));
      expect(first.size, 'everything committed was published').toBeGreaterThanOrEqual(committed);
      await stack.carryAll();
      const all = new Set([...first.keys(), ...byName(await stack.receive('packets')).keys()]);
      expect(all.size).toBe(count);
      expect(await stack.committed(topic)).toBe(count);
    },
    LIMIT_MS,
  );

  it(
    'ended by Ctrl-C finishes and commits what it took, and exits with 0',
    async () => {
      const topic = await stack.topic('a-pcap');
      await stack.send(topic, batches('a', 0, 3_000));
      const { child, finished } = stack.bridge();
      await stack.untilCommitted(topic, 1);
      child.kill('SIGINT');
      const { code, stdout } = await finished;
      expect(code).toBe(0);
      const { records, lag } = JSON.parse(stdout) as { records: number; lag: number };
      const committed = (await stack.committed(topic))!;
      expect(records).toBe(committed);
      expect(lag).toBe(3_000 - committed);
      const published = byName(await stack.receive('packets'));
      expect(published.size, 'nothing is published twice for a good end').toBe(committed);
    },
    LIMIT_MS,
  );

  it(
    'two share several topics, and one takes over what the other leaves when it is killed',
    async () => {
      const names = ['a', 'b', 'c', 'd'];
      const topics = await Promise.all(names.map((name) => stack.topic(`${name}-pcap`)));
      const doomed = stack.bridge();
      const survivor = stack.bridge(['--exit-when-idle=10s']);
      const fill = async (from: number, to: number): Promise<void> => {
        await Promise.all(topics.map((topic, i) => stack.send(topic, batches(names[i]!, from, to))));
      };
      await fill(0, 300);
      await Promise.all(topics.map((topic) => stack.untilCommitted(topic, 300)));
      // The second one joins in its own time.
      await until('they share the partitions', async () => {
        const members = await stack.members();
        return members.every((partitions) => partitions.length === 2) && members.length === 2;
      });
      const filling = fill(300, 1_500);
      doomed.child.kill('SIGKILL');
      await filling;
      await Promise.all(topics.map((topic) => stack.untilCommitted(topic, 1_500)));
      expect((await survivor.finished).code).toBe(0);
      const contents = byName(await stack.receive('packets'));
      for (const name of names) {
        expect([...contents.keys()].filter((id) => id.startsWith(`${name}/`))).toHaveLength(1_500);
      }
    },
    LIMIT_MS,
  );

  it(
    'killed again and again gives the same raw blocks, and never half a packet',
    async () => {
      const topic = await stack.topic('a-pcap');
      const lines: string[] = [];
      const enough = new AbortController();
      const sent = (async () => {
        // Trickles in, so that the clock decides where blocks end.
        for (let packet = 0; !enough.signal.aborted;) {
          const some = Array.from({ length: 8 }, () => twoLines(packet++)).flat();
          // In two pieces, so that packets are torn where a fetch ends.
          await stack.send(topic, some.slice(0, 7));
          await stack.send(topic, some.slice(7));
          lines.push(...some);
          await sleep(150);
        }
      })();
      let committed = 0;
      for (let kill = 0; kill < 3; kill++) {
        const { child, finished } = stack.bridge();
        // A different moment each time: after the plan was committed, while publishing, after the last commit.
        await stack.untilCommitted(topic, committed + 1);
        await sleep(kill * 40);
        child.kill('SIGKILL');
        await finished;
        committed = (await stack.committed(topic))!;
      }
      enough.abort();
      await sent;
      await stack.carryAll();
      const blocks = rawLines(byName(await stack.receive('packets')));
      expect(blocks.length).toBeGreaterThan(3);
      expect(blocks.flatMap((block) => block.lines)).toEqual(lines);
      for (const block of blocks) expect(block.lines[0]).toMatch(/^13:40/);
    },
    LIMIT_MS,
  );

  it(
    'finds topics of new sensors while it runs, and goes on when a topic is deleted or made anew',
    async () => {
      const first = await stack.topic('a-pcap');
      const { child, finished } = stack.bridge();
      await stack.send(first, batches('a', 0, 5));
      await stack.untilCommitted(first, 5);
      const second = await stack.topic('b-pcap', 2);
      await stack.send(second, batches('b', 0, 5), 1);
      await stack.untilCommitted(second, 5, 1);
      await stack.deleteTopic(first);
      await stack.send(second, batches('b', 5, 10), 0);
      await stack.untilCommitted(second, 5, 0);
      await stack.topic('a-pcap');
      await stack.send(first, batches('a', 100, 103));
      await until('the topic that was made anew is read', async () => (await stack.committed(first)) === 3);
      child.kill('SIGINT');
      expect((await finished).code).toBe(0);
      const names = [...byName(await stack.receive('packets')).keys()].sort();
      expect(names).toHaveLength(18);
      expect(names).toContain('a/s/102');
    },
    LIMIT_MS,
  );

  it(
    'buries what is damaged or too large, and carries what is around it',
    async () => {
      const topic = await stack.topic('a-pcap', 1, 12_000_000);
      const heartbeats = await stack.topic('a-heartbeat');
      const damaged = batch('a', 1);
      damaged[30]! ^= 1;
      await stack.send(topic, [batch('a', 0), damaged, new Uint8Array(9_500_000).fill(0x41), batch('a', 2)]);
      await stack.send(heartbeats, ['Thu Jul  6 13:40:00 2017: beep']);
      expect(await stack.carryAll()).toMatchObject({ records: 5, batches: 2, deadLetters: 3, lag: 0 });
      expect([...byName(await stack.receive('packets')).keys()].sort()).toEqual(['a/s/0', 'a/s/2']);
      const { stdout } = await stack.tapline(['dlq', 'list', '--json']).finished;
      const letters = JSON.parse(stdout) as {
        code: string;
        origin: string;
        originalBytes: number;
        attributes: object;
      }[];
      expect(letters.map(({ code, origin, originalBytes }) => [code, origin, originalBytes]).sort()).toEqual([
        ['OVERSIZE', 'packets', 9_500_000],
        ['WIRE_CORRUPT', 'packets', damaged.length],
        ['WIRE_FORMAT', 'heartbeats', 30],
      ]);
      expect(letters.find(({ code }) => code === 'OVERSIZE')!.attributes).toEqual({
        kafkaTopic: topic,
        kafkaPartition: '0',
        kafkaOffset: '2',
      });
    },
    LIMIT_MS,
  );

  it(
    'reads only what is new of a topic that its group never read, when told so',
    async () => {
      const topic = await stack.topic('a-pcap');
      await stack.send(topic, batches('a', 0, 5));
      const { child, finished } = stack.bridge(['--no-from-beginning']);
      await until('the bridge is a member', async () => (await stack.members()).some(({ length }) => length === 1));
      // Sent while the bridge still finds out where "now" is.
      const received: Received[] = [];
      await until('what comes now goes through', async () => {
        await stack.send(topic, [batch('a', 100)]);
        received.push(...(await stack.receive('packets')));
        return received.length > 0;
      });
      child.kill('SIGINT');
      expect((await finished).code).toBe(0);
      received.push(...(await stack.receive('packets')));
      expect([...byName(received).keys()]).toEqual(['a/s/100']);
    },
    LIMIT_MS,
  );
});
