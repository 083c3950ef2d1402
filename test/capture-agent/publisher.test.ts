import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstd } from '@tapline/adapters/codec/zstd';
import { Batcher, type AgentMessage } from '@tapline/capture-agent/batcher';
import { Publisher, type PublisherOptions } from '@tapline/capture-agent/publisher';
import { Spool } from '@tapline/capture-agent/spool/spool';
import { PipelineError } from '@tapline/core/errors';
import { decodeControlMessage } from '@tapline/core/ledger/control-message';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { readBatchHeader } from '@tapline/core/wire/batch';
import { describe, expect, it } from 'vitest';
import { generateFrames } from '../../tools/generate-capture/generator.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

const root = temporaryFolder();
const AWAY = new PipelineError('STORE', 'nobody answers', { retriable: true });

/** What a broker has, and how it behaves. */
class Broker {
  readonly batches: number[] = [];
  readonly heartbeats: Heartbeat[] = [];
  /** `b3` or `h7` in order of arrival: sequences of batches and of heartbeats. */
  readonly log: string[] = [];
  requests: number[] = [];
  away = false;
  refusal: ((topic: string, values: readonly Uint8Array[]) => PipelineError | undefined) | undefined;

  async send(topic: string, key: string, values: readonly Uint8Array[]): Promise<void> {
    await sleep(1);
    expect(topic.startsWith(`${key}-`)).toBe(true);
    if (this.away) throw AWAY;
    const refusal = this.refusal?.(topic, values);
    if (refusal !== undefined) throw refusal;
    this.requests.push(values.length);
    for (const value of values) {
      if (topic.endsWith('-pcap')) {
        const { sequence } = readBatchHeader(value);
        this.batches.push(sequence);
        this.log.push(`b${sequence}`);
        continue;
      }
      const message = decodeControlMessage(new TextDecoder().decode(value));
      if (message.kind !== 'heartbeat') throw new Error('not a heartbeat');
      this.heartbeats.push(message.heartbeat);
      this.log.push(`h${message.heartbeat.sequence}`);
    }
  }
}

interface Rig {
  readonly spool: Spool;
  readonly publisher: Publisher;
  readonly interrupt: AbortController;
  readonly said: string[];
}

function rig(broker: Broker, more: Partial<PublisherOptions> & { folder?: string } = {}): Rig {
  const said: string[] = [];
  const warn = (line: string): void => void said.push(line);
  const spool = new Spool({ folder: more.folder ?? mkdtempSync(join(root, 'spool-')), segmentBytes: 64_000, warn });
  const interrupt = new AbortController();
  const publisher = new Publisher({
    spool,
    sender: broker,
    requestBytes: 1_000_000,
    overheadBytes: 100,
    spoolBytes: 1e9,
    keepUpBytes: 1e9,
    prepare: () => Promise.resolve(),
    interrupt,
    warn,
    ...more,
  });
  return { spool, publisher, interrupt, said };
}

/** What a sensor sends for `packets` packets, its goodbye included. */
function messagesOf(session: string, packets = 20_000): AgentMessage[] {
  const messages: AgentMessage[] = [];
  const batcher = new Batcher({ sensor: 'tap', session, windowUs: 1e6, allowedLatenessUs: 0, codec: zstd }, (message) =>
    messages.push(message),
  );
  generateFrames({ packets, seed: 3, profile: 'mix' }, batcher);
  batcher.flush();
  batcher.heartbeat(true);
  return messages;
}

const messages = messagesOf('s');
const batches = messages.filter((message) => message.kind === 'batch');
const sequences = batches.map((_, i) => i);
const packets = batches.reduce((sum, { header }) => sum + header.count, 0);

async function sendAll(publisher: Publisher, all: readonly AgentMessage[] = messages): Promise<void> {
  for (const message of all) await publisher.send(message);
}

