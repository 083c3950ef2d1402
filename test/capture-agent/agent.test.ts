import { zstd } from '@tapline/adapters/codec/zstd';
import type { KernelDrop } from '@tapline/adapters/interface/drops';
import { runAgent, type AgentOptions, type PulseOptions } from '@tapline/capture-agent/agent';
import { Succession } from '@tapline/capture-agent/succession';
import type { AgentMessage } from '@tapline/capture-agent/batcher';
import { minuteStart } from '@tapline/core/ledger/minute';
import { batchId } from '@tapline/core/wire/batch-header';
import { describe, expect, it } from 'vitest';
import { concat, pcapFile, pcapHeader, pcapRecord, type WrittenPacket } from '../fixtures/pcap-writer.ts';
import { PushedSource } from '../helpers/pushed-source.ts';
import { until } from '../helpers/until.ts';

const START_S = 1_700_000_000;
const START_US = START_S * 1e6;
const FIRST_HEARTBEAT = 5000;

type Heartbeat = Extract<AgentMessage, { kind: 'heartbeat' }>['heartbeat'];

/** A short UDP packet `atMs` after the start. */
function packet(atMs: number): WrittenPacket {
  const bytes = Uint8Array.from(
    Buffer.from('02000000000202000000000108004500001c000100004011000001020304050607080035003500080000', 'hex'),
  );
  return {
    seconds: START_S + Math.floor(atMs / 1000),
    fraction: (atMs % 1000) * 1000,
    bytes,
    wireLength: bytes.length,
  };
}

function options(more: Partial<AgentOptions> = {}): AgentOptions {
  return {
    sensor: 'tap',
    session: 's',
    windowUs: 2e6,
    allowedLatenessUs: 0,
    codec: zstd,
    speed: 'top',
    ...more,
  };
}

const pulse = (more: Partial<PulseOptions> = {}): PulseOptions => ({
  everyMs: 20,
  live: false,
  firstHeartbeat: FIRST_HEARTBEAT,
  ...more,
});

class Sent {
  readonly messages: AgentMessage[] = [];
  readonly take = (message: AgentMessage): Promise<void> => {
    this.messages.push(message);
    return Promise.resolve();
  };

  get heartbeats(): Heartbeat[] {
    return this.messages.filter((message) => message.kind === 'heartbeat').map(({ heartbeat }) => heartbeat);
  }

