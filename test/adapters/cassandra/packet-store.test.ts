/** Which batches are also kept as rows, what the rows say, and batches that the index of times finds hard. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Directory } from '@tapline/adapters/cassandra/directory';
import { CassandraPacketStore } from '@tapline/adapters/cassandra/packet-store';
import type { CassandraSession } from '@tapline/adapters/cassandra/session';
import { whole } from '@tapline/adapters/cassandra/times';
import { codecs } from '@tapline/adapters/codec/codecs';
import { encodeBatch } from '@tapline/core/wire/batch';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import { collect } from '../../contract/harness.ts';
import { CassandraKeyspace } from '../../helpers/cassandra.ts';
import { batchesOf, FLAG, type TestPacket } from '../../helpers/packets.ts';
import { describeWithServices } from '../../helpers/services.ts';

const NOON = Date.parse('2017-07-05T12:00:00Z') * 1000;
const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
const clock = { nowUs: () => Date.now() * 1000 };
const zstd = codecs.find(({ name }) => name === 'zstd')!;

/** A batch of `count` packets, evenly over a time. */
function batch(
  sequence: number,
  count: number,
  fromUs: number,
  spanUs: number,
): { header: BatchHeader; bytes: Uint8Array } {
  const packets = Array.from({ length: count }, (_, i): TestPacket => ({
    timeUs: fromUs + Math.floor((i * spanUs) / Math.max(1, count - 1)),
    from: '2001:db8::10',
    to: '2001:db8::80',
    sourcePort: 50_000,
    destinationPort: 443,
    flags: FLAG.syn,
    length: 74,
  }));
  return encodeBatch(batchesOf(packets)[0]!, { sensor: 'tap', session: 's', sequence }, zstd);
}

