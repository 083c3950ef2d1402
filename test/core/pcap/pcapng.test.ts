import { describe, expect, it } from 'vitest';
import { readCapture } from '../../helpers/frames.ts';
import { concat, halves, pcapFile, PcapngWriter, words } from '../../fixtures/pcap-writer.ts';
import type { WrittenPacket } from '../../fixtures/pcap-writer.ts';

const packet = (high: number, low: number, size: number, wireLength = size): WrittenPacket => ({
  seconds: high,
  fraction: low,
  bytes: Uint8Array.from({ length: size }, (_, index) => (index * 5 + size) & 0xff),
  wireLength,
});

/** 1,700,000,000.123456 s in microseconds. */
const TIME_US = 1_700_000_000_123_456;
const at = (units: number, size: number, wireLength = size): WrittenPacket =>
  packet(Math.floor(units / 2 ** 32), units % 2 ** 32, size, wireLength);

const problem = (file: Uint8Array): string => {
  const { fault } = readCapture(file);
  return fault === undefined ? 'none' : `${fault.code} ${fault.message}`;
};

describe.each([
  ['little-endian', true],
  ['big-endian', false],
])('a %s pcapng file', (_, littleEndian) => {
  const w = new PcapngWriter(littleEndian);

  it('delivers enhanced, simple and obsolete packet blocks and passes over all others', () => {
    const file = concat(
      w.section([1, 0], w.option(2, Buffer.from('some hardware'))),
      w.interface({ linkType: 113 }),
      w.interface({ linkType: 1, snapLength: 4 }),
      w.block(4, new Uint8Array(20)),
      w.enhanced(at(TIME_US, 61), 1, w.option(1, Buffer.from('a comment'))),
      w.block(5, new Uint8Array(16)),
      w.simple(at(0, 33)),
      w.block(0xbad, words(littleEndian, 0x7ed9), Buffer.from('private')),
      w.obsolete(at(TIME_US + 5, 7, 900), 0),
      w.block(0x8000_0001),
    );
    const { frames, fault } = readCapture(file);
    expect(fault).toBeUndefined();
    expect(frames).toMatchObject([
      { timeUs: TIME_US, wireLength: 61, linkType: 1, bytes: Buffer.from(at(0, 61).bytes).toString('hex') },
      // A simple packet block has no time: it takes that of the packet before it.
      { timeUs: TIME_US, wireLength: 33, linkType: 113, bytes: Buffer.from(at(0, 33).bytes).toString('hex') },
      { timeUs: TIME_US + 5, wireLength: 900, linkType: 113, bytes: Buffer.from(at(0, 7).bytes).toString('hex') },
    ]);
  });

  it('cuts simple packets at the snap length and starts their time at 0', () => {
    const cut = { ...packet(0, 0, 96), wireLength: 1500 };
    const { frames } = readCapture(concat(w.section(), w.interface({ snapLength: 96 }), w.simple(cut)));
    expect(frames).toMatchObject([
      { timeUs: 0, timeNs: 0, wireLength: 1500, bytes: Buffer.from(cut.bytes).toString('hex') },
    ]);
  });

  it('reads times by if_tsresol and if_tsoffset of each interface, and does not shift by if_tzone', () => {
    const nanoseconds = w.option(9, Uint8Array.of(9));
    const binary = w.option(9, Uint8Array.of(0x80 | 10));
    const offset = w.option(14, w.int64(-1_000_000_000n));
    const zone = w.option(10, words(littleEndian, 0xffff_fff6));
    const end = w.option(0, new Uint8Array(0));
    const file = concat(
      w.section(),
      w.interface({ options: concat(nanoseconds, zone, end) }),
      w.interface({ options: concat(w.option(2, Buffer.from('eth0')), binary, offset) }),
      w.enhanced(packet(0x1797_9cfe, 0x3d85_cd15, 1), 0),
      w.enhanced(packet(0x1ff, 0xffff_fe01, 1), 1),
    );
    const units = 0x1797_9cfen * 2n ** 32n + 0x3d85_cd15n;
    const ticks = 0x1ffn * 2n ** 32n + 0xffff_fe01n;
    expect(readCapture(file).frames).toMatchObject([
      { timeUs: Number(units / 1000n), timeNs: Number(units % 1000n) },
      {
        timeUs: Number((ticks * 1_000_000n) / 1024n) - 1e15,
        timeNs: Number(((ticks * 1_000_000_000n) >> 10n) % 1000n),
      },
    ]);
  });

  it('starts afresh with each section, also in the other byte order', () => {
    const other = new PcapngWriter(!littleEndian);
    const file = concat(
      w.section(),
      w.interface({ linkType: 1 }),
      w.enhanced(at(TIME_US, 10)),
      other.section([1, 2]),
      other.interface({ linkType: 101 }),
      other.enhanced(at(TIME_US, 20)),
    );
    expect(readCapture(file).frames).toMatchObject([{ linkType: 1 }, { linkType: 101, timeUs: TIME_US }]);
    const orphan = concat(w.section(), w.interface(), other.section(), other.enhanced(at(1, 10)));
    expect(problem(orphan)).toContain('record 4 at byte 76 names interface 0, its section describes 0');
  });

  it('survives an interface option that runs over the end of its block', () => {
    const lie = concat(w.option(9, Uint8Array.of(9)), halves(littleEndian, 2, 5000));
    const { frames, fault } = readCapture(
      concat(w.section(), w.interface({ options: lie }), w.enhanced(packet(0, 1999, 4))),
    );
    expect(fault).toBeUndefined();
    expect(frames).toMatchObject([{ timeUs: 1, timeNs: 999 }]);
  });

  it('takes block lengths that do not count their padding', () => {
    const block = w.simple(packet(0, 0, 5));
    const uncounted = words(littleEndian, block.length - 3);
    block.set(uncounted, 4);
    block.set(uncounted, block.length - 4);
    const { frames, fault } = readCapture(concat(w.section(), w.interface(), block, w.enhanced(packet(0, 7, 4))));
    expect(fault).toBeUndefined();
    expect(frames).toMatchObject([{ wireLength: 5 }, { timeUs: 7 }]);
  });

  it('cut at any byte delivers every whole block and one truncation fault, none at a block boundary', () => {
    const blocks = [
      w.section(),
      w.interface(),
      w.enhanced(at(TIME_US, 9)),
      w.block(4, new Uint8Array(8)),
      w.simple(at(0, 3)),
      w.block(0x0bad),
      w.obsolete(at(TIME_US, 4)),
    ];
    const ends = blocks.map((__, index) => concat(...blocks.slice(0, index + 1)).length);
    const file = concat(...blocks);
    for (let size = 4; size <= file.length; size++) {
      for (const cuts of [[], Array.from({ length: size }, (__, index) => index)]) {
        const { frames, fault } = readCapture(file.subarray(0, size), cuts);
        expect(frames).toHaveLength([2, 4, 6].filter((block) => ends[block]! <= size).length);
        const record = ends.filter((end) => end <= size).length + 1;
        if (ends.includes(size)) expect(fault).toBeUndefined();
        else
          expect(fault?.message).toContain(
            `truncated capture: record ${record} at byte ${ends[record - 2] ?? 0} wants `,
          );
      }
    }
  });
});

