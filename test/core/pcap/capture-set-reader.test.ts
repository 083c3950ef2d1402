import { describe, expect, it } from 'vitest';
import { PipelineError } from '@tapline/core/errors';
import type { CapturePiece } from '@tapline/core/pcap/capture-source';
import { MAGIC_NS, PcapngWriter, concat, pcapFile } from '../../fixtures/pcap-writer.ts';
import { ReadPieces } from '../../helpers/read-pieces.ts';

const packet = (seconds: number) => ({ seconds, fraction: 5, bytes: new Uint8Array(60), wireLength: 60 });
const begin = (name: string): CapturePiece => ({ kind: 'begin', name });
const END: CapturePiece = { kind: 'end' };

async function* from(...pieces: CapturePiece[]): AsyncGenerator<CapturePiece> {
  yield* pieces;
  await Promise.resolve();
}

const read = (...pieces: CapturePiece[]): Promise<ReadPieces> => new ReadPieces().read(from(...pieces));

describe('CaptureSetReader', () => {
  it('reads captures of different byte order, precision, link type and format into one sink', async () => {
    const next = new PcapngWriter(false);
    const { frames, fault } = await read(
      begin('a'),
      pcapFile([packet(1)]),
      END,
      begin('b'),
      pcapFile([packet(2)], { littleEndian: false, magic: MAGIC_NS, linkType: 101 }),
      END,
      begin('c'),
      concat(next.section(), next.interface({ linkType: 113 }), next.enhanced({ ...packet(0), fraction: 3_000_000 })),
      END,
    );
    expect(frames).toEqual([
      { timeUs: 1_000_005, timeNs: 0, linkType: 1 },
      { timeUs: 2_000_000, timeNs: 5, linkType: 101 },
      { timeUs: 3_000_000, timeNs: 0, linkType: 113 },
    ]);
    expect(fault).toBeUndefined();
  });

  it('passes over the rest of a damaged capture, names it, and reads the others', async () => {
    const good = pcapFile([packet(1), packet(2)]);
    const { frames, faults, fault } = await read(
      begin('cut'),
      good.subarray(0, good.length - 1),
      END,
      begin('garbage'),
      new Uint8Array(100).fill(7),
      good,
      END,
      begin('broken off'),
      good,
      { kind: 'end', fault: new PipelineError('COMPRESSION', 'damaged gzip data') },
      begin('whole'),
      good,
      END,
    );
    expect(frames.map(({ timeUs }) => Math.floor(timeUs / 1e6))).toEqual([1, 1, 2, 1, 2]);
    expect(faults).toEqual([
      expect.stringMatching(/^cut: truncated capture: record 2 at byte 100 /),
      expect.stringMatching(/^garbage: unreadable capture: neither pcap nor pcapng/),
      'broken off: damaged gzip data',
    ]);
    expect(fault?.code).toBe('CAPTURE_TRUNCATED');
    expect(fault?.message).toBe(`3 of 4 captures were not read to their end: ${faults.join('; ')}`);
  });

  it('keeps few of many faults, and says that there were more', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => [begin(`${index}`), END]).flat();
    const { faults, fault } = await read(...many);
    expect(faults).toHaveLength(1000);
    expect(fault?.message).toMatch(/^1000 of 1000 captures .*; …$/);
    expect(fault?.message.length).toBeLessThan(500);
  });

  it('throws the fault of a capture that is no part of a set, as it always did', async () => {
    await expect(read(new Uint8Array(100).fill(7))).rejects.toThrow(/^unreadable capture/);
    await expect(read()).rejects.toThrow(/empty file$/);
    expect((await read(pcapFile([packet(1)]))).frames).toHaveLength(1);
  });
});