describeWithServices(['cassandra'], 'CassandraPacketStore', (settings) => {
  const keyspace = new CassandraKeyspace(settings, 'packets');
  let session: CassandraSession;

  beforeAll(async () => {
    await keyspace.make();
    session = await keyspace.open();
  });
  afterAll(async () => {
    await session.close();
    await keyspace.drop();
  });
  beforeEach(() => keyspace.empty());

  const open = (perSecond: number): CassandraPacketStore =>
    new CassandraPacketStore(session, new Directory(session, clock), { perSecond, codecs });

  /** What is kept and shed of each batch, and how many rows there are. */
  async function kept(): Promise<{ batches: number[][]; rows: number }> {
    const batches = await session.all(`SELECT rows_kept, rows_shed FROM batches`, []);
    const [count] = await session.all(`SELECT count(*) AS n FROM packets`, []);
    return {
      batches: batches.map((row) => [row['rows_kept'] as number, row['rows_shed'] as number]),
      rows: whole(count!['n']),
    };
  }

  it('keeps rows of a batch up to the bound, sheds all rows of a faster one, and counts both', async () => {
    const store = open(100);
    for (const [sequence, count, spanUs] of [
      [0, 200, 2 * SECOND],
      [1, 201, 2 * SECOND],
      // A second is the least that a rate is measured over.
      [2, 100, 0],
      [3, 101, 1],
    ] as const) {
      const { header, bytes } = batch(sequence, count, NOON, spanUs);
      await store.putBatch(header, bytes);
    }
    expect(await kept()).toEqual({
      batches: [
        [200, 0],
        [0, 201],
        [100, 0],
        [0, 101],
      ],
      // Batches 0 and 2 have the same packet numbers, and 100 of them no other time than the first of batch 0.
      rows: 299,
    });
  });

  it('keeps chunks only when the bound is 0, and gives all batches back either way', async () => {
    const { header, bytes } = batch(0, 10, NOON, SECOND);
    await open(0).putBatch(header, bytes);
    expect(await kept()).toEqual({ batches: [[0, 10]], rows: 0 });
    expect(Uint8Array.from((await open(0).getBatch('tap/s/0'))!)).toEqual(bytes);
    await open(9_000).putBatch(header, bytes);
    expect(await kept()).toEqual({ batches: [[10, 0]], rows: 10 });
    expect(await collect(open(0).sessionBatches('tap', 's'))).toEqual([{ ...header, id: 'tap/s/0' }]);
  });

  it('writes rows that analysts can read in the order of time, a delivery more does not change', async () => {
    const { header, bytes } = batch(0, 41, NOON + 50 * SECOND, 20 * SECOND);
    for (let delivery = 0; delivery < 3; delivery++) await open(9_000).putBatch(header, bytes);
    expect((await kept()).rows).toBe(41);
    const rows = await session.all(
      `SELECT number, time, source, destination, protocol, length, flags, source_port, destination_port FROM packets
       WHERE sensor = 'tap' AND minute = '2017-07-05T12:00:00Z' AND part IN (0, 1, 2, 3, 4, 5)`,
      [],
    );
    expect(rows.map((row) => whole(row['number']))).toEqual([...Array(20).keys()].map((i) => i + 1));
    expect({ ...rows[1], number: 2, length: 74 }).toEqual({
      number: 2,
      time: new Date('2017-07-05T12:00:50.500Z'),
      source: '2001:db8::10',
      destination: '2001:db8::80',
      protocol: 'TCP',
      length: 74,
      flags: 'S',
      source_port: 50_000,
      destination_port: 443,
    });
  });

  it('refuses a bound on rows that partitions could not hold', () => {
    expect(() => open(9_000)).not.toThrow();
    for (const perSecond of [9_001, -1, NaN]) expect(() => open(perSecond)).toThrow(/use 0 to 9000/);
  });

  const plain = (sequence: number, minTimeUs: number, maxTimeUs: number): BatchHeader => ({
    ...{ sensor: 'tap', session: 's', sequence, firstNumber: 1, count: 1, wireBytes: 60, malformed: 0 },
    ...{ minTimeUs, maxTimeUs, contentHash: '0'.repeat(16) },
  });

  it('finds batches that span hours, midnight, or ages, from any time within', async () => {
    const store = open(0);
    const midnight = NOON + DAY / 2;
    await store.putBatch(plain(0, NOON, midnight + 3600 * SECOND), Uint8Array.of(0));
    await store.putBatch(plain(1, -(2 ** 51), 2 ** 52), Uint8Array.of(1));
    await store.putBatch(plain(2, midnight - 1, midnight), Uint8Array.of(2));
    await store.putBatch(plain(70_000, midnight, midnight), Uint8Array.of(3));
    const found = async (fromUs: number, toUs = fromUs + 1): Promise<number[]> =>
      (await collect(store.batches('tap', { fromUs, toUs }))).map(({ sequence }) => sequence);
    expect(await found(NOON)).toEqual([0, 1]);
    expect(await found(NOON + 3 * 3600 * SECOND)).toEqual([0, 1]);
    expect(await found(midnight - 1)).toEqual([0, 1, 2]);
    expect(await found(midnight)).toEqual([0, 1, 2, 70_000]);
    expect(await found(midnight + 1)).toEqual([0, 1]);
    expect(await found(NOON - 400 * DAY)).toEqual([1]);
    expect(await found(2 ** 52)).toEqual([1]);
    expect(await found(-Infinity, Infinity)).toEqual([0, 1, 2, 70_000]);
  });

  it('keeps a batch with a sequence as large as a batch can have', async () => {
    const header = plain(Number.MAX_SAFE_INTEGER, NOON, NOON);
    await open(0).putBatch(header, Uint8Array.of(7));
    expect(await open(0).getBatch(`tap/s/${Number.MAX_SAFE_INTEGER}`)).toEqual(Buffer.of(7));
    expect(await collect(open(0).sessionBatches('tap', 's'))).toHaveLength(1);
  });
});
