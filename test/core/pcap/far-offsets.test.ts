import { describe, expect, it } from 'vitest';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { concat, pcapHeader, pcapRecord, PcapngWriter, words } from '../../fixtures/pcap-writer.ts';

const GIB = 2 ** 30;

/** Counts, and checks that each frame says of itself what number it is. */
class Counter implements FrameSink {
  packets = 0;
  wireBytes = 0;
  frame(bytes: Uint8Array, offset: number, capturedLength: number, wireLength: number): void {
    const number = bytes[offset]! | (bytes[offset + 1]! << 8);
    if (capturedLength !== 60_000 || number !== (this.packets & 0xffff))
      throw new Error(`frame ${this.packets} is wrong`);
    this.packets++;
    this.wireBytes += wireLength;
  }
}

/** Feeds 60,000-byte frames until more than `limit` bytes have gone by, numbering them in place, and says how many bytes. */
function feedBeyond(
  reader: CaptureReader,
  head: Uint8Array,
  record: Uint8Array,
  dataAt: number,
  limit: number,
): number {
  reader.feed(head);
  let offset = head.length;
  for (let number = 0; offset <= limit; number++) {
    record[dataAt] = number & 0xff;
    record[dataAt + 1] = (number >> 8) & 0xff;
    // Every other record comes in two pieces, so that both the copying and the direct path cross the border.
    if (number % 2 === 0) reader.feed(record);
    else {
      reader.feed(record.subarray(0, 30_000));
      reader.feed(record.subarray(30_000));
    }
    offset += record.length;
  }
  return offset;
}

const packet = { seconds: 7, fraction: 8, bytes: new Uint8Array(60_000), wireLength: 60_000 };

describe('offsets beyond 4 GiB', () => {
  it('of a pcap file are exact, in frames and in faults', () => {
    const counter = new Counter();
    const reader = new CaptureReader(counter);
    const offset = feedBeyond(reader, pcapHeader(), pcapRecord(packet), 16, 5 * GIB);
    expect(counter.packets).toBe((offset - 24) / 60_016);
    expect(counter.wireBytes).toBe(counter.packets * 60_000);
    const lie = words(true, 1, 2, 0x7000_0000, 4);
    expect(() => {
      reader.feed(lie);
    }).toThrow(`record ${counter.packets + 1} at byte ${offset} claims 1879048192 bytes`);
  });

  it('of a pcapng file are exact, also behind blocks of almost 4 GiB that are passed over', () => {
    const w = new PcapngWriter();
    const counter = new Counter();
    const reader = new CaptureReader(counter);
    const offset = feedBeyond(reader, concat(w.section(), w.interface()), w.enhanced(packet), 28, GIB);
    const huge = 0xffff_fff0;
    reader.feed(words(true, 0xbad, huge));
    const zeros = new Uint8Array(16 * 1024 * 1024);
    for (let left = huge - 12; left > 0; left -= zeros.length)
      reader.feed(zeros.subarray(0, Math.min(left, zeros.length)));
    reader.feed(words(true, huge));
    const record = counter.packets + 4;
    expect(() => {
      reader.feed(words(true, 6, 8));
    }).toThrow(`record ${record} at byte ${offset + huge} has a total length of 8`);
    expect(offset + huge).toBeGreaterThan(5 * GIB - 64);
    expect(counter.packets).toBe((offset - 48) / 60_032);
  });
});
