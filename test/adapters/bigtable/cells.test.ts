import { describe, expect, it } from 'vitest';
import { CellReader, type ReadRowsResponse } from '@tapline/adapters/bigtable/cells';

type Chunk = NonNullable<ReadRowsResponse['chunks']>[number];

const cell = (row: string, family: string, column: string, value: string, more: Chunk = {}): Chunk => ({
  rowKey: Buffer.from(row),
  familyName: { value: family },
  qualifier: { value: Buffer.from(column) },
  timestampMicros: '5000',
  value: Buffer.from(value),
  ...more,
});

function read(...responses: Chunk[][]): string[] {
  const reader = new CellReader();
  for (const chunks of responses) reader.add({ chunks });
  return reader
    .end()
    .map((found) => `${found.row} ${found.family}:${found.column}@${found.timestampUs}=${String(found.value)}`);
}

describe('cells from chunks', () => {
  it('take over row, family and column where a chunk leaves them out', () => {
    const chunks = [
      cell('r', 'f', 'a', '1'),
      { qualifier: { value: Buffer.from('b') }, timestampMicros: 7000, value: Buffer.from('2') },
      { timestampMicros: 6000, value: Buffer.from('3'), commitRow: true },
      cell('s', 'g', 'a', '4', { commitRow: true }),
    ];
    expect(read(chunks)).toEqual(['r f:a@5000=1', 'r f:b@7000=2', 'r f:b@6000=3', 's g:a@5000=4']);
  });

  it('join a value that comes in pieces, over several answers', () => {
    const first = cell('r', 'f', 'a', 'one', { valueSize: 9 });
    expect(
      read([first], [{ value: Buffer.from('two'), valueSize: 9 }], [{ value: Buffer.from('six'), commitRow: true }]),
    ).toEqual(['r f:a@5000=onetwosix']);
  });

  it('forget what came of a row that starts over', () => {
    const half = cell('r', 'f', 'a', 'old', { valueSize: 9 });
    expect(
      read([cell('r', 'f', 'a', 'x'), half, { resetRow: true }, cell('r', 'f', 'a', 'new', { commitRow: true })]),
    ).toEqual(['r f:a@5000=new']);
  });

  it('keep values of eight bytes as they are, and empty ones', () => {
    const eight = cell('r', 'f', 'a', '\0\0\0\0\0\0\0\u0007');
    expect(read([eight, { qualifier: { value: Buffer.from('b') }, commitRow: true }])).toEqual([
      'r f:a@5000=\0\0\0\0\0\0\0\u0007',
      'r f:b@0=',
    ]);
  });

  it('are no answer when it ends within a row', () => {
    expect(() => read([cell('r', 'f', 'a', 'x')])).toThrow(
      expect.objectContaining({ code: 'STORE', retriable: true }) as Error,
    );
  });
});