/** In what arrived, no heartbeat was before a batch that it announces, and what was said about publishing is so. */
function expectOrder(broker: Broker): void {
  let at = 0;
  let last = -1;
  for (const entry of broker.log) {
    if (entry.startsWith('b')) {
      last = Math.max(last, Number(entry.slice(1)));
      continue;
    }
    const { lastBatch, lastPublished } = broker.heartbeats[at++]!;
    expect(last).toBeGreaterThanOrEqual(lastBatch);
    expect(lastPublished).toBe(last);
  }
}

describe('the publisher', () => {
  it('publishes everything in order, and the goodbye last, when all before it was acknowledged', async () => {
    const broker = new Broker();
    const { publisher, spool } = rig(broker);
    await sendAll(publisher);
    expect(await publisher.finish(60_000)).toBe(true);
    expect(broker.batches).toEqual(sequences);
    expect(broker.heartbeats).toHaveLength(messages.length - batches.length);
    expectOrder(broker);
    expect(broker.heartbeats.at(-1)).toMatchObject({
      final: true,
      lastBatch: batches.length - 1,
      lastPublished: batches.length - 1,
      spooled: 0,
    });
    expect(broker.requests.at(-1)).toBe(1);
    expect(publisher.publishedPackets).toBe(packets);
    await spool.close();
  });

  it('puts many batches into a request, none beyond its size', async () => {
    const broker = new Broker();
    broker.away = true;
    const { publisher, spool } = rig(broker, { requestBytes: 100_000 });
    await sendAll(publisher);
    broker.refusal = (topic, values) => {
      const bytes = values.reduce((sum, value) => sum + value.length + 100, 0);
      return topic.endsWith('-pcap') && bytes > 100_000 ? new PipelineError('STORE', 'too much') : undefined;
    };
    broker.away = false;
    expect(await publisher.finish(60_000)).toBe(true);
    expect(Math.max(...broker.requests)).toBeGreaterThan(1);
    expect(broker.batches).toEqual(sequences);
    await spool.close();
  });

  it('keeps messages while the broker is away, and says once that it is and once that it is back', async () => {
    const broker = new Broker();
    const { publisher, spool, said } = rig(broker);
    await publisher.send(messages[0]!);
    await until('the first batch', () => broker.batches.length === 1);
    broker.away = true;
    await sendAll(publisher, messages.slice(1));
    await until('a word about it', () => publisher.away);
    expect(spool.batches).toBe(batches.length - 1);
    broker.away = false;
    expect(await publisher.finish(60_000)).toBe(true);
    expect(broker.batches).toEqual(sequences);
    expectOrder(broker);
    expect(said).toEqual([
      expect.stringMatching(/^the broker is away, messages are kept in .*spool-.* \(nobody answers\)$/),
      expect.stringMatching(/^the broker answers again after \d+ s; \d+ batches are still in the spool$/),
    ]);
    await spool.close();
  });

  it('holds the source back when the spool is full, and drops nothing', async () => {
    const broker = new Broker();
    broker.away = true;
    const { publisher, spool, said } = rig(broker, { spoolBytes: 100_000 });
    let taken = 0;
    const sending = (async () => {
      for (const message of messages) {
        await publisher.send(message);
        taken += 1;
      }
    })();
    await until('a full spool', () => said.length === 2);
    expect(said[1]).toMatch(/is full: the source is held back until the broker answers$/);
    const before = taken;
    await sleep(700);
    expect(taken).toBe(before);
    expect(taken).toBeLessThan(messages.length);
    expect(spool.bytes).toBeLessThanOrEqual(100_000);
    broker.away = false;
    await sending;
    expect(await publisher.finish(60_000)).toBe(true);
    expect(broker.batches).toEqual(sequences);
    await spool.close();
  });

  it('lets a source that can wait run no further ahead of a slow broker than it has to', async () => {
    const broker = new Broker();
    const { publisher, spool } = rig(broker, { keepUpBytes: 50_000 });
    let most = 0;
    for (const message of messages) {
      await publisher.send(message);
      most = Math.max(most, spool.bytes);
    }
    expect(await publisher.finish(60_000)).toBe(true);
    expect(most).toBeLessThanOrEqual(50_000);
    expect(broker.batches).toEqual(sequences);
    await spool.close();
  });

  it('takes what is under way when the capture is interrupted, however full the spool is', async () => {
    const broker = new Broker();
    broker.away = true;
    const { publisher, spool, interrupt, said } = rig(broker, { spoolBytes: 50_000 });
    const sending = sendAll(publisher);
    await until('a full spool', () => said.length === 2);
    interrupt.abort();
    await sending;
    expect(await publisher.finish(0)).toBe(false);
    expect(spool.records).toBe(messages.length);
    await spool.close();
  });

  it('does not publish again what was acknowledged, when only the heartbeats behind it failed', async () => {
    const broker = new Broker();
    broker.away = true;
    const { publisher, spool } = rig(broker);
    await sendAll(publisher);
    let failures = 3;
    broker.refusal = (topic) => (topic.endsWith('-heartbeat') && failures-- > 0 ? AWAY : undefined);
    broker.away = false;
    expect(await publisher.finish(60_000)).toBe(true);
    expect(broker.batches).toEqual(sequences);
    await spool.close();
  });

  it('leaves the rest to the spool when the broker does not answer at the end, and the next run sends it first', async () => {
    const broker = new Broker();
    const first = rig(broker);
    await sendAll(first.publisher, messages.slice(0, 5));
    await until('the beginning', () => first.spool.records === 0);
    broker.away = true;
    await sendAll(first.publisher, messages.slice(5));
    expect(await first.publisher.finish(300)).toBe(false);
    await first.spool.close();

    const known = broker.heartbeats.length;
    broker.away = false;
    const { publisher, spool } = rig(broker, { folder: first.spool.folder });
    const rss = process.memoryUsage.rss();
    await sendAll(publisher, messagesOf('next', 3000));
    expect(await publisher.finish(60_000)).toBe(true);
    const later = broker.heartbeats.slice(known);
    const left = later.filter(({ session }) => session === 's');
    expect(later.map(({ session }) => session).join(' ')).toMatch(/^(s )+(next ?)+$/);
    expect(left.at(-1)).toMatchObject({ final: true, lastPublished: batches.length - 1 });
    expect(later.at(-1)).toMatchObject({ session: 'next', final: true, spooled: 0 });
    // What the earlier process said about itself is kept; this one speaks for itself.
    expect(left[0]!.arrivalUs).toBeLessThan(later.at(-1)!.arrivalUs);
    expect(later.at(-1)!.rssBytes).toBeGreaterThan(rss / 2);
    expect(broker.batches.slice(0, batches.length)).toEqual(sequences);
    await spool.close();
  });

  it('sends records one by one where a topic takes no larger requests', async () => {
    const broker = new Broker();
    broker.away = true;
    const { publisher, spool } = rig(broker);
    await sendAll(publisher);
    broker.refusal = (_, values) => (values.length > 1 ? new PipelineError('STORE', 'too large') : undefined);
    broker.away = false;
    expect(await publisher.finish(60_000)).toBe(true);
    expect(broker.batches).toEqual(sequences);
    await spool.close();
  });

  it('ends the capture when waiting does not help, says why, and keeps everything that was read', async () => {
    const broker = new Broker();
    broker.refusal = () => new PipelineError('STORE', 'the broker refuses the login');
    const { publisher, spool, interrupt } = rig(broker);
    await sendAll(publisher);
    await until('the end of the capture', () => interrupt.signal.aborted);
    await expect(publisher.finish(60_000)).rejects.toThrow('the broker refuses the login');
    expect(spool.records).toBe(messages.length);
    await spool.close();
  });

  it('prepares a sensor before its first record, and again when that failed', async () => {
    const broker = new Broker();
    const asked: string[] = [];
    const { publisher, spool } = rig(broker, {
      prepare: (sensor) => {
        expect(broker.log).toEqual([]);
        asked.push(sensor);
        return asked.length < 3 ? Promise.reject(AWAY) : Promise.resolve();
      },
    });
    await sendAll(publisher);
    expect(await publisher.finish(60_000)).toBe(true);
    expect(asked).toEqual(['tap', 'tap', 'tap']);
    await spool.close();
  });
});
