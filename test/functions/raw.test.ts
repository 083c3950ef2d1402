import { describe, expect, it } from 'vitest';
import { noCodec } from '@tapline/core/wire/no-codec';
import { allocateColumns } from '@tapline/core/packet/columns';
import { encodeRawBlock } from '@tapline/core/raw/raw-block';
import { decodeBatch, readBatchHeader } from '@tapline/core/wire/batch';
import { batchesOfRaw } from '../../functions/src/stages/raw.ts';

const PUBLISHED_US = Date.UTC(2026, 10, 24, 9) * 1000;
const DEPS = { codecs: [noCodec], codec: noCodec, sensor: 'bare', publishedUs: PUBLISHED_US };

const lines = (packets: number): Buffer[] =>
  Array.from({ length: packets }, (_, packet) => {
    const fraction = String(packet).padStart(6, '0');
    return Buffer.from(`08:00:00.${fraction} IP 192.0.2.1.${(packet % 60_000) + 1} > 198.51.100.2.53: UDP, length 4`);
  });
const block = (records: readonly Uint8Array[], arrivalMs = PUBLISHED_US / 1000): Uint8Array =>
  encodeRawBlock({ sensor: 'instance-1', session: 'raw-0-20261124', sequence: 500, arrivalMs, records }, noCodec);

describe('batches of raw payloads', () => {
  it('hold all packets of a block in order, each batch under a sequence of its own', () => {
    const headers = batchesOfRaw(block(lines(9_000)), DEPS).map(readBatchHeader);
    expect(headers.map(({ count }) => count)).toEqual([4_096, 4_096, 808]);
    expect(headers.map(({ sequence, firstNumber }) => [sequence, firstNumber])).toEqual([
      [500, 501],
      [4_596, 4_597],
      [8_692, 8_693],
    ]);
    expect(headers[0]).toMatchObject({ sensor: 'instance-1', session: 'raw-0-20261124', malformed: 0 });
  });

  it('are the same bytes for the same payload, however often and whenever it is delivered', () => {
    const again = { ...DEPS, publishedUs: PUBLISHED_US + 40 * 3_600_000_000 };
    expect(batchesOfRaw(block(lines(10)), again)).toEqual(batchesOfRaw(block(lines(10)), DEPS));
    const bare = Buffer.concat(lines(10).flatMap((line) => [line, Buffer.from('\n')]));
    expect(batchesOfRaw(bare, DEPS)).toEqual(batchesOfRaw(bare, DEPS));
  });

  it('have times on the day of arrival, or of publication where the broker did not say', () => {
    const timeUs = (bytes: Uint8Array): number => readBatchHeader(batchesOfRaw(bytes, DEPS)[0]!).minTimeUs;
    expect(timeUs(block(lines(1)))).toBe(Date.UTC(2026, 10, 24, 8) * 1000);
    expect(timeUs(block(lines(1), -1))).toBe(Date.UTC(2026, 10, 24, 8) * 1000);
    expect(timeUs(block(lines(1), Date.UTC(2020, 0, 2, 9)))).toBe(Date.UTC(2020, 0, 2, 8) * 1000);
  });

  it('have a name made of the content when no bridge gave one', () => {
    const [first, second] = lines(2).map((line) => readBatchHeader(batchesOfRaw(line, DEPS)[0]!));
    expect(first!.sensor).toBe('bare');
    expect(first!.session).toMatch(/^raw-[0-9a-f]{2}$/);
    expect([first!.session, first!.sequence]).not.toEqual([second!.session, second!.sequence]);
  });

  it('decode as any other batch does', () => {
    const columns = allocateColumns();
    const header = decodeBatch(batchesOfRaw(block(lines(3)), DEPS)[0]!, [noCodec], columns);
    expect([header.count, columns.sourcePort[2], columns.destinationPort[2]]).toEqual([3, 3, 53]);
  });

  it.each([
    ['nothing', new Uint8Array(0), 'WIRE_FORMAT'],
    ['a damaged block', block(lines(1)).fill(0, 60), 'WIRE_CORRUPT'],
    ['noise', Uint8Array.from({ length: 64 }, (_, index) => (index * 37 + 200) & 255), 'WIRE_FORMAT'],
    ['only what tcpdump says about itself', Buffer.from('tcpdump: listening on eth0\n'), 'WIRE_FORMAT'],
  ])('of %s are refused for good', (_, bytes, code) => {
    expect(() => batchesOfRaw(bytes, DEPS)).toThrow(expect.objectContaining({ code, retriable: false }));
  });
});
