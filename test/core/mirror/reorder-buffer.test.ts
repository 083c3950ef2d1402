import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_MIRROR_COUNTERS } from '@tapline/core/mirror/mirror-counters';
import { ReorderBuffer } from '@tapline/core/mirror/reorder-buffer';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pcapFile } from '../../fixtures/pcap-writer.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const HORIZON_US = 1000;
const folder = temporaryFolder();

/** What reaches the sink: time and content of each frame. */
class Collected implements FrameSink {
  readonly frames: string[] = [];
  frame(bytes: Uint8Array, offset: number, captured: number, wire: number, timeUs: number, timeNs: number): void {
    this.frames.push(
      `${timeUs}.${timeNs} ${wire} ${Buffer.from(bytes.subarray(offset, offset + captured)).toString('hex')}`,
    );
  }
}

/** Times in order of arrival; each frame holds its number, and all share one buffer that is overwritten. */
function feed(times: readonly number[], limits = {}): { sink: Collected; counters: typeof NO_MIRROR_COUNTERS } {
  const sink = new Collected();
  const counters = { ...NO_MIRROR_COUNTERS };
  const buffer = new ReorderBuffer(sink, HORIZON_US, counters, { packets: 1024, ...limits });
  const bytes = new Uint8Array(4);
  times.forEach((timeUs, number) => {
    new DataView(bytes.buffer).setUint32(0, number);
    buffer.frame(bytes, 0, 4, 60, timeUs, 0, 1);
  });
  buffer.flush();
  return { sink, counters };
}

const sortedOf = (times: readonly number[]): string[] =>
  times
    .map((timeUs, number) => ({ timeUs, number }))
    .sort((a, b) => a.timeUs - b.timeUs || a.number - b.number)
    .map(({ timeUs, number }) => `${timeUs}.0 60 ${number.toString(16).padStart(8, '0')}`);

describe('putting packets in order', () => {
  it('sorts whatever is displaced by no more than the horizon, and keeps equal times as they came', () => {
    const displaced = fc
      .array(fc.record({ gap: fc.integer({ min: 0, max: 400 }), delay: fc.integer({ min: 0, max: HORIZON_US }) }))
      .map((packets) => {
        let timeUs = 1_700_000_000_000_000;
        const sent = packets.map(({ gap, delay }) => ({ timeUs: (timeUs += gap), delay }));
        // A packet is overtaken by those that were sent within its delay.
        return sent.sort((a, b) => a.timeUs + a.delay - (b.timeUs + b.delay)).map((one) => one.timeUs);
      });
    fc.assert(
      fc.property(displaced, (times) => {
        const { sink, counters } = feed(times);
        expect(sink.frames).toEqual(sortedOf(times));
        let newest = -Infinity;
        const behind = times.filter((timeUs) => timeUs < (newest = Math.max(newest, timeUs))).length;
        expect(counters).toMatchObject({ reordered: behind, beyondHorizon: 0, releasedEarly: 0 });
      }),
      { numRuns: 500 },
    );
  });

  it('hands on what comes too late as it comes, and counts it', () => {
    const { sink, counters } = feed([0, 500, 3000, 100, 2500]);
    expect(sink.frames.map((frame) => Number(frame.split('.')[0]))).toEqual([0, 500, 100, 2500, 3000]);
    expect(counters).toMatchObject({ reordered: 1, displacedMostUs: 500, beyondHorizon: 1 });
  });

  it('loses nothing whatever the times and however little it may hold', () => {
    const times = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 300 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 8 }), (came, packets) => {
        const { sink } = feed(came, { packets });
        expect([...sink.frames].sort()).toEqual(sortedOf(came).sort());
      }),
    );
    expect(feed([1, 2, 3, 4, 5], { packets: 3 }).counters.releasedEarly).toBe(2);
    expect(feed([1, 2, 3, 4, 5], { bytes: 8 }).counters.releasedEarly).toBe(3);
  });

  it('gives the packets of a capture in the order of reordercap', () => {
    const packets = Array.from({ length: 500 }, (_, i) => ({
      seconds: 1_700_000_000,
      fraction: 5000 + i * 10 + ((i * 7919) % 97) * 9,
      bytes: Uint8Array.from([i >> 8, i & 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 8, 0]),
      wireLength: 1400,
    }));
    const [mixed, ordered] = [join(folder, 'mixed.pcap'), join(folder, 'ordered.pcap')];
    writeFileSync(mixed, pcapFile(packets));
    try {
      execFileSync('reordercap', [mixed, ordered], { stdio: 'ignore' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      console.warn('reordercap is not installed: the comparison is SKIPPED');
      return;
    }
    const read = (path: string, through: (sink: FrameSink) => FrameSink): string[] => {
      const sink = new Collected();
      const reader = new CaptureReader(through(sink));
      reader.feed(readFileSync(path));
      return sink.frames;
    };
    const buffers: ReorderBuffer[] = [];
    const own = new Collected();
    const counters = { ...NO_MIRROR_COUNTERS };
    buffers.push(new ReorderBuffer(own, HORIZON_US, counters));
    const piece = new Uint8Array(readFileSync(mixed));
    buffers[0]!.beginPiece(piece);
    new CaptureReader(buffers[0]!).feed(piece);
    piece.fill(0);
    buffers[0]!.flush();
    expect(own.frames).toEqual(read(ordered, (sink) => sink));
    expect(counters.reordered).toBeGreaterThan(100);
  });
});
