/** Closing the books: what adds up, and the name of what does not. */
import { MemoryLedgerStore } from '@tapline/adapters/memory/ledger-store';
import { MemoryPacketStore } from '@tapline/adapters/memory/packet-store';
import { closeSession, discrepancyName, sumBooks } from '@tapline/core/ledger/books';
import type { Heartbeat, MinuteCount, SensorCounters } from '@tapline/core/ledger/heartbeat';
import { MINUTE_US } from '@tapline/core/ledger/minute';
import type { Hop } from '@tapline/core/ports';
import { batchId } from '@tapline/core/wire/batch-header';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const PACKETS = 100;
const STAGES: readonly Hop[] = ['parsed', 'windowed', 'stored'];
const sensor = 'tap';
const session = 's';

/** A session of batches of 100 packets, one per minute, all of them through every hop. */
class Line {
  readonly ledger = new MemoryLedgerStore();
  readonly packets = new MemoryPacketStore();

  async deliver(sequence: number, hops: readonly Hop[] = STAGES): Promise<void> {
    const minutes = [{ minuteStartUs: sequence * MINUTE_US, packets: PACKETS, bytes: 6000 }];
    for (const hop of hops) {
      await this.ledger.accept({
        sensor,
        session,
        sequence,
        hop,
        packets: PACKETS,
        bytes: 6000,
        malformed: 0,
        minutes,
      });
    }
    if (!hops.includes('stored')) return;
    const minTimeUs = sequence * MINUTE_US;
    const sizes = { firstNumber: 1 + sequence * PACKETS, count: PACKETS, wireBytes: 6000, malformed: 0 };
    const header = {
      sensor,
      session,
      sequence,
      ...sizes,
      minTimeUs,
      maxTimeUs: minTimeUs,
      contentHash: '0'.repeat(16),
    };
    await this.packets.putBatch(header, Uint8Array.of(sequence & 255));
  }

  async announce(
    batches: number,
    more: { final?: boolean; counters?: Partial<SensorCounters>; lastPublished?: number } = {},
  ): Promise<void> {
    const zeros = { kernelDropped: 0, self: 0, filtered: 0, duplicate: 0, malformed: 0, wireBytes: 0 };
    const minute = (minuteStartUs: number): MinuteCount => ({
      minuteStartUs,
      offered: PACKETS,
      sent: PACKETS,
      ...zeros,
    });
    const heartbeat: Heartbeat = {
      sensor,
      session,
      sequence: batches,
      arrivalUs: 0,
      watermarkUs: batches === 0 ? null : batches * MINUTE_US,
      lastBatch: batches - 1,
      ...(more.lastPublished === undefined ? {} : { lastPublished: more.lastPublished }),
      windowUs: 10_000_000,
      windows: [],
      minutes: [...Array(batches).keys()].map((i) => minute(i * MINUTE_US)),
      counters: { offered: batches * PACKETS, sent: batches * PACKETS, ...zeros, late: 0, ...more.counters },
      cpuPercent: 0,
      rssBytes: 0,
      final: more.final ?? false,
    };
    await this.ledger.putHeartbeat(heartbeat);
  }

  close(): ReturnType<typeof closeSession> {
    return closeSession(sensor, session, this);
  }
}

async function line(batches: number, except: Record<number, readonly Hop[]> = {}): Promise<Line> {
  const made = new Line();
  for (let i = 0; i < batches; i++) await made.deliver(i, except[i] ?? STAGES);
  return made;
}

