import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { PipelineError } from '@tapline/core/errors';
import {
  decodeRawBlock,
  encodeRawBlock,
  isRawBlock,
  RAW_RECORDS_MAX,
  type RawBlock,
} from '@tapline/core/raw/raw-block';
import { noCodec } from '@tapline/core/wire/no-codec';
import { xxHash32 } from '@tapline/core/wire/content-hash';

const text = (line: string): Uint8Array => Uint8Array.from(Buffer.from(line));
const block = {
  sensor: 'instance-1',
  session: 'raw-0-20170706',
  sequence: 4_294_967_301,
  arrivalMs: 1_499_348_400_123,
  records: [
    text('13:40:00.000001 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 1'),
    text(''),
    Uint8Array.from({ length: 256 }, (_, i) => i),
  ],
};

/** What decoding gives, with plain arrays for records whatever a codec made them views of. */
function decoded(bytes: Uint8Array): RawBlock {
  const { records, ...names } = decodeRawBlock(bytes, codecs);
  return { ...names, records: records.map((record) => Uint8Array.from(record)) };
}

/** The code of the error that decoding throws; fails when it throws anything else or nothing. */
function refusal(bytes: Uint8Array): string {
  try {
    decodeRawBlock(bytes, codecs);
  } catch (error) {
    if (error instanceof PipelineError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** The block with bytes of its header changed and the header checksum made right again, as a forger would. */
function forged(change: (view: DataView) => void): Uint8Array {
  const bytes = encodeRawBlock(block, noCodec);
  const view = new DataView(bytes.buffer);
  const end = view.getUint16(6, true) - 4;
  change(view);
  view.setUint32(end, xxHash32(bytes.subarray(0, end)), true);
  return bytes;
}

describe('a raw block', () => {
  it.each([noCodec, zstd])('gives back its names, numbers and every byte of its records ($name)', (codec) => {
    const bytes = encodeRawBlock(block, codec);
    expect(isRawBlock(bytes)).toBe(true);
    expect(decoded(bytes)).toEqual(block);
  });

  it('gives back any records', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 50 }), (records) => {
        expect(decoded(encodeRawBlock({ ...block, records }, zstd)).records).toEqual(records);
      }),
    );
  });

  it('is read from the middle of a larger buffer too', () => {
    const bytes = encodeRawBlock(block, noCodec);
    const larger = new Uint8Array(bytes.length + 20);
    larger.set(bytes, 7);
    expect(decoded(larger.subarray(7, 7 + bytes.length))).toEqual(block);
  });

  it('is the same bytes for the same records, whatever the broker fetched them with', () => {
    const copies = block.records.map((record) => new Uint8Array([0, ...record]).subarray(1));
    expect(encodeRawBlock({ ...block, records: copies }, zstd)).toEqual(encodeRawBlock(block, zstd));
  });

  it('keeps text in few bytes', () => {
    const records = Array.from({ length: 500 }, (_, i) => text(`13:40:00.${100_000 + i} IP 10.0.0.1 > 10.0.0.2: ping`));
    expect(encodeRawBlock({ ...block, records }, zstd).length).toBeLessThan(500 * 10);
  });

  it('refuses to be written without records, with too many, or under names that are none', () => {
    expect(() => encodeRawBlock({ ...block, records: [] }, noCodec)).toThrow(/0 records/);
    const many = Array.from({ length: RAW_RECORDS_MAX + 1 }, () => new Uint8Array());
    expect(() => encodeRawBlock({ ...block, records: many }, noCodec)).toThrow(/records/);
    expect(() => encodeRawBlock({ ...block, sensor: 'a/b' }, noCodec)).toThrow(/sensor/);
    expect(() => encodeRawBlock({ ...block, records: [new Uint8Array(8_400_001)] }, noCodec)).toThrow(/at most/);
  });
});

describe('hostile raw blocks', () => {
  it('are told from other messages', () => {
    expect(isRawBlock(new Uint8Array())).toBe(false);
    expect(isRawBlock(text('TPLN but not raw'))).toBe(false);
    expect(refusal(text('13:40:00 IP'))).toBe('WIRE_FORMAT');
  });

  it('are refused when a single bit is wrong, wherever it is', () => {
    const bytes = encodeRawBlock(block, zstd);
    for (let at = 0; at < bytes.length; at++) {
      const wrong = bytes.slice();
      wrong[at]! ^= 1 << (at % 8);
      expect(refusal(wrong), `byte ${at}`).toMatch(/^WIRE_/);
    }
  });

  it('are refused at every length but their own', () => {
    const bytes = encodeRawBlock(block, zstd);
    for (let length = 0; length < bytes.length; length++) expect(refusal(bytes.subarray(0, length))).toMatch(/^WIRE_/);
    expect(refusal(new Uint8Array([...bytes, 0]))).toBe('WIRE_CORRUPT');
  });

  it.each([
    [
      'a newer version',
      (view: DataView) => {
        view.setUint8(4, 9);
      },
      'WIRE_VERSION',
    ],
    [
      'an unknown codec',
      (view: DataView) => {
        view.setUint8(5, 99);
      },
      'WIRE_VERSION',
    ],
    [
      'no record',
      (view: DataView) => {
        view.setUint32(24, 0, true);
      },
      'WIRE_CORRUPT',
    ],
    [
      'four billion records',
      (view: DataView) => {
        view.setUint32(24, 0xffff_ffff, true);
      },
      'WIRE_CORRUPT',
    ],
    [
      'one record more than there is',
      (view: DataView) => {
        view.setUint32(24, 4, true);
      },
      'WIRE_CORRUPT',
    ],
    [
      'one record less',
      (view: DataView) => {
        view.setUint32(24, 2, true);
      },
      'WIRE_CORRUPT',
    ],
    [
      'a body of four gigabytes',
      (view: DataView) => {
        view.setUint32(28, 0xffff_ffff, true);
      },
      'WIRE_CORRUPT',
    ],
    [
      'a sequence that is no number',
      (view: DataView) => {
        view.setFloat64(8, NaN, true);
      },
      'WIRE_CORRUPT',
    ],
    [
      'a sequence below 0',
      (view: DataView) => {
        view.setFloat64(8, -1, true);
      },
      'WIRE_CORRUPT',
    ],
    [
      'an arrival beyond all time',
      (view: DataView) => {
        view.setFloat64(16, 1e300, true);
      },
      'WIRE_CORRUPT',
    ],
    [
      'a name with a slash',
      (view: DataView) => {
        view.setUint8(44, 0x2f);
      },
      'WIRE_CORRUPT',
    ],
  ])('are refused with %s under a right checksum', (_, change, code) => {
    expect(refusal(forged(change))).toBe(code);
  });

  it('never inflate beyond what they say', () => {
    const bomb = encodeRawBlock({ ...block, records: [new Uint8Array(8_000_000)] }, zstd);
    const view = new DataView(bomb.buffer);
    const end = view.getUint16(6, true) - 4;
    view.setUint32(28, 100, true);
    view.setUint32(end, xxHash32(bomb.subarray(0, end)), true);
    expect(bomb.length).toBeLessThan(2000);
    expect(refusal(bomb)).toBe('WIRE_CORRUPT');
  });
});
