/**
 * The project's central promise: whatever order messages come in, however often, and whatever crashes on the way, the
 * stores end up saying the same, and the books say what is missing.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCapture } from '@tapline/adapters/file/source';
import { batchPath } from '@tapline/adapters/sqlite/batch-file';
import { SqliteDatabase } from '@tapline/adapters/sqlite/database';
import { PipelineError } from '@tapline/core/errors';
import { discrepancyName } from '@tapline/core/ledger/books';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateFrames } from '../../tools/generate-capture/generator.ts';
import { HandClock, shuffled } from '../contract/harness.ts';
import { CAPTURES } from '../helpers/captures.ts';
import type { Message, Stores } from '../helpers/stage-line.ts';
import { cutMessages, memoryStores, sqliteStores, StageLine } from '../helpers/stage-line.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const clock = new HandClock();
const sensor = 'tap';
const WINDOW = 2_000_000;

/** A sink whose every 97th frame is said to be 7 s older, so that windows get late packets after they were scored. */
function withLateFrames(sink: FrameSink): FrameSink {
  let frames = 0;
  return {
    frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType) {
      const lateUs = ++frames % 97 === 0 ? 7_000_000 : 0;
      sink.frame(bytes, offset, capturedLength, wireLength, timeUs - lateUs, timeNs, linkType);
    },
  };
}

function syntheticMessages(session = 's1', seed = 7): Message[] {
  return cutMessages({ sensor, session, windowUs: WINDOW, arrivalUs: clock.timeUs }, (sink) => {
    generateFrames({ packets: 40_000, seed }, withLateFrames(sink));
  });
}

interface Outcome {
  readonly digest: string;
  readonly line: StageLine;
}

/** Delivers messages one after the other and expects closed books. */
async function run(messages: readonly Message[], stores = memoryStores(clock), windowUs = WINDOW): Promise<Outcome> {
  const line = new StageLine(stores, clock, windowUs);
  for (const message of messages) await line.deliver(message);
  return { line, digest: await settled(line) };
}

async function settled(line: StageLine): Promise<string> {
  const report = await line.audit();
  expect(report.totals.unexplained).toBe(0);
  expect(report.balanced).toBe(true);
  expect(await line.stores.windows.stale(sensor, Infinity, 1)).toEqual([]);
  const kpis = await line.stores.results.kpis(sensor, { fromUs: -Infinity, toUs: Infinity });
  expect(kpis.filter((kpi) => !kpi.complete)).toEqual([]);
  const alerts = await line.stores.results.alerts(sensor, { fromUs: -Infinity, toUs: Infinity });
  expect(alerts.filter((alert) => alert.state === 'provisional')).toEqual([]);
  return line.digest(sensor);
}

/** Each message one to five times (or to `most`), in an order that the seed decides. */
function manyTimes(messages: readonly Message[], seed: number, most = 5): Message[] {
  return shuffled(
    messages.flatMap((message, i) => Array<Message>(1 + ((i * 7 + seed) % most)).fill(message)),
    seed,
  );
}

/** Every port method fails now and then, before or after it did its work: what a crash at that place leaves. */
function failing<T extends object>(port: T, shouldFail: () => 'before' | 'after' | undefined): T {
  return new Proxy(port, {
    get(target, name) {
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== 'function') return method;
      const bound = method.bind(target) as (...values: unknown[]) => unknown;
      if (!/^(put|announce|setEmitted|accept|save)/.test(String(name))) return bound;
      return async (...values: unknown[]) => {
        const when = shouldFail();
        if (when === 'before') throw new PipelineError('STORE', 'crash before', { retriable: true });
        const result: unknown = await bound(...values);
        if (when === 'after') throw new PipelineError('STORE', 'crash after', { retriable: true });
        return result;
      };
    },
  });
}