describe('the books of a finished session', () => {
  it('balance when every batch went through every hop', async () => {
    const whole = await line(5);
    await whole.announce(5, { final: true });
    const books = await whole.close();
    expect(books.totals).toMatchObject({
      offered: 500,
      sent: 500,
      parsed: 500,
      windowed: 500,
      stored: 500,
      unexplained: 0,
    });
    expect(books).toMatchObject({ final: true, underWay: 0, closedToUs: 5 * MINUTE_US, discrepancies: [] });
    expect(books.unbalancedMinutes).toEqual([]);
  });

  it('name a batch that never arrived, and how many packets were in it', async () => {
    const broken = await line(5, { 2: [] });
    await broken.announce(5, { final: true });
    const books = await broken.close();
    expect(books.discrepancies.map((found) => [discrepancyName(found), found.hop, found.packets])).toEqual([
      ['tap/s/2', 'parsed', 100],
    ]);
    expect(books.totals.unexplained).toBe(100);
    expect(books.closedToUs).toBe(2 * MINUTE_US);
    expect(books.unbalancedMinutes).toEqual([
      { minuteStartUs: 2 * MINUTE_US, sent: 100, parsed: 0, windowed: 0, stored: 0 },
    ]);
  });

  it('name the last batches when these are missing, as one stretch', async () => {
    const broken = await line(3);
    await broken.announce(7, { final: true });
    const books = await broken.close();
    expect(books.discrepancies.map((found) => [discrepancyName(found), found.hop, found.packets])).toEqual([
      ['tap/s/3-6', 'parsed', 400],
    ]);
    expect(books.totals.unexplained).toBe(400);
  });

  it('name a batch whose packets were deleted although the store had accepted them', async () => {
    const broken = await line(4);
    await broken.announce(4, { final: true });
    await broken.packets.deleteBatch(batchId({ sensor, session, sequence: 1 }));
    const books = await broken.close();
    expect(books.discrepancies).toEqual([
      { sensor, session, fromSequence: 1, toSequence: 1, hop: 'stored', packets: 100, minuteStartUs: MINUTE_US },
    ]);
    expect(books.totals).toMatchObject({ parsed: 400, windowed: 400, stored: 300, unexplained: 100 });
  });

  it('name every hop that a batch lacks but count its packets once', async () => {
    const broken = await line(3, { 1: ['parsed'] });
    await broken.announce(3, { final: true });
    const books = await broken.close();
    expect(books.discrepancies.map((found) => found.hop)).toEqual(['windowed', 'stored']);
    expect(books.totals.unexplained).toBe(100);
  });

  it('do not hide what the sensor itself cannot explain', async () => {
    const whole = await line(2);
    await whole.announce(2, { final: true, counters: { offered: 230, kernelDropped: 10, duplicate: 5 } });
    expect((await whole.close()).totals.unexplained).toBe(15);
  });

  it('are not thrown off by a heartbeat that claims absurd numbers', async () => {
    const made = await line(2);
    await made.announce(2);
    const [last] = await made.ledger.lastHeartbeats(sensor);
    await made.ledger.putHeartbeat({ ...last!, sequence: 99, lastBatch: 2 ** 53 - 1, final: true });
    const books = await made.close();
    expect(books.discrepancies.map(discrepancyName)).toEqual([`tap/s/2-${2 ** 53 - 1}`]);
  });

  it('find exactly the batches that were taken away, whichever they are', async () => {
    const lost = fc.uniqueArray(fc.nat({ max: 19 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(lost, lost, async (unparsed, deleted) => {
        const made = await line(20, Object.fromEntries(unparsed.map((sequence) => [sequence, []])));
        await made.announce(20, { final: true });
        for (const sequence of deleted) await made.packets.deleteBatch(batchId({ sensor, session, sequence }));
        const books = await made.close();
        const named = (hop: Hop): number[] =>
          books.discrepancies
            .filter((found) => found.hop === hop)
            .flatMap(({ fromSequence, toSequence }) =>
              Array.from({ length: toSequence - fromSequence + 1 }, (_, i) => fromSequence + i),
            );
        const ascending = (list: number[]): number[] => list.sort((a, b) => a - b);
        const onlyDeleted = deleted.filter((sequence) => !unparsed.includes(sequence));
        expect(named('parsed')).toEqual(ascending([...unparsed]));
        expect(named('stored')).toEqual(ascending(onlyDeleted));
        expect(books.totals.unexplained).toBe(PACKETS * (unparsed.length + onlyDeleted.length));
      }),
      { numRuns: 60 },
    );
  });
});

describe('the books of a running session', () => {
  it('call what is not through yet under way, not lost', async () => {
    const running = await line(3, { 2: ['parsed'] });
    await running.announce(5);
    const books = await running.close();
    expect(books.totals).toMatchObject({ sent: 500, parsed: 300, unexplained: 0 });
    expect(books).toMatchObject({ final: false, underWay: 300, closedToUs: 2 * MINUTE_US, discrepancies: [] });
  });

  it('call a hole among batches that went through a loss', async () => {
    const running = await line(5, { 1: [] });
    await running.announce(5);
    const books = await running.close();
    expect(books.discrepancies.map(discrepancyName)).toEqual(['tap/s/1']);
    expect(books.totals.unexplained).toBe(100);
  });

  it('are open until the first watermark', async () => {
    const made = new Line();
    await made.announce(0);
    expect((await made.close()).closedToUs).toBeNull();
  });
});

describe('the books of a session that went over a broker', () => {
  const EVERY: readonly Hop[] = ['bridged', ...STAGES];
  const named = (books: Awaited<ReturnType<Line['close']>>): unknown[] =>
    books.discrepancies.map((found) => [discrepancyName(found), found.hop, found.packets]);

  it('count what was published and bridged too', async () => {
    const whole = await line(3, { 0: EVERY, 1: EVERY, 2: EVERY });
    await whole.announce(3, { final: true, lastPublished: 2 });
    const books = await whole.close();
    expect(books.totals).toMatchObject({ sent: 300, published: 300, bridged: 300, parsed: 300, unexplained: 0 });
    expect(books.unbalancedMinutes).toEqual([]);
  });

  it('name the hop that lost a batch: broker, bridge, or what comes after it', async () => {
    const broken = await line(4, { 0: EVERY, 1: [], 2: ['bridged'], 3: EVERY });
    await broken.announce(6, { final: true, lastPublished: 4 });
    const books = await broken.close();
    expect(named(books)).toEqual([
      ['tap/s/1', 'bridged', null],
      ['tap/s/2', 'parsed', 100],
      ['tap/s/4', 'bridged', null],
      ['tap/s/5', 'published', null],
    ]);
    expect(books.totals).toMatchObject({ sent: 600, published: 300, bridged: 300, parsed: 200, unexplained: 400 });
  });

  it('know how many packets were in the one stretch that nobody saw, and in which minute the hops part', async () => {
    const broken = await line(4, { 0: EVERY, 1: ['bridged'], 2: [], 3: EVERY });
    await broken.announce(4, { final: true, lastPublished: 3 });
    const books = await broken.close();
    expect(named(books)).toEqual([
      ['tap/s/1', 'parsed', 100],
      ['tap/s/2', 'bridged', 100],
    ]);
    expect(books.unbalancedMinutes).toEqual([
      { minuteStartUs: MINUTE_US, sent: 100, published: 100, bridged: 100, parsed: 0, windowed: 0, stored: 0 },
      { minuteStartUs: 2 * MINUTE_US, sent: 100, published: 100, bridged: 0, parsed: 0, windowed: 0, stored: 0 },
    ]);
  });

  it('take a batch as bridged that was parsed, when only the receipt was lost', async () => {
    const whole = await line(2, { 0: EVERY, 1: STAGES });
    await whole.announce(2, { final: true, lastPublished: 1 });
    const books = await whole.close();
    expect(books.totals).toMatchObject({ bridged: 200, unexplained: 0 });
    expect(books.discrepancies).toEqual([]);
  });
});

describe('the books of a session that no heartbeat announces', () => {
  it('count what came, and call no hole in its numbers a loss', async () => {
    const piped = new Line();
    for (const sequence of [0, 40, 95]) await piped.deliver(sequence, ['bridged', ...STAGES]);
    const books = await piped.close();
    expect(books).toMatchObject({
      announced: false,
      final: false,
      underWay: 0,
      discrepancies: [],
      unbalancedMinutes: [],
    });
    expect(books.totals).toMatchObject({ sent: 0, bridged: 300, parsed: 300, stored: 300, unexplained: 0 });
  });
});

describe('the books of several sessions', () => {
  it('add up, and are closed to where the first does not', async () => {
    const whole = await line(5);
    await whole.announce(5, { final: true });
    const broken = await line(4, { 2: [] });
    await broken.announce(4, { final: true });
    const sum = sumBooks([await whole.close(), await broken.close()]);
    expect(sum.totals).toMatchObject({ sent: 900, parsed: 800, unexplained: 100 });
    expect(sum.closedToUs).toBe(2 * MINUTE_US);
    expect(sumBooks([]).closedToUs).toBeNull();
  });
});
