/** Whatever the bytes are, a frame becomes a row: no exception, no read outside the frame, no write outside the row. */
import fc from 'fast-check';
import { Decoder } from '@tapline/core/decode/decoder';
import { ADDRESS_TYPE, allocateColumns, COLUMNS, LAYER } from '@tapline/core/packet/columns';
import { describe, expect, it } from 'vitest';
import { FRAMES } from '../../fixtures/decode-frames.ts';
import { rowText } from '../../helpers/row-text.ts';

const LINK_TYPES = [0, 1, 9, 12, 14, 50, 51, 101, 104, 107, 108, 113, 127, 228, 229, 276, 65535];
const ROW = 5;

const columns = allocateColumns();
const NOTHING = Buffer.alloc(columns.buffer.byteLength);
const decoder = new Decoder();

/** Decodes into row ROW of the shared columns and gives every value of it; the columns are all zero again afterwards. */
function decode(bytes: Uint8Array, offset: number, captured: number, wire: number, linkType: number): Row {
  decoder.decode(columns, ROW, bytes, offset, captured, wire, 0, 0, linkType);
  const text = rowText(columns, ROW);
  const values = COLUMNS.map(({ name, type }) => {
    const width = type === 'address' ? 4 : 1;
    const cells = columns[name].subarray(ROW * width, (ROW + 1) * width);
    const copy = [...cells];
    cells.fill(0);
    return [name, copy] as const;
  });
  const wroteElsewhere = !Buffer.from(columns.buffer).equals(NOTHING);
  return { values: new Map<string, number[]>(values), text, wroteElsewhere };
}

interface Row {
  readonly values: ReadonlyMap<string, readonly number[]>;
  readonly text: string;
  readonly wroteElsewhere: boolean;
}

/** The frame between `before` and `after`, which must not matter. */
function surrounded(frame: Uint8Array, before: number, after: number): Uint8Array {
  const bytes = new Uint8Array(64 + frame.length + 64);
  bytes.fill(before, 0, 64);
  bytes.set(frame, 64);
  bytes.fill(after, 64 + frame.length);
  return bytes;
}

const mutatedFrame = fc
  .record({
    frame: fc.constantFrom(...Object.values(FRAMES)),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
    cut: fc.option(fc.nat()),
  })
  .map(({ frame, changes, cut }) => {
    const copy = Uint8Array.from(frame);
    for (const [at, value] of changes) copy[at % copy.length] = value;
    return cut === null ? copy : copy.subarray(0, cut % (copy.length + 1));
  });

const anyFrame = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutatedFrame);

describe('decoding any bytes', () => {
  it('gives the same row whatever lies around the frame, and writes no other row', () => {
    fc.assert(
      fc.property(anyFrame, fc.constantFrom(...LINK_TYPES), fc.nat(3000), (frame, linkType, uncaptured) => {
        const wire = frame.length + uncaptured;
        const one = decode(surrounded(frame, 0x00, 0xff), 64, frame.length, wire, linkType);
        const other = decode(surrounded(frame, 0x45, 0x11), 64, frame.length, wire, linkType);
        expect(one).toEqual(other);
        expect(one.wroteElsewhere).toBe(false);
        expect(one.values.get('length')).toEqual([wire]);
      }),
      { numRuns: 3000 },
    );
  });

  // Byte reads are watched here; reads of more bytes go through a DataView of the buffer, which throws beyond its end.
  it('never reads past the end of the buffer', () => {
    fc.assert(
      fc.property(anyFrame, fc.constantFrom(...LINK_TYPES), (frame, linkType) => {
        const reads: number[] = [];
        const watched = new Proxy(frame, {
          get(target, key) {
            const index = typeof key === 'string' ? Number(key) : NaN;
            if (Number.isInteger(index)) reads.push(index);
            return Reflect.get(target, key, target) as unknown;
          },
        });
        decode(watched, 0, frame.length, 9000, linkType);
        expect(reads.filter((index) => index < 0 || index >= frame.length)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives a row that says only what it has', () => {
    fc.assert(
      fc.property(anyFrame, fc.constantFrom(...LINK_TYPES), (frame, linkType) => {
        const { values, text } = decode(frame, 0, frame.length, frame.length, linkType);
        const [layers] = values.get('layers')!;
        for (const { name, needs } of COLUMNS) {
          if (needs !== 0 && (layers! & needs) === 0)
            expect([name, values.get(name)!.every((value) => value === 0)]).toEqual([name, true]);
        }
        expect((layers! & LAYER.addresses) !== 0).toBe(values.get('addressType')![0] !== ADDRESS_TYPE.none);
        expect(values.get('payloadLength')![0]).toBeLessThanOrEqual(frame.length);
        expect(text).not.toBe('');
      }),
      { numRuns: 3000 },
    );
  });

  it('takes lengths that no file can have', () => {
    const { tcpSyn } = FRAMES;
    for (const wire of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
      const { values } = decode(tcpSyn, 0, tcpSyn.length, wire, 1);
      expect([values.get('length'), values.get('sourcePort')]).toEqual([[wire], [50000]]);
    }
  });
});