/** Delivers each message until it is acknowledged; after every failure the line starts anew, as a process would. */
async function runThroughCrashes(
  messages: readonly Message[],
  seed: number,
): Promise<{ digest: string; crashes: number }> {
  const real = memoryStores(clock);
  let calls = seed;
  let crashes = 0;
  const shouldFail = (): 'before' | 'after' | undefined => {
    calls = (Math.imul(calls, 1664525) + 1013904223) >>> 0;
    return calls < 2 ** 32 * 0.04 ? 'before' : calls < 2 ** 32 * 0.08 ? 'after' : undefined;
  };
  const stores: Stores = {
    windows: failing(real.windows, shouldFail),
    packets: failing(real.packets, shouldFail),
    results: failing(real.results, shouldFail),
    ledger: failing(real.ledger, shouldFail),
    histories: failing(real.histories, shouldFail),
  };
  let line = new StageLine(stores, clock, WINDOW);
  for (const message of messages) {
    for (;;) {
      try {
        await line.deliver(message);
        break;
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORE' });
        crashes += 1;
        line = new StageLine(stores, clock, WINDOW);
      }
    }
  }
  return { crashes, digest: await settled(new StageLine(real, clock, WINDOW)) };
}

describe('a generated capture with late packets and attacks', () => {
  let messages: Message[];
  let expected: string;
  let inOrder: StageLine;
  beforeAll(async () => {
    messages = syntheticMessages();
    ({ digest: expected, line: inOrder } = await run(messages));
  });

  it('is one worth testing with: windows, alerts and revisions', async () => {
    const all = { fromUs: -Infinity, toUs: Infinity };
    const kpis = await inOrder.stores.results.kpis(sensor, all);
    expect(kpis.length).toBeGreaterThan(5);
    expect(kpis.reduce((sum, kpi) => sum + kpi.arrived.packets, 0)).toBe(40_000);
    expect(kpis.some((kpi) => kpi.revision > 1)).toBe(true);
    expect((await inOrder.stores.results.alerts(sensor, all)).length).toBeGreaterThan(0);
    expect(expected).toMatch(/^[0-9a-f]{64}$/);
  });

  it('gives the same digest when delivered shuffled, one to five times each', async () => {
    for (const seed of [1, 2, 3]) expect((await run(manyTimes(messages, seed))).digest).toBe(expected);
  });

  it('gives the same digest when all heartbeats come before all batches, or after', async () => {
    const heartbeats = messages.filter(({ kind }) => kind === 'heartbeat');
    const batches = messages.filter(({ kind }) => kind === 'batch');
    expect((await run([...heartbeats, ...batches])).digest).toBe(expected);
    expect((await run([...batches, ...heartbeats.toReversed()])).digest).toBe(expected);
  });

  it('gives the same digest when many messages are handled at the same time', async () => {
    const line = new StageLine(memoryStores(clock), clock, WINDOW);
    const deliveries = manyTimes(messages, 4);
    for (let i = 0; i < deliveries.length; i += 16) {
      await Promise.all(deliveries.slice(i, i + 16).map((message) => line.deliver(message)));
    }
    expect(await settled(line)).toBe(expected);
  });

  it('gives the same digest when the process dies anywhere between the steps and the message is delivered again', async () => {
    for (const seed of [11, 12]) {
      const { digest, crashes } = await runThroughCrashes(shuffled(messages, seed), seed);
      expect(crashes).toBeGreaterThan(10);
      expect(digest).toBe(expected);
    }
  });

  it('gives the same digest in SQLite, in order, shuffled, and with a restart between any two messages', async () => {
    const path = join(folder, 'restarts');
    let database = new SqliteDatabase(path);
    expect((await run(messages, sqliteStores(database, clock))).digest).toBe(expected);
    database.close();

    const deliveries = manyTimes(messages, 5);
    const restarted = join(folder, 'shuffled');
    for (let i = 0; i < deliveries.length; i += 10) {
      database = new SqliteDatabase(restarted);
      const line = new StageLine(sqliteStores(database, clock), clock, WINDOW);
      for (const message of deliveries.slice(i, i + 10)) await line.deliver(message);
      if (i + 10 >= deliveries.length) expect(await settled(line)).toBe(expected);
      database.close();
    }
  });

  it('gives the same digest under another name of sensor and session, and another one for other packets', async () => {
    const renamed = cutMessages({ sensor, session: 'zz', windowUs: WINDOW, arrivalUs: clock.timeUs }, (sink) => {
      generateFrames({ packets: 40_000, seed: 7 }, withLateFrames(sink));
    });
    expect((await run(renamed)).digest).toBe(expected);
    expect((await run(syntheticMessages('s1', 8))).digest).not.toBe(expected);
  });

  it('of two sessions of one sensor gives one digest whatever the order', async () => {
    const both = [...messages, ...syntheticMessages('s0', 9)];
    const first = await run(both);
    expect((await run(manyTimes(both, 6))).digest).toBe(first.digest);
    expect(first.digest).not.toBe(expected);
  });

  it('of which one batch never arrives is scored as incomplete, and the books name it', async () => {
    const lost = messages.filter(({ kind }) => kind === 'batch')[3]! as Message & { kind: 'batch' };
    const line = new StageLine(memoryStores(clock), clock, WINDOW);
    for (const message of messages) if (message !== lost) await line.deliver(message);
    await line.giveUp(sensor);
    const report = await line.audit();
    expect(report.balanced).toBe(false);
    expect(report.totals.unexplained).toBe(lost.header.count);
    expect(
      report.sessions[0]!.discrepancies.map((found) => [discrepancyName(found), found.hop, found.packets]),
    ).toEqual([['tap/s1/3', 'parsed', lost.header.count]]);
    const kpis = await line.stores.results.kpis(sensor, { fromUs: -Infinity, toUs: Infinity });
    const incomplete = kpis.filter((kpi) => !kpi.complete);
    expect(incomplete.length).toBeGreaterThan(0);
    expect(incomplete.length).toBeLessThan(kpis.length);
    expect(await line.stores.windows.stale(sensor, Infinity, 1)).toEqual([]);

    await line.deliver(lost);
    expect(await settled(line)).toBe(expected);
  });

  it('of which one batch file is removed or damaged by hand is named by the audit', async () => {
    const path = join(folder, 'damaged');
    const database = new SqliteDatabase(path);
    const { line } = await run(messages, sqliteStores(database, clock));
    expect((await line.audit(true)).balanced).toBe(true);
    rmSync(batchPath(path, { sensor, session: 's1', sequence: 5 }));
    const report = await line.audit(true);
    expect(report.sessions[0]!.discrepancies.map((found) => [discrepancyName(found), found.hop])).toEqual([
      ['tap/s1/5', 'stored'],
    ]);
    expect(report.totals.unexplained).toBeGreaterThan(0);
    const damaged = batchPath(path, { sensor, session: 's1', sequence: 2 });
    const bytes = readFileSync(damaged);
    bytes[bytes.length >> 1]! ^= 0x10;
    writeFileSync(damaged, bytes);
    expect((await line.audit(true)).damaged.map(({ id }) => id)).toEqual(['tap/s1/2']);
    database.close();
  });
});

