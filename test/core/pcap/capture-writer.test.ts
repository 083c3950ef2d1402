/** The capture writers: what they write is read back the same, by our reader and by Wireshark's. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CaptureWriter, TakeBytes } from '@tapline/core/pcap/capture-writer';
import { PcapWriter } from '@tapline/core/pcap/pcap-writer';
import { PcapngWriter } from '@tapline/core/pcap/pcapng-writer';
import { TIME_LIMIT_US } from '@tapline/core/pcap/time';
import { readCapture, type SeenFrame } from '../../helpers/frames.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { TSHARK } from '../../helpers/tshark.ts';

const frameOf = (times: fc.Arbitrary<number>, linkTypes: readonly number[]): fc.Arbitrary<SeenFrame> =>
  fc.record({
    bytes: fc.uint8Array({ maxLength: 90 }).map((bytes) => Buffer.from(bytes).toString('hex')),
    wireLength: fc.nat(0xffff_ffff),
    timeUs: times,
    timeNs: fc.nat(999),
    linkType: fc.constantFrom(...linkTypes),
  });

function write(make: (take: TakeBytes) => CaptureWriter, frames: readonly SeenFrame[]): Buffer {
  const pieces: Uint8Array[] = [];
  const writer = make((bytes) => pieces.push(Uint8Array.from(bytes)));
  for (const { bytes, wireLength, timeUs, timeNs, linkType } of frames) {
    const frame = Buffer.from(`eeee${bytes}`, 'hex');
    writer.frame(frame, 2, frame.length - 2, wireLength, timeUs, timeNs, linkType);
  }
  writer.flush();
  expect(Buffer.concat(pieces)).toHaveLength(writer.bytes);
  return Buffer.concat(pieces);
}

const pcapng = (take: TakeBytes): CaptureWriter => new PcapngWriter(take);
const pcap = (take: TakeBytes): CaptureWriter => new PcapWriter(take);

describe('a pcapng that was written', () => {
  const folder = temporaryFolder();

  it('is read back the same: bytes, lengths, nanoseconds, link types, times before 1970', () => {
    const times = fc.integer({ min: -TIME_LIMIT_US + 1e6, max: TIME_LIMIT_US - 1 });
    fc.assert(
      fc.property(fc.array(frameOf(times, [1, 101, 113])), (frames) => {
        expect(readCapture(write(pcapng, frames))).toEqual({ frames, fault: undefined });
      }),
    );
  });

  it('holds frames that are larger than the buffer', () => {
    const frames = [3, 1_500_000, 7].map((length, index) => ({
      bytes: 'ab'.repeat(length),
      wireLength: length,
      timeUs: index,
      timeNs: 0,
      linkType: 1,
    }));
    expect(readCapture(write(pcapng, frames)).frames).toEqual(frames);
  });

  it.skipIf(!TSHARK)('is what Wireshark reads: times to the nanosecond, two link types', () => {
    const path = join(folder, 'written.pcapng');
    const frame = { bytes: '00'.repeat(60), wireLength: 1514, linkType: 1 };
    const frames = [
      { ...frame, timeUs: 1_499_348_407_123_456, timeNs: 789 },
      { ...frame, timeUs: 1_499_348_407_999_999, timeNs: 999, linkType: 101 },
    ];
    writeFileSync(path, write(pcapng, frames));
    const fields = ['frame.time_epoch', 'frame.cap_len', 'frame.len', 'frame.interface_id'];
    const args = ['-r', path, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
    expect(execFileSync('tshark', args, { encoding: 'utf8' }).trimEnd().split('\n')).toEqual([
      '1499348407.123456789\t60\t1514\t0',
      '1499348407.999999999\t60\t1514\t1',
    ]);
  });
});

describe('a pcap that was written', () => {
  it('is read back the same', () => {
    const times = fc.integer({ min: 0, max: 4_294_967_295_999_999 });
    fc.assert(
      fc.property(fc.constantFrom(1, 101), fc.array(fc.record({ frame: frameOf(times, [1]) })), (linkType, rows) => {
        const frames = rows.map(({ frame }) => ({ ...frame, linkType }));
        expect(readCapture(write(pcap, frames))).toEqual({ frames, fault: undefined });
      }),
    );
  });

  it.each([
    ['a second link type', { linkType: 101 }, 'LINKTYPE_ETHERNET and LINKTYPE_RAW: use pcapng'],
    ['a time before 1970', { timeUs: -1 }, 'from 1970 to 2106'],
    ['a time after 2106', { timeUs: 2 ** 32 * 1e6 }, 'from 1970 to 2106'],
  ])('refuses %s', (_what, change, said) => {
    const frame = { bytes: '00', wireLength: 1, timeUs: 0, timeNs: 0, linkType: 1 };
    expect(() => write(pcap, [frame, { ...frame, ...change }])).toThrow(said);
  });
});
