import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { RAW_LIMITS } from '@tapline/capture-agent/bridge/raw-cutter';
import { decodeControlMessage, encodeControlMessage } from '@tapline/core/ledger/control-message';
import { decodeRawBlock, isRawBlock } from '@tapline/core/raw/raw-block';
import { encodeBatch } from '@tapline/core/wire/batch';
import { batchId } from '@tapline/core/wire/batch-header';
import { batchesOf } from '../../helpers/packets.ts';
import { MemoryLine, type Published } from './memory-log.ts';

const START_US = 1_499_348_430_000_000;
const stamp = (n: number): string => `13:40:00.${String(n).padStart(6, '0')}`;
const FIRST = (n: number): string =>
  `${stamp(n)} IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto UDP (17), length 68)`;
const SECOND = (n: number): string => `    10.0.2.30.${n} > 10.0.2.20.53: 4784+ NULL? (40)`;

/** Two packets of one minute, and of two. */
const [together, apart] = [1_000, 61_000_000].map((laterUs) => {
  const packet = { from: '10.0.0.1', to: '10.0.0.2', length: 100, timeUs: START_US };
  return batchesOf([packet, { ...packet, timeUs: START_US + laterUs }])[0]!;
});

function batch(sequence: number, columns = together!): Uint8Array {
  return encodeBatch(columns, { sensor: 'instance-1', session: 's', sequence }, zstd).bytes;
}

const heartbeat = Buffer.from(encodeControlMessage({ kind: 'receipt', entries: [] }));

/** Takes everything there is, a few records at a time, and finishes. */
async function carryAll(line: MemoryLine, chunk = 3): Promise<void> {
  const { bridge, take } = line.open();
  for (let at = line.position.offset; at < line.records.length; at += chunk) await take(chunk);
  await bridge.finish();
}

/** The entries of all receipts. */
const receiptsOf = (line: MemoryLine): object[] =>
  line.publishedTo('heartbeats').flatMap(({ payload }) => {
    const message = decodeControlMessage(Buffer.from(payload).toString());
    return message.kind === 'receipt' ? message.entries : [];
  });

describe('a partition on its way to Pub/Sub', () => {
  it('keeps every byte of batches, names them, and gives receipts before it commits', async () => {
    const line = new MemoryLine('instance-1-pcap');
    line.append(batch(0), batch(1, apart));
    await carryAll(line);
    const packets = line.publishedTo('packets');
    expect(packets.map(({ payload }) => payload)).toEqual(line.records.map(({ value }) => value));
    expect(packets[1]!.attributes).toEqual({ batchId: 'instance-1/s/1', eventTime: String(START_US / 1000) });
    const entry = { sensor: 'instance-1', session: 's', hop: 'bridged', packets: 2, bytes: 200, malformed: 0 };
    const minute = { minuteStartUs: 1_499_348_400_000_000, packets: 2, bytes: 200 };
    expect(receiptsOf(line)).toEqual([
      { ...entry, sequence: 0, minutes: [minute] },
      {
        ...entry,
        sequence: 1,
        minutes: [
          { ...minute, packets: 1, bytes: 100 },
          { minuteStartUs: 1_499_348_460_000_000, packets: 1, bytes: 100 },
        ],
      },
    ]);
    expect(line.position).toEqual({ offset: 2, note: '' });
    expect(line.failures).toEqual([]);
    expect(line.budget.used).toBe(0);
  });

  it('sends heartbeats on as they are', async () => {
    const line = new MemoryLine('instance-1-heartbeat');
    line.append(heartbeat, heartbeat);
    await carryAll(line);
    expect(line.publishedTo('heartbeats').map(({ payload }) => Buffer.from(payload))).toEqual([heartbeat, heartbeat]);
    expect(line.position.offset).toBe(2);
  });

  it('joins raw records to blocks that say where they come from', async () => {
    const line = new MemoryLine('instance-1-pcap');
    line.append(FIRST(1), SECOND(1), FIRST(2), SECOND(2), batch(0), FIRST(3), SECOND(3));
    await carryAll(line, 1);
    const blocks = line.publishedTo('packets').filter(({ payload }) => isRawBlock(payload));
    const decoded = blocks.map(({ payload }) => decodeRawBlock(payload, codecs));
    expect(decoded.map(({ records, ...names }) => ({ ...names, lines: records.length }))).toEqual([
      { sensor: 'instance-1', session: 'raw-0-20170706', sequence: 0, arrivalMs: 1_499_348_400_000, lines: 4 },
      { sensor: 'instance-1', session: 'raw-0-20170706', sequence: 5, arrivalMs: 1_499_348_400_005, lines: 2 },
    ]);
    expect(blocks[1]!.attributes).toEqual({ batchId: 'instance-1/raw-0-20170706/5', eventTime: '1499348400005' });
    expect(receiptsOf(line)).toHaveLength(1);
  });

  it('buries what nobody can use, with the reason and where it was, and goes on', async () => {
    const line = new MemoryLine('instance-1-pcap');
    const damaged = batch(1);
    damaged[20]! ^= 1;
    const newer = batch(2);
    newer[4] = 200;
    const torn = batch(3, apart).slice();
    torn[torn.length - 1]! ^= 0xff;
    line.append(batch(0), damaged, newer, torn, new Uint8Array(8_400_000), batch(4));
    await carryAll(line, 10);
    expect(line.publishedTo('packets').map(({ attributes }) => attributes['batchId'])).toEqual([
      'instance-1/s/0',
      'instance-1/s/4',
    ]);
    const letters = line.publishedTo('dead-letters');
    expect(letters.map(({ attributes }) => attributes)).toMatchObject([
      { origin: 'packets', code: 'WIRE_CORRUPT', kafkaTopic: 'instance-1-pcap', kafkaPartition: '0', kafkaOffset: '1' },
      { origin: 'packets', code: 'WIRE_VERSION', kafkaOffset: '2' },
      { origin: 'packets', code: 'WIRE_CORRUPT', kafkaOffset: '3' },
      { origin: 'packets', code: 'OVERSIZE', kafkaOffset: '4' },
    ]);
    expect(letters[0]!.payload).toEqual(damaged);
    expect(line.position.offset).toBe(6);
  });

  it('buries what is no heartbeat on a heartbeat topic, empty records too', async () => {
    const line = new MemoryLine('instance-1-heartbeat');
    line.append('Thu Jul  6 13:40:00 2017: beep', '', heartbeat);
    await carryAll(line);
    expect(line.publishedTo('dead-letters').map(({ attributes }) => attributes)).toMatchObject([
      { origin: 'heartbeats', code: 'WIRE_FORMAT' },
      { origin: 'heartbeats', code: 'WIRE_FORMAT' },
    ]);
    expect(line.publishedTo('heartbeats')).toHaveLength(1);
  });

  it('commits nothing when a publish fails, and fails the run with that error', async () => {
    const line = new MemoryLine('instance-1-pcap');
    line.append(batch(0));
    const { bridge, take } = line.open();
    const broken = new Error('no permission');
    Object.assign(line.published, {
      push: () => {
        throw broken;
      },
    });
    await take(1);
    await bridge.finish();
    expect(line.commits).toEqual([]);
    expect(line.failures).toEqual([broken]);
  });

  it('that went to another reader commits nothing more and lets go of what it held', async () => {
    const line = new MemoryLine('instance-1-pcap');
    line.append(batch(0), FIRST(1));
    const { bridge, take, revoke } = line.open();
    await take(2);
    revoke();
    await bridge.finish();
    await take(2);
    expect(line.commits).toEqual([]);
    expect(line.failures).toEqual([]);
    expect(line.budget.used).toBe(0);
  });

  it('leaves half a packet for the next reader when it ends', async () => {
    const line = new MemoryLine('instance-1-pcap');
    line.append(FIRST(1), SECOND(1), FIRST(2));
    await carryAll(line);
    expect(line.position.offset).toBe(2);
    line.append(SECOND(2));
    await carryAll(line);
    const blocks = line.publishedTo('packets').map(({ payload }) => decodeRawBlock(payload, codecs));
    expect(blocks.map(({ sequence, records }) => [sequence, records.length])).toEqual([
      [0, 2],
      [2, 2],
    ]);
  });
});

