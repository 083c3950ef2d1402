import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { PipelineError } from '@tapline/core/errors';
import { allocateColumns, BATCH_CAPACITY, COLUMNS, QUALITY } from '@tapline/core/packet/columns';
import {
  BATCH_BYTES_MAX,
  createBatchScratch,
  decodeBatch,
  encodeBatch,
  readBatchHeader,
} from '@tapline/core/wire/batch';
import { contentHash } from '@tapline/core/wire/content-hash';
import { parseHeader, writeHeader } from '@tapline/core/wire/header-codec';
import { noCodec } from '@tapline/core/wire/no-codec';
import { anyColumns, expectSameRows, generator, randomColumns } from './columns-of.ts';

const meta = { sensor: 'instance-1', session: 'test_1.a', sequence: 7 };

const into = allocateColumns();

/** What decoding `bytes` ends in: its error code, or the decoded columns (valid until the next call). */
function outcome(bytes: Uint8Array): string | typeof into {
  try {
    decodeBatch(bytes, codecs, into);
    return into;
  } catch (error) {
    if (error instanceof PipelineError) return error.code;
    throw error;
  }
}

describe('a batch', () => {
  it('comes back exactly, whatever its columns hold and however it is compressed', () => {
    const scratch = createBatchScratch();
    fc.assert(
      fc.property(anyColumns, fc.constantFrom(...codecs), (columns, codec) => {
        // What an earlier batch left in the columns and in the scratch must not show.
        new Uint8Array(into.buffer).fill(0xa5);
        const { header, bytes } = encodeBatch(columns, meta, codec, scratch);
        expect(decodeBatch(bytes, codecs, into, scratch)).toEqual(header);
        expectSameRows(into, columns);
        expect(readBatchHeader(bytes)).toEqual(header);
        expect(bytes.length).toBeLessThan(BATCH_BYTES_MAX);
      }),
      { numRuns: 150 },
    );
  });

  it('has the same content hash under every codec, and another one when anything in it differs', () => {
    const columns = randomColumns(1, 100);
    const hashOf = (codec = noCodec): string => encodeBatch(columns, meta, codec).header.contentHash;
    expect(new Set(codecs.map(hashOf)).size).toBe(1);
    const before = hashOf();
    columns.ttl[50]! ^= 1;
    columns.layers[50] = 0xffff_ffff;
    expect(hashOf()).not.toBe(before);
  });

  it('says in its header what its rows add up to', () => {
    const columns = allocateColumns();
    columns.count = 3;
    columns.firstNumber = 41;
    columns.length.set([60, 1514, 9000]);
    columns.timeUs.set([5_000_000, -3, 4_000_000]);
    columns.quality[1] = QUALITY.malformedNetwork | QUALITY.truncated;
    columns.quality[2] = QUALITY.truncated;
    const { header } = encodeBatch(columns, meta, zstd);
    expect(header).toMatchObject({ ...meta, firstNumber: 41, count: 3, wireBytes: 10_574, malformed: 1 });
    expect(header).toMatchObject({ minTimeUs: -3, maxTimeUs: 5_000_000 });
  });

  it('stays under one megabyte even of pure noise', () => {
    const columns = randomColumns(2, BATCH_CAPACITY);
    const random = generator(3);
    for (const { name, type } of COLUMNS)
      if (type !== 'f64') columns[name].forEach((_, index) => (columns[name][index] = random() * 2 ** 32));
    for (const codec of codecs) expect(encodeBatch(columns, meta, codec).bytes.length).toBeLessThan(BATCH_BYTES_MAX);
  });

  it('never turns into other rows when a bit is flipped on the way', () => {
    const columns = randomColumns(4, 12);
    const random = generator(5);
    for (const codec of codecs) {
      const { bytes } = encodeBatch(columns, meta, codec);
      for (let at = 0; at < bytes.length; at++) {
        const flipped = bytes.slice();
        flipped[at]! ^= 1 << Math.floor(random() * 8);
        const result = outcome(flipped);
        // A few bits of compressed data mean nothing: then the rows are the same.
        if (typeof result === 'string') expect(result).toMatch(/^WIRE_(FORMAT|VERSION|CORRUPT)$/);
        else expectSameRows(result, columns);
      }
    }
  });

  it('is refused when it is cut short or has something behind it', () => {
    const { bytes } = encodeBatch(randomColumns(6, 20), meta, zstd);
    for (let length = 0; length < bytes.length; length++) expect(outcome(bytes.slice(0, length))).toMatch(/^WIRE_/);
    expect(outcome(Uint8Array.of(...bytes, 0))).toBe('WIRE_CORRUPT');
  });

  it('decodes wherever it lies in memory', () => {
    const columns = randomColumns(7, 50);
    for (const codec of codecs) {
      const { bytes } = encodeBatch(columns, meta, codec);
      for (let offset = 0; offset < 9; offset++) {
        const moved = new Uint8Array(bytes.length + 16);
        moved.set(bytes, offset);
        expectSameRows(outcome(moved.subarray(offset, offset + bytes.length)) as typeof into, columns);
      }
    }
  });
});