describe.skipIf(CAPTURES === undefined)('a real capture', () => {
  const paths = [
    'chrissanders+packets/synscan.pcapng',
    'doriguzzi+lucid-ddos/sample-dataset/CIC-DDoS-2019-SynFlood.pcap',
    'doriguzzi+lucid-ddos/sample-dataset/CIC-DDoS-2019-WebDDoS.pcap',
    'zeek+try-zeek/manager/static/pcaps/sumstat.pcap',
    'ncsa+bro-simple-scan/testing/pcaps/backscatter.trace',
    'StopDDoS+packet-captures/amp.UDP.snmp.src161.pcapng',
  ];
  it.each(paths)(
    '%s gives one digest in order in memory and shuffled, several times each, in SQLite',
    async (path) => {
      const windowUs = 10_000_000;
      const chunks: Uint8Array[] = [];
      for await (const chunk of openCapture(join(CAPTURES!, path))) chunks.push(chunk.slice());
      const messages = cutMessages({ sensor, session: 'real', windowUs, arrivalUs: clock.timeUs }, (sink) => {
        const reader = new CaptureReader(sink);
        for (const chunk of chunks) reader.feed(chunk);
        reader.end();
      });
      const expected = await run(messages, memoryStores(clock), windowUs);
      // A day of sparse backscatter makes thousands of messages; two deliveries of each say as much as five.
      const most = messages.length > 1000 ? 2 : 5;
      const database = new SqliteDatabase(join(folder, path.replaceAll('/', '+')));
      const shuffledRun = await run(manyTimes(messages, 3, most), sqliteStores(database, clock), windowUs);
      expect(shuffledRun.digest).toBe(expected.digest);
      database.close();
    },
    180_000,
  );
});
