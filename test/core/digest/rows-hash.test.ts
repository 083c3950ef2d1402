/** The hash over packet rows: every column of every row, their numbers, and nothing of how they were cut. */
import { newHash } from '@tapline/adapters/hash/sha256';
import { RowsHash } from '@tapline/core/digest/rows-hash';
import { COLUMNS, type PacketColumns } from '@tapline/core/packet/columns';
import { describe, expect, it } from 'vitest';
import { recut } from '../../helpers/packets.ts';
import { randomColumns } from '../wire/columns-of.ts';

const ROWS = 500;

function textOf(...batches: PacketColumns[]): string {
  const hash = new RowsHash(newHash);
  for (const batch of batches) hash.add(batch);
  return hash.text();
}

describe('the hash over packet rows', () => {
  it('covers every column of every row', () => {
    const columns = randomColumns(1, ROWS);
    const before = textOf(columns);
    for (const { name, type } of COLUMNS) {
      const words = type === 'address' ? 4 : 1;
      for (const place of [0, ROWS * words - 1]) {
        columns[name][place]! ^= 1;
        expect(textOf(columns), `${name} at ${place}`).not.toBe(before);
        columns[name][place]! ^= 1;
      }
    }
  });

  it('does not cover what is beyond the last row', () => {
    const columns = randomColumns(2, ROWS);
    const before = textOf(columns);
    columns.length[ROWS] = 7;
    expect(textOf(columns)).toBe(before);
  });

  it('covers the numbers of the rows', () => {
    const columns = randomColumns(3, ROWS);
    const before = textOf(columns);
    columns.firstNumber++;
    expect(textOf(columns)).not.toBe(before);
  });

  it('tells a batch that is not there, or cannot be read, from one that never was', () => {
    const [first, second, third] = recut([randomColumns(4, 30)], [10]) as [PacketColumns, PacketColumns, PacketColumns];
    const unreadable = new RowsHash(newHash);
    unreadable.add(first);
    unreadable.addUnreadable(second.firstNumber, second.count);
    unreadable.add(third);
    const texts = [textOf(first, second, third), textOf(first, third), textOf(first, second), unreadable.text()];
    expect(new Set(texts).size).toBe(texts.length);
  });
});
