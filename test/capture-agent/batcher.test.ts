import { zstd } from '@tapline/adapters/codec/zstd';
import { Batcher, type AgentMessage, type BatcherOptions, type OwnPackets } from '@tapline/capture-agent/batcher';
import { encodeControlMessage } from '@tapline/core/ledger/control-message';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { describe, expect, it } from 'vitest';
import { generateFrames } from '../../tools/generate-capture/generator.ts';

const OPTIONS = { sensor: 'tap', session: 's', windowUs: 1e6, allowedLatenessUs: 0, codec: zstd };
const MINUTE_US = 60e6;
const FRAME = new Uint8Array(60);

function sent(feed: (batcher: Batcher) => void, more: Partial<BatcherOptions> = {}): AgentMessage[] {
  const messages: AgentMessage[] = [];
  feed(new Batcher({ ...OPTIONS, ...more }, (message) => messages.push(message)));
  return messages;
}

const frameAt = (batcher: Batcher, timeUs: number): void => {
  batcher.frame(FRAME, 0, FRAME.length, FRAME.length, timeUs, 0, 1);
};

describe('what a heartbeat announces', () => {
  /** 4,096 packets, a minute apart, newest first: one batch that touches as many windows and minutes. */
  const messages = sent((batcher) => {
    for (let i = 4096; i > 0; i--) frameAt(batcher, i * MINUTE_US);
    batcher.heartbeat(true);
  });
  const heartbeats = messages.filter((message) => message.kind === 'heartbeat').map(({ heartbeat }) => heartbeat);

  it('is divided when one batch touches thousands of windows, so that no message is too large for Kafka', () => {
    for (const heartbeat of heartbeats) {
      const vitals = { arrivalUs: 1.7e15, cpuPercent: 99.9, rssBytes: 1e9, lastPublished: 1e6, spooled: 1e6 };
      const json = encodeControlMessage({ kind: 'heartbeat', heartbeat: { ...heartbeat, ...vitals } });
      expect(json.length).toBeLessThan(500_000);
    }
    const windows = heartbeats.flatMap((heartbeat) => heartbeat.windows);
    const minutes = heartbeats.flatMap((heartbeat) => heartbeat.minutes);
    expect(windows.map(({ windowStartUs }) => windowStartUs)).toEqual(
      Array.from({ length: 4096 }, (_, i) => (i + 1) * MINUTE_US),
    );
    expect(minutes).toHaveLength(4096);
  });

  it('comes before the promise that nothing more of those windows will', () => {
    const promises = heartbeats.map(({ watermarkUs }) => watermarkUs);
    expect(promises).toEqual([null, null, null, null, 4096 * MINUTE_US, 4096 * MINUTE_US]);
  });
});

describe('a tick of the wall clock', () => {
  it('sends what was gathered, promises what it is told, and never takes a promise back', () => {
    const messages = sent((batcher) => {
      frameAt(batcher, 10e6);
      batcher.tick(-Infinity);
      batcher.tick(15e6);
      batcher.tick(12e6);
      frameAt(batcher, 14e6);
      frameAt(batcher, 14.9e6);
      batcher.tick(-Infinity);
      expect(batcher.counters).toMatchObject({ sent: 3, late: 2 });
    });
    const story = messages.map((message) =>
      message.kind === 'batch' ? message.header.count : (message.heartbeat.watermarkUs ?? 0) / 1e6,
    );
    // The first 10 comes with the batch, because no window was announced before.
    expect(story).toEqual([1, 10, 10, 15, 15, 2, 15]);
  });
});

describe('second copies of packets', () => {
  it('are counted and leave the batches as they are without them', () => {
    const play = (copies: boolean) => {
      const messages: AgentMessage[] = [];
      const batcher = new Batcher({ ...OPTIONS, duplicatesWithinUs: 500 }, (message) => messages.push(message));
      generateFrames(
        { packets: 5000, seed: 3, profile: 'mix' },
        {
          frame: (...frame: Parameters<FrameSink['frame']>) => {
            batcher.frame(...frame);
            if (copies) batcher.frame(...frame);
          },
        },
      );
      batcher.flush();
      batcher.heartbeat(true);
      const headers = messages.flatMap((message) => (message.kind === 'batch' ? [message.header] : []));
      const minutes = messages.flatMap((message) => (message.kind === 'heartbeat' ? message.heartbeat.minutes : []));
      return { headers, minutes, counters: batcher.counters };
    };
    const [alone, mirrored] = [play(false), play(true)];
    expect(mirrored.headers).toEqual(alone.headers);
    expect(alone.counters).toMatchObject({ offered: 5000, duplicate: 0, sent: 5000 });
    expect(mirrored.counters).toMatchObject({ offered: 10_000, duplicate: 5000, sent: 5000 });
    const sum = (key: 'offered' | 'duplicate' | 'sent') => mirrored.minutes.at(-1)![key];
    expect(sum('offered')).toBe(sum('duplicate') + sum('sent'));
    expect(sum('duplicate')).toBe(sum('sent'));
  });
});

describe('packets of our own', () => {
  it('are counted in their minute and are in no batch and no record, nor taken for the first of two copies', () => {
    const recorded: number[] = [];
    const recorder = {
      frame: (...[, , , , timeUs]: Parameters<FrameSink['frame']>) => recorded.push(timeUs),
      rows: () => undefined,
      batch: () => undefined,
    };
    const isOwn: OwnPackets['isOwn'] = ({ timeUs }, row) => timeUs[row]! < 60e6;
    const own = { isOwn, look: () => undefined };
    const messages = sent(
      (batcher) => {
        for (const timeUs of [60e6 - 200, 60e6 - 100, 60e6 + 100]) frameAt(batcher, timeUs);
        batcher.flush();
        batcher.heartbeat(true);
        expect(batcher.counters).toMatchObject({ offered: 3, self: 2, duplicate: 0, sent: 1 });
      },
      { own, recorder, duplicatesWithinUs: 500 },
    );
    expect(messages.filter(({ kind }) => kind === 'batch')).toMatchObject([{ header: { count: 1, firstNumber: 1 } }]);
    const minutes = messages.flatMap((message) => (message.kind === 'heartbeat' ? message.heartbeat.minutes : []));
    expect(minutes).toMatchObject([
      { minuteStartUs: 0, offered: 2, self: 2, sent: 0 },
      { minuteStartUs: 60e6, offered: 1, self: 0, sent: 1 },
    ]);
    expect(recorded).toEqual([60e6 + 100]);
  });
});
