import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  batchColumn,
  decodeStart,
  encodeStart,
  escapeName,
  indexRow,
  shardOf,
  splitColumn,
  startOfRow,
  unescapeName,
  windowRow,
} from '@tapline/adapters/bigtable/row-key';
import { compareText } from '@tapline/adapters/memory/text-order';
import { HOSTILE_NAMES } from '../../contract/harness.ts';

const name = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(...HOSTILE_NAMES),
);
const startUs = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, 1, -20, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
);
const sign = (a: string, b: string): number => (a === b ? 0 : Buffer.from(a).compare(Buffer.from(b)));

describe('row keys of window state', () => {
  it('bring every name back, in printable ASCII without the separator', () => {
    fc.assert(
      fc.property(name, (text) => {
        expect(escapeName(text)).toMatch(/^[\x24-\x7e]*$/);
        expect(unescapeName(escapeName(text))).toBe(text);
      }),
    );
  });

  it('sort names as the stores sort text', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(sign(escapeName(a), escapeName(b))).toBe(Math.sign(compareText(a, b)));
      }),
    );
  });

  it('bring every time back and sort times as numbers, before 1970 as well', () => {
    fc.assert(
      fc.property(startUs, startUs, (a, b) => {
        expect(decodeStart(encodeStart(a))).toBe(a);
        expect(sign(encodeStart(a), encodeStart(b))).toBe(Math.sign(a - b));
        expect(startOfRow(windowRow({ sensor: 'a#b', windowStartUs: a }, 3))).toBe(a);
      }),
    );
  });

  it('sort batches by session, then sequence', () => {
    const batch = fc.record({ session: name, sequence: fc.nat() });
    fc.assert(
      fc.property(batch, batch, (a, b) => {
        const order = compareText(a.session, b.session) || a.sequence - b.sequence;
        expect(sign(batchColumn(a), batchColumn(b))).toBe(Math.sign(order));
        const { session, rest } = splitColumn(batchColumn(a));
        expect([unescapeName(session), Number(rest)]).toEqual([a.session, a.sequence]);
      }),
    );
  });

  it('are read by people', () => {
    expect(windowRow({ sensor: 'instance-1', windowStartUs: 1_499_258_930_000_000 }, 0)).toBe(
      'instance-1#0#p1499258930000000',
    );
    expect(indexRow('instance-1', 'changed')).toBe('instance-1#changed');
    expect(batchColumn({ session: '3f2a', sequence: 12 })).toBe('3f2a#0000000000000012');
  });

  it('keep the rows of one sensor apart from those of another whose name begins alike', () => {
    expect(windowRow({ sensor: 'a#0', windowStartUs: 0 }, 0).startsWith('a#0#')).toBe(false);
  });

  it('refuse a name that is longer than a key may be', () => {
    expect(() => windowRow({ sensor: '\u{1f600}'.repeat(600), windowStartUs: 0 }, 0)).toThrow(/too long for a row key/);
  });

  it('spread batches over all shards', () => {
    const counts = new Map<number, number>();
    for (let i = 0; i < 1600; i++) {
      const shard = shardOf(`instance-1/3f2a/${i}`, 16);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    expect(Math.min(...counts.values())).toBeGreaterThan(50);
  });
});