  get batches(): { name: string; hash: string }[] {
    return this.messages
      .filter((message) => message.kind === 'batch')
      .map(({ header }) => ({ name: batchId(header), hash: header.contentHash }));
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  await Promise.resolve();
}

/** What a heartbeat promises and announces holds for the messages before it and behind it. */
function expectTruth(messages: readonly AgentMessage[]): void {
  let watermarkUs = -Infinity;
  let lastBatch = -1;
  let sent = 0;
  let sequence = FIRST_HEARTBEAT - 1;
  for (const message of messages) {
    if (message.kind === 'batch') {
      lastBatch = message.header.sequence;
      sent += message.header.count;
      continue;
    }
    const { heartbeat } = message;
    expect(heartbeat.sequence).toBe(++sequence);
    expect(heartbeat.watermarkUs ?? -Infinity).toBeGreaterThanOrEqual(watermarkUs);
    expect(heartbeat.lastBatch).toBe(lastBatch);
    expect(heartbeat.counters.sent).toBe(sent);
    watermarkUs = heartbeat.watermarkUs ?? -Infinity;
  }
}

describe('heartbeats by the wall clock', () => {
  const capture = pcapFile(Array.from({ length: 40 }, (_, i) => packet(i * 125)));

  it('come before anything was read, say that, and end with the session', async () => {
    const source = new PushedSource();
    const sent = new Sent();
    const running = runAgent(source, options({ pulse: pulse() }), sent.take, new AbortController().signal);
    await until('four heartbeats', () => sent.messages.length >= 4);
    expect(sent.heartbeats[0]).toMatchObject({ watermarkUs: null, lastBatch: -1, final: false, windows: [] });
    source.push(pcapHeader());
    source.end();
    await running;
    const count = sent.messages.length;
    expect(sent.heartbeats.at(-1)).toMatchObject({ final: true });
    expectTruth(sent.messages);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(sent.messages).toHaveLength(count);
  });

  it('come while a paced replay waits, never promise more than was announced, and leave the batches as they were', async () => {
    const plain = new Sent();
    await runAgent(once(capture), options(), plain.take, new AbortController().signal);
    const paced = new Sent();
    await runAgent(once(capture), options({ speed: 10, pulse: pulse() }), paced.take, new AbortController().signal);
    expect(paced.batches).toEqual(plain.batches);
    expect(paced.heartbeats.length).toBeGreaterThan(plain.heartbeats.length + 3);
    expectTruth(paced.messages);
    const announcing = paced.heartbeats.filter(({ windows, final }) => windows.length > 0 || final);
    const numberless = (heartbeats: Heartbeat[]): object[] =>
      heartbeats.map((heartbeat) => ({ ...heartbeat, sequence: 0 }));
    expect(numberless(announcing)).toEqual(numberless(plain.heartbeats));
    // A repeat goes no further in time than the announcement before it.
    let promisedUs: number | null = null;
    for (const heartbeat of paced.heartbeats) {
      if (heartbeat.windows.length > 0 || heartbeat.final) promisedUs = heartbeat.watermarkUs;
      expect(heartbeat.watermarkUs).toBe(promisedUs);
    }
  });

  it('stay away while a message waits to be taken', async () => {
    const release = Promise.withResolvers<undefined>();
    const messages: AgentMessage[] = [];
    const running = runAgent(
      once(capture),
      options({ pulse: pulse() }),
      async (message) => {
        messages.push(message);
        if (message.kind === 'batch') await release.promise;
      },
      new AbortController().signal,
    );
    await until('the first batch', () => messages.some(({ kind }) => kind === 'batch'));
    const count = messages.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(messages).toHaveLength(count);
    release.resolve(undefined);
    await running;
    expectTruth(messages);
  });
});

describe('a live source', () => {
  const live = options({ pulse: pulse({ live: true }) });

  it('is cut by the wall clock, and its silence carries the watermark past the end of its window', async () => {
    const source = new PushedSource();
    const sent = new Sent();
    const running = runAgent(source, live, sent.take, new AbortController().signal);
    source.push(concat(pcapHeader(), pcapRecord(packet(0)), pcapRecord(packet(10))));
    await until('a batch', () => sent.batches.length === 1);
    expect(sent.heartbeats.at(-1)!.watermarkUs ?? 0).toBeLessThan(START_US + 2e6 + 1e6);
    await until('a promise beyond the window', () => (sent.heartbeats.at(-1)!.watermarkUs ?? 0) >= START_US + 2e6);
    source.push(pcapRecord(packet(9000)));
    source.end();
    const { counters } = await running;
    expect(counters).toMatchObject({ sent: 3, late: 0 });
    expect(sent.batches).toHaveLength(2);
    expectTruth(sent.messages);
    const announced = sent.heartbeats.flatMap(({ windows }) => windows);
    expect(announced).toEqual([
      { windowStartUs: START_US, batches: 1, packets: 2, bytes: 84 },
      { windowStartUs: START_US + 8e6, batches: 1, packets: 1, bytes: 42 },
    ]);
  });

  it('lets no time pass while it is held back', async () => {
    const source = new PushedSource();
    const messages: AgentMessage[] = [];
    const release = Promise.withResolvers<undefined>();
    const running = runAgent(
      source,
      live,
      async (message) => {
        messages.push(message);
        if (message.kind === 'batch') await release.promise;
      },
      new AbortController().signal,
    );
    source.push(concat(pcapHeader(), ...Array.from({ length: 5000 }, () => pcapRecord(packet(0)))));
    await until('a batch', () => messages.some(({ kind }) => kind === 'batch'));
    // Longer than the delay that silence is given, so that wrong time would show.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    source.push(pcapRecord(packet(20)));
    source.end();
    release.resolve(undefined);
    const { counters } = await running;
    expect(counters.late).toBe(0);
    for (const message of messages) {
      const { watermarkUs } =
        message.kind === 'heartbeat' && message.heartbeat.lastBatch >= 0 ? message.heartbeat : { watermarkUs: null };
      expect(watermarkUs ?? START_US).toBeLessThanOrEqual(START_US + 20_000);
    }
  });

  it('enters what the kernel dropped into its books, in the minute in which the counter was read', async () => {
    const source = new PushedSource();
    const sent = new Sent();
    const waiting = [{ packets: 3, timeUs: START_US }];
    const drops = (): KernelDrop[] => waiting.splice(0);
    const running = runAgent(source, { ...live, drops }, sent.take, new AbortController().signal);
    source.push(concat(pcapHeader(), pcapRecord(packet(0)), pcapRecord(packet(10))));
    await until('the drops in a heartbeat', () => sent.heartbeats.some(({ counters }) => counters.kernelDropped === 3));
    // The last reading comes with the end of the source.
    waiting.push({ packets: 4, timeUs: START_US + 120e6 });
    source.end();
    const { counters } = await running;
    expect(counters).toMatchObject({ offered: 9, kernelDropped: 7, sent: 2 });
    for (const { counters: said } of sent.heartbeats) expect(said.offered).toBe(said.kernelDropped + said.sent);
    const minutes = new Map(sent.heartbeats.flatMap((heartbeat) => heartbeat.minutes).map((m) => [m.minuteStartUs, m]));
    const minuteUs = minuteStart(START_US);
    expect([...minutes.values()].map(({ offered, kernelDropped }) => ({ offered, kernelDropped }))).toEqual([
      { offered: 5, kernelDropped: 3 },
      { offered: 4, kernelDropped: 4 },
    ]);
    expect([...minutes.keys()]).toEqual([minuteUs, minuteUs + 120e6]);
  });
});

describe('a live source whose clock is set', () => {
  const turned = async (
    ...atMs: number[]
  ): Promise<{ sent: Sent; sessions: readonly (readonly [string, number])[] }> => {
    const sent = new Sent();
    let count = 1;
    const succession = new Succession(() => ({ session: `s-${++count}` }));
    const capture = pcapFile(atMs.map(packet));
    const live = options({ succession, reorderWithinUs: 1e6, pulse: pulse({ live: true, everyMs: 1000 }) });
    const { sessions } = await runAgent(once(capture), live, sent.take, new AbortController().signal);
    return { sent, sessions: sessions.map(({ session, counters }) => [session, counters.sent] as const) };
  };
  const HOUR_MS = 3600e3;

  it('is another session from the first packet of the other time on, and the one before says goodbye with all its packets', async () => {
    const { sent, sessions } = await turned(0, 500, 100, 900, 30 * HOUR_MS, 30 * HOUR_MS + 10);
    expect(sessions).toEqual([
      ['s', 4],
      ['s-2', 2],
    ]);
    const finals = sent.heartbeats
      .filter(({ final }) => final)
      .map(({ session, counters, mirror }) => ({ session, sent: counters.sent, mirror }));
    expect(finals).toMatchObject([
      { session: 's', sent: 4, mirror: { reordered: 1, displacedMostUs: 400_000 } },
      { session: 's-2', sent: 2, mirror: { reordered: 0 } },
    ]);
    expect((await turned(60_000, 60_010, 0, 10)).sessions).toEqual([
      ['s', 2],
      ['s-2', 2],
    ]);
  });

  it('stays one session within the bounds, and makes no session for each of many jumps', async () => {
    expect((await turned(10_000, 4500, 10_001, HOUR_MS)).sessions).toEqual([['s', 4]]);
    expect((await turned(60_000, 0, 60_000, 0, 60_000, 0)).sessions).toEqual([
      ['s', 1],
      ['s-2', 5],
    ]);
  });
});
