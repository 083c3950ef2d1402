import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../helpers/frames.ts';
import { concat, MAGIC_NS, MAGIC_PATCHED, MAGIC_US, pcapFile, PcapngWriter } from '../../fixtures/pcap-writer.ts';
import type { WrittenPacket } from '../../fixtures/pcap-writer.ts';

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const packet: fc.Arbitrary<WrittenPacket> = fc
  .record({ seconds: word, fraction: word, bytes: fc.uint8Array({ maxLength: 90 }), extra: fc.nat(2000) })
  .map(({ extra, ...rest }) => ({ ...rest, wireLength: rest.bytes.length + extra }));

const pcap = fc
  .record({
    packets: fc.array(packet, { maxLength: 12 }),
    littleEndian: fc.boolean(),
    magic: fc.constantFrom(MAGIC_US, MAGIC_NS, MAGIC_PATCHED),
    linkType: fc.nat(0xffff),
  })
  .map(({ packets, ...options }) => pcapFile(packets, options));

const blocks = (littleEndian: boolean): fc.Arbitrary<Uint8Array> => {
  const w = new PcapngWriter(littleEndian);
  return fc
    .array(
      fc.oneof(
        packet.map((of) => w.enhanced(of)),
        packet.map((of) => w.simple(of)),
        packet.map((of) => w.obsolete(of)),
        fc
          .tuple(fc.integer({ min: 0x100, max: 0x0fff }), fc.uint8Array({ maxLength: 300 }))
          .map((of) => w.block(...of)),
        fc.nat(0x8f).map((resolution) => w.interface({ options: w.option(9, Uint8Array.of(resolution)) })),
      ),
      { maxLength: 10 },
    )
    .map((body) => concat(w.section(), w.interface(), ...body));
};
const pcapng = fc.array(fc.boolean().chain(blocks), { minLength: 1, maxLength: 3 }).map((parts) => concat(...parts));

/** Files as they should be, cut short, damaged in one byte, and followed by junk. */
const file = fc.oneof(pcap, pcapng).chain((bytes) =>
  fc.oneof(
    fc.constant(bytes),
    fc.nat(bytes.length).map((size) => bytes.subarray(0, size)),
    fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, value]) => bytes.with(at, value)),
    fc.uint8Array({ maxLength: 60 }).map((junk) => concat(bytes, junk)),
  ),
);

describe('CaptureReader', () => {
  it('delivers the same frames and the same fault however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(file, fc.array(fc.nat(2000), { maxLength: 40 }), (bytes, anyCuts) => {
        const whole = readCapture(bytes);
        const cuts = anyCuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
        const single = Array.from({ length: bytes.length }, (_, index) => index);
        for (const pieces of [readCapture(bytes, cuts), readCapture(bytes, single)]) {
          expect(pieces.frames).toEqual(whole.frames);
          expect(pieces.fault?.code).toBe(whole.fault?.code);
          expect(pieces.fault?.message).toBe(whole.fault?.message);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('never throws anything but a PipelineError on arbitrary bytes behind a valid start', () => {
    const starts = fc.constantFrom(pcapFile([]), pcapFile([], { littleEndian: false }), new PcapngWriter().section());
    fc.assert(
      fc.property(starts, fc.uint8Array({ maxLength: 400, size: 'max' }), (start, junk) => {
        readCapture(concat(start, junk));
      }),
      { numRuns: 1000 },
    );
  });
});