describe('a forged batch with right checksums', () => {
  const forge = (body: Uint8Array, stored: Uint8Array, header: Partial<ReturnType<typeof parseHeader>>): Uint8Array => {
    const framed = parseHeader(encodeBatch(randomColumns(8, 12), meta, noCodec).bytes);
    const bytes = new Uint8Array(framed.headerBytes + stored.length);
    const sizes = { bodyBytes: body.length, storedBytes: stored.length, contentHash: contentHash(body) };
    writeHeader(bytes, { ...framed, ...sizes, ...header });
    bytes.set(stored, framed.headerBytes);
    return bytes;
  };
  const { bytes: honest } = encodeBatch(randomColumns(8, 12), meta, noCodec);
  const body = honest.slice(parseHeader(honest).headerBytes);

  it('ends in an error or in rows, never in a crash', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const changed = body.slice();
          for (const [at, value] of changes) changed[at] = value;
          const result = outcome(forge(changed, changed, {}));
          if (typeof result === 'string') expect(result).toBe('WIRE_CORRUPT');
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('cannot make a reader unpack more than a batch can be', () => {
    const bomb = zstd.compress(new Uint8Array(100_000_000));
    expect(outcome(forge(body, bomb, { codecId: zstd.id }))).toBe('WIRE_CORRUPT');
    expect(outcome(forge(body, bomb, { codecId: zstd.id, bodyBytes: 100_000_000 }))).toBe('WIRE_CORRUPT');
  });

  it('cannot lie about packets or bytes', () => {
    const framed = parseHeader(honest);
    const lies = [{ count: 11 }, { wireBytes: framed.wireBytes + 1 }, { malformed: framed.malformed === 0 ? 1 : 0 }];
    for (const lie of [...lies, { minTimeUs: framed.minTimeUs - 1 }, { maxTimeUs: framed.maxTimeUs + 1 }]) {
      expect(outcome(forge(body, body, lie))).toBe('WIRE_CORRUPT');
    }
    expect(outcome(forge(body, body, {}))).not.toBe('WIRE_CORRUPT');
  });
});

describe('the version check', () => {
  const { bytes } = encodeBatch(randomColumns(9, 5), meta, zstd);
  const withByte = (at: number, value: number): Uint8Array => bytes.with(at, value);

  it('says which version a newer batch has', () => {
    expect(() => readBatchHeader(withByte(4, 7))).toThrow('batch format 7 is newer than this build (2)');
    expect(outcome(withByte(4, 7))).toBe('WIRE_VERSION');
    expect(outcome(withByte(4, 0))).toBe('WIRE_VERSION');
  });

  it('refuses the batches of version 1, whose rows have neither MAC nor TCP header length', () => {
    const old = readFileSync(join(import.meta.dirname, '../../golden/wire/v1-zstd.bin'));
    expect(outcome(old)).toBe('WIRE_VERSION');
    expect(() => readBatchHeader(old)).toThrow('batch format 1 is older than this build (2)');
  });

  it('tells something else from a batch, and a codec it does not have from damage', () => {
    expect(outcome(withByte(0, 0x50))).toBe('WIRE_FORMAT');
    expect(outcome(new Uint8Array(0))).toBe('WIRE_FORMAT');
    expect(() => decodeBatch(bytes, [noCodec], into)).toThrow('this build has no batch codec 1');
  });

  it('refuses names that a key or a path could misread', () => {
    for (const sensor of ['', 'a/b', 'ä', 'x'.repeat(65), 'a b']) {
      expect(() => encodeBatch(randomColumns(1, 1), { ...meta, sensor }, zstd)).toThrow(/^sensor /);
    }
    expect(() => encodeBatch(randomColumns(1, 1), { ...meta, session: '*' }, zstd)).toThrow(/^session /);
  });
});
