/** Batches for the wire tests: random ones, and comparing two of them column by column. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { allocateColumns, BATCH_CAPACITY, COLUMNS } from '@tapline/core/packet/columns';
import type { ColumnType, PacketColumns } from '@tapline/core/packet/columns';

const LARGEST: Record<ColumnType, number> = {
  u8: 255,
  u16: 65_535,
  u32: 2 ** 32 - 1,
  f64: 2 ** 53 - 1,
  address: 2 ** 32 - 1,
};

/** Elements a column has for `rows` rows. */
export const elements = (type: ColumnType, rows: number): number => (type === 'address' ? 4 : 1) * rows;

/** What a column may look like inside one batch. */
const SHAPES = ['zero', 'constant', 'few', 'small', 'counting', 'any'] as const;
type Shape = (typeof SHAPES)[number];

function fill(
  array: Uint8Array | Float64Array,
  length: number,
  shape: Shape,
  largest: number,
  random: () => number,
): void {
  const any = (): number => Math.floor(random() * (largest + 1));
  const constant = any();
  const sign = largest > 2 ** 32 && random() < 0.3 ? -1 : 1;
  for (let index = 0; index < length; index++) {
    if (shape === 'constant') array[index] = sign * constant;
    else if (shape === 'few') array[index] = random() < 0.05 ? sign * any() : 0;
    else if (shape === 'small') array[index] = Math.floor(random() * 4);
    else if (shape === 'counting') array[index] = (constant + index) % (largest + 1);
    else if (shape === 'any') array[index] = random() < 0.5 ? any() : -any() * (largest > 2 ** 32 ? 1 : 0);
    if (array[index] === 0) array[index] = 0;
  }
}

/** Small fast generator (mulberry32), so that one fast-check seed makes a whole batch. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A batch in which every column has a random shape; columns whose layer no row has are zero, as decoders leave them. */
export function randomColumns(seed: number, rows: number): PacketColumns {
  const random = generator(seed);
  const columns = allocateColumns();
  columns.count = rows;
  columns.firstNumber = Math.floor(random() * 2 ** 40);
  const flows = 1 + Math.floor(random() * random() * 3000);
  let layers = 0;
  for (const { name, type, needs } of COLUMNS) {
    const array = columns[name] as Uint8Array | Float64Array;
    const shape = SHAPES[Math.floor(random() * SHAPES.length)]!;
    if (name === 'flow') for (let row = 0; row < rows; row++) columns.flow[row] = Math.floor(random() * flows);
    else if (name === 'direction' && random() < 0.8) fill(array, rows, 'small', 1, () => random() / 2);
    else if (needs === 0 || (layers & needs) !== 0) fill(array, elements(type, rows), shape, LARGEST[type], random);
    if (name === 'layers') layers = columns.layers.reduce((union, bits) => union | bits, 0);
  }
  return columns;
}

/** Batches of any size; sizes around the edges are as likely as large ones. */
export const anyColumns = fc
  .record({
    seed: fc.integer(),
    rows: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 600 }), fc.constant(BATCH_CAPACITY)),
  })
  .map(({ seed, rows }) => randomColumns(seed, rows));

/** Fails unless both have the same rows. */
export function expectSameRows(actual: PacketColumns, expected: PacketColumns): void {
  expect(actual.count).toBe(expected.count);
  expect(actual.firstNumber).toBe(expected.firstNumber);
  for (const { name, type } of COLUMNS) {
    const length = elements(type, expected.count);
    const [a, b] = [actual[name].subarray(0, length), expected[name].subarray(0, length)];
    const difference = a.findIndex((value: number, index: number) => value !== b[index]);
    if (difference >= 0) expect.fail(`${name}[${difference}]: ${a[difference]} instead of ${b[difference]}`);
  }
}