describe('a faulty pcapng file', () => {
  const w = new PcapngWriter();
  const head = concat(w.section(), w.interface());
  const good = w.enhanced(packet(0, 5, 8));

  it.each([
    ['a length behind that differs', (block: Uint8Array) => (block[block.length - 4]! ^= 4), 'in front and of'],
    ['a length too short for its type', (block: Uint8Array) => (block[4] = 28), 'which is too short for its type'],
    ['a length beyond 16 MiB', (block: Uint8Array) => (block[7] = 0x10), 'the limit is 16777216'],
    ['packet data longer than the block', (block: Uint8Array) => (block[20] = 9), 'claims 9 of packet data'],
    ['packet data of 4 GiB', (block: Uint8Array) => block.fill(0xff, 20, 24), 'claims 4294967295 of packet data'],
    ['an interface nobody described', (block: Uint8Array) => (block[8] = 3), 'names interface 3'],
  ])('with %s delivers what came before and says so', (_, spoil, expected) => {
    const bad = good.slice();
    spoil(bad);
    const file = concat(head, good, bad, good);
    const { frames, fault } = readCapture(file);
    expect(frames).toHaveLength(1);
    expect(fault).toMatchObject({ code: 'CAPTURE_CORRUPT' });
    expect(fault?.message).toContain('record 4 at byte 88 ');
    expect(fault?.message).toContain(expected);
  });

  it('with a pcap file behind it says where that one starts', () => {
    for (const littleEndian of [true, false]) {
      const file = concat(head, good, pcapFile([packet(1, 2, 3)], { littleEndian }));
      expect(problem(file)).toContain('another capture starts at byte 88 (pcap)');
    }
  });

  it('without a byte-order magic, or of another version, is refused', () => {
    const noMagic = head.slice();
    noMagic[8] = 0;
    expect(problem(noMagic)).toContain('CAPTURE_FORMAT unreadable capture: record 1 at byte 0 has no byte-order magic');
    expect(problem(w.section([2, 0]))).toContain('is of pcapng version 2.0, only 1.x is known');
    expect(problem(concat(head, good, noMagic))).toContain('CAPTURE_CORRUPT');
  });

  it('cannot make the reader remember interfaces without end', () => {
    const many = concat(w.section(), ...Array.from({ length: 65_537 }, () => w.interface()));
    expect(problem(many)).toContain('record 65538 at byte 1310748 describes more than 65536 interfaces');
  });
});
