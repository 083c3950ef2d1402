import { tableFromIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { createBatchScratch, encodeBatch } from '@tapline/core/wire/batch';
import { encodeColumns } from '@tapline/core/wire/encode-columns';
import { parseHeader } from '@tapline/core/wire/header-codec';
import { noCodec } from '@tapline/core/wire/no-codec';
import { WIRE_COLUMNS } from '@tapline/core/wire/wire-columns';
import { randomColumns } from './columns-of.ts';

describe('the body of a batch', () => {
  it.each([0, 1, 7, 500, 4096])('is an Arrow stream that the library reads as written, with %i rows', (rows) => {
    const columns = randomColumns(rows, rows);
    const { bytes } = encodeBatch(columns, { sensor: 's', session: 's', sequence: 0 }, noCodec);
    const table = tableFromIPC(bytes.subarray(parseHeader(bytes).headerBytes));
    expect(table.numRows).toBe(rows);
    expect(table.schema.fields.map(({ name, nullable }) => ({ name, nullable }))).toEqual(
      WIRE_COLUMNS.map(({ name }) => ({ name, nullable: false })),
    );
    const residuals = WIRE_COLUMNS.map((): number[] => []);
    encodeColumns(columns, createBatchScratch(), {
      put: (column, values, union) => {
        residuals[column] = Array.from(values.subarray(0, rows), (value) => (union === 0 ? 0 : value >>> 0));
      },
    });
    WIRE_COLUMNS.forEach(({ name }, index) => {
      expect(Array.from(table.getChild(name)!), name).toEqual(residuals[index]);
    });
  });

  it('says what it is: version, and how each column is coded', () => {
    const { bytes } = encodeBatch(randomColumns(1, 3), { sensor: 's', session: 's', sequence: 0 }, noCodec);
    const { metadata } = tableFromIPC(bytes.subarray(parseHeader(bytes).headerBytes)).schema;
    expect(metadata.get('tapline.version')).toBe('2');
    expect(metadata.get('tapline.codings')!.split(',')).toEqual(WIRE_COLUMNS.map(({ coding }) => coding));
  });
});
