/**
 * The columns of the Arrow stream inside a batch, derived from COLUMNS: every packet column becomes one unsigned integer
 * column, or several where it is wider than 32 bits. `flowDistance` comes first: it rebuilds the flow index that the
 * other columns are predicted from.
 */
import { COLUMNS } from '../packet/columns.ts';
import type { Coding, ColumnName, ColumnType } from '../packet/columns.ts';

export interface WireColumn {
  readonly name: string;
  readonly coding: Coding | 'distance';
  /** Widest integer a value of this column can need. */
  readonly bits: 8 | 16 | 32;
}

interface Part {
  readonly suffix: string;
  readonly bits: 8 | 16 | 32;
}

/** Times are cut into 16 + 16 + 32 bits: the middle of a time difference is nearly always 0 and its low part noise. */
const PARTS: Record<ColumnType, readonly Part[]> = {
  u8: [{ suffix: '', bits: 8 }],
  u16: [{ suffix: '', bits: 16 }],
  u32: [{ suffix: '', bits: 32 }],
  f64: [
    { suffix: '.low', bits: 16 },
    { suffix: '.middle', bits: 16 },
    { suffix: '.high', bits: 32 },
  ],
  address: ['.0', '.1', '.2', '.3'].map((suffix) => ({ suffix, bits: 32 })),
};

/** Position of `flowDistance`: rows back to the previous row of the same flow, 0 = first row of its flow. */
export const FLOW_DISTANCE = 0;

export const WIRE_COLUMNS: readonly WireColumn[] = [
  { name: 'flowDistance', coding: 'distance', bits: 16 },
  ...COLUMNS.flatMap(({ name, type, coding }) =>
    PARTS[type].map(({ suffix, bits }): WireColumn => ({ name: name + suffix, coding, bits })),
  ),
];

/** Position in WIRE_COLUMNS of the first part of a packet column. */
export const WIRE_POSITION: Readonly<Record<ColumnName, number>> = (() => {
  const positions: Partial<Record<ColumnName, number>> = {};
  let at = FLOW_DISTANCE + 1;
  for (const { name, type } of COLUMNS) {
    positions[name] = at;
    at += PARTS[type].length;
  }
  return positions as Record<ColumnName, number>;
})();
