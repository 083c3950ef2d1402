import { describe, expect, it } from 'vitest';
import { readCapture } from '../../helpers/frames.ts';
import {
  concat,
  MAGIC_NS,
  MAGIC_PATCHED,
  MAGIC_US,
  pcapFile,
  pcapHeader,
  pcapRecord,
  PcapngWriter,
} from '../../fixtures/pcap-writer.ts';
import type { PcapOptions, WrittenPacket } from '../../fixtures/pcap-writer.ts';

const packet = (seconds: number, fraction: number, size: number, wireLength = size): WrittenPacket => ({
  seconds,
  fraction,
  bytes: Uint8Array.from({ length: size }, (_, index) => (index * 7 + size) & 0xff),
  wireLength,
});
const packets = [packet(1_700_000_000, 999_999, 60), packet(0xffff_ffff, 1, 1, 1500), packet(5, 0, 0, 0)];

describe('a pcap file', () => {
  const magics = [
    ['microseconds', MAGIC_US],
    ['nanoseconds', MAGIC_NS],
    ['patched records', MAGIC_PATCHED],
  ] as const;
  const versions = [[2, 4] as const, [2, 3] as const, [2, 2] as const];
  for (const littleEndian of [true, false]) {
    for (const [name, magic] of magics) {
      it.each(versions)(
        `of ${name}, ${littleEndian ? 'little' : 'big'}-endian, version %i.%i, is read whole`,
        (...version) => {
          const { frames, fault } = readCapture(
            pcapFile(packets, { littleEndian, magic, version, linkType: 0xf400_0071 }),
          );
          expect(fault).toBeUndefined();
          const nanoseconds = magic === MAGIC_NS;
          expect(frames).toEqual(
            packets.map((written) => ({
              bytes: Buffer.from(written.bytes).toString('hex'),
              wireLength: written.wireLength,
              timeUs: written.seconds * 1e6 + (nanoseconds ? Math.floor(written.fraction / 1000) : written.fraction),
              timeNs: nanoseconds ? written.fraction % 1000 : 0,
              linkType: 0x71,
            })),
          );
        },
      );
    }
  }

  it('of version 2.3 with its lengths the old way round is told by the larger one', () => {
    const written = pcapFile([packet(1, 2, 60, 1500)], { version: [2, 2] });
    written[6] = 3;
    expect(readCapture(written).frames).toMatchObject([{ wireLength: 1500 }]);
  });

  it.each([0, 1, 96, 65_535, 0x7fff_ffff, 0xffff_ffff])(
    'with snap length %i delivers frames up to 256 KiB whole',
    (snapLength) => {
      const { frames, fault } = readCapture(
        pcapFile([packet(1, 2, 262_144), packet(3, 4, 9)], { snapLength }),
        [100_000],
      );
      expect(fault).toBeUndefined();
      expect(frames.map((frame) => frame.bytes.length / 2)).toEqual([262_144, 9]);
    },
  );

  it('with a snap length above 256 KiB delivers frames up to it', () => {
    const { frames, fault } = readCapture(pcapFile([packet(1, 2, 400_000)], { snapLength: 400_000 }));
    expect(fault).toBeUndefined();
    expect(frames).toHaveLength(1);
  });
});

describe('a faulty pcap file', () => {
  const fault = (file: Uint8Array): string => {
    const { fault: found } = readCapture(file);
    return found === undefined ? 'none' : `${found.code} ${found.message}`;
  };

  it('names record and byte of a captured length beyond the limit, after the frames before it', () => {
    const lie = pcapRecord(packet(1, 2, 0), {});
    lie[11] = 0x7f;
    const file = concat(pcapFile(packets), lie, pcapRecord(packet(9, 9, 60)));
    expect(readCapture(file).frames).toHaveLength(3);
    expect(fault(file)).toBe(
      'CAPTURE_CORRUPT corrupt capture: record 4 at byte 133 claims 2130706432 bytes, the limit is 262144 (3 packets read)',
    );
  });

  it('never believes a length beyond 16 MiB, whatever the snap length', () => {
    const lie = pcapRecord(packet(1, 2, 0), {});
    lie[11] = 0x01;
    lie[8] = 1;
    const options = { snapLength: 0xffff_ffff };
    expect(fault(concat(pcapHeader(options), lie))).toContain('record 1 at byte 24 claims 16777217 bytes');
  });

  it.each<[string, PcapOptions]>([
    ['1.4', { version: [1, 4] }],
    ['2.5', { version: [2, 5] }],
    ['3.0', { version: [3, 0] }],
  ])('of version %s is refused', (version, options) => {
    expect(fault(pcapFile(packets, options))).toBe(
      `CAPTURE_FORMAT unreadable capture: file header at byte 0 is of pcap version ${version}, only 2.0 to 2.4 are known (0 packets read)`,
    );
  });

  it.each([
    ['the same', pcapFile(packets), 'pcap'],
    ['the other byte order', pcapFile(packets, { littleEndian: false }), 'pcap'],
    ['nanoseconds', pcapFile(packets, { magic: MAGIC_NS }), 'pcap'],
    ['pcapng', concat(new PcapngWriter().section(), new PcapngWriter().interface()), 'pcapng'],
    ['pcapng in the other byte order', new PcapngWriter(false).section(), 'pcapng'],
  ])('with a second capture behind it (%s) says where that one starts', (_, second, kind) => {
    const file = concat(pcapFile(packets), second);
    expect(readCapture(file).frames).toHaveLength(3);
    expect(fault(file)).toBe(
      `CAPTURE_CORRUPT corrupt capture: record 4 at byte 133 is not a record: another capture starts at byte 133 (${kind}); split the file there (3 packets read)`,
    );
  });

  it('cut at any byte delivers every whole frame and one truncation fault, none at a record boundary', () => {
    const file = pcapFile(packets);
    const boundaries = [24, 100, 117, 133];
    for (let size = 4; size <= file.length; size++) {
      const { frames, fault: found } = readCapture(file.subarray(0, size));
      expect(frames).toHaveLength(boundaries.filter((end) => end > 24 && end <= size).length);
      if (boundaries.includes(size)) expect(found).toBeUndefined();
      else expect(found).toMatchObject({ code: 'CAPTURE_TRUNCATED' });
    }
    expect(fault(file.subarray(0, 112))).toBe(
      'CAPTURE_TRUNCATED truncated capture: record 2 at byte 100 wants 16 bytes, 12 left (1 packet read)',
    );
    expect(fault(file.subarray(0, 50))).toBe(
      'CAPTURE_TRUNCATED truncated capture: record 1 at byte 24 wants 76 bytes, 26 left (0 packets read)',
    );
    expect(fault(file.subarray(0, 10))).toBe(
      'CAPTURE_TRUNCATED truncated capture: file header at byte 0 wants 24 bytes, 10 left (0 packets read)',
    );
  });

  it('that is empty, tiny or something else is no capture', () => {
    expect(fault(new Uint8Array(0))).toBe('CAPTURE_FORMAT unreadable capture: empty file');
    expect(fault(Uint8Array.of(0xd4, 0xc3))).toBe(
      'CAPTURE_FORMAT unreadable capture: a file of 2 bytes holds no capture',
    );
    expect(fault(Buffer.from('PK\x03\x04....'))).toContain('neither pcap nor pcapng, it starts with 50 4b 03 04');
    expect(fault(Uint8Array.of(0x1f, 0x8b, 8, 0, 0))).toContain('gzip inside compressed data');
  });
});