/** What a message of the packets topic is stored under. */
const nameOf = ({ attributes }: Published): string => attributes['batchId']!;

describe('crashes at any moment', () => {
  const limits = { ...RAW_LIMITS, packets: 3, bytes: 400, hardBytes: 800 };
  /** A batch, or the lines of one packet of text. */
  const packet = fc.constantFrom('batch', 'whole', 'two lines', 'three lines');
  const life = fc.record({
    appended: fc.array(packet, { maxLength: 12 }),
    /** Records of each fetch. */
    fetches: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
    /** Commits and publishes before the crash; undefined for a good end. */
    operations: fc.option(fc.nat(8), { nil: undefined }),
  });

  function append(line: MemoryLine, what: string): void {
    const n = line.records.length;
    if (what === 'batch') line.append(batch(n));
    else if (what === 'whole') line.append(`${stamp(n)} IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], length 0`);
    else if (what === 'two lines') line.append(FIRST(n), SECOND(n));
    else line.append(FIRST(n), SECOND(n), '\t0x0000:  4500 0044');
  }

  async function live(
    line: MemoryLine,
    { fetches, operations }: { fetches: number[]; operations?: number | undefined },
  ) {
    line.operationsLeft = operations ?? Infinity;
    const { bridge, take } = line.open();
    for (const count of fetches) {
      await take(count);
      // Between fetches the bridge may get any distance.
      for (let turn = 0; turn < count * 3; turn++) await Promise.resolve();
    }
    await bridge.finish();
    line.operationsLeft = Infinity;
  }

  it('lose nothing, split no packet, and never give one name to two contents', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), async (lives) => {
        const line = new MemoryLine('instance-1-pcap', limits);
        for (const one of lives) {
          for (const what of one.appended) append(line, what);
          await live(line, one);
        }
        await carryAll(line, 50);

        const contents = new Map<string, Uint8Array>();
        for (const message of line.publishedTo('packets')) {
          const known = contents.get(nameOf(message));
          if (known !== undefined) expect(message.payload).toEqual(known);
          contents.set(nameOf(message), message.payload);
        }
        const records: Uint8Array[] = [];
        for (const [name, payload] of [...contents].sort(([a], [b]) => offsetIn(a) - offsetIn(b))) {
          if (!isRawBlock(payload)) {
            records.push(payload);
            continue;
          }
          const block = decodeRawBlock(payload, codecs);
          expect(batchId(block)).toBe(name);
          expect(block.records[0]![0], 'a block begins with a packet').toBe('1'.charCodeAt(0));
          records.push(...block.records.map((record) => Uint8Array.from(record)));
        }
        expect(records).toEqual(line.records.map(({ value }) => value));
        expect(line.position.offset).toBe(line.records.length);
        expect(line.budget.used).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  /** Batches here are numbered by their offsets, as raw blocks are. */
  const offsetIn = (name: string): number => Number(name.split('/')[2]);
});
