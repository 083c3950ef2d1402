/** Packets as rows of table `packets`: its columns are those of every row output (core/src/rows/row-fields.ts). */
import { formatAddress, formatMac } from '@tapline/core/packet/address';
import { type ColumnName, type PacketColumns } from '@tapline/core/packet/columns';
import { flagsText } from '@tapline/core/packet/flags';
import { protocolName } from '@tapline/core/packet/names';
import { ROW_FIELDS, type RowField } from '@tapline/core/rows/row-fields';
import type { CqlValue, Statement } from './session.ts';
import { bucketStart, MINUTE_US, SECOND_US, timestamp } from './times.ts';

/** Event time that one partition holds: a sixth of a minute. */
const PART_US = 10 * SECOND_US;
/** A partition is to hold fewer than 100,000 rows. */
export const ROWS_PER_SECOND_MOST = 9_000;

/** `tcp_ts_value` of `tcpTsValue`. */
export const columnName = (field: string): string => field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const FIELDS = ROW_FIELDS.filter(({ kind }) => kind !== 'time');
const KEY = ['sensor', 'minute', 'part', 'time', 'time_ns', 'session'];
const NAMES = [...KEY, ...FIELDS.map(({ name }) => columnName(name))];
const INSERT = `INSERT INTO packets (${NAMES.join(', ')}) VALUES (${NAMES.map(() => '?').join(', ')})`;

/** Value of a field in a row; undefined where the packet has none. */
type Reader = (columns: PacketColumns, row: number) => CqlValue;

function readerOf(field: RowField): Reader {
  switch (field.kind) {
    case 'number':
      return (columns, row) => columns.firstNumber + row;
    case 'protocol':
      return protocolName;
    case 'flags':
      return (columns, row) => (has(columns, row, field) ? flagsText(columns.tcpFlags[row]!) : undefined);
    case 'address':
      return addressReader(field);
    case 'mac':
      return (columns, row) =>
        has(columns, row, field) ? formatMac(columns.sourceMacHigh[row]!, columns.sourceMacLow[row]!) : undefined;
    case 'integer':
      return integerReader(field);
    case 'time':
      throw new Error('time is part of the key');
  }
}

const has = (columns: PacketColumns, row: number, { needs }: RowField): boolean =>
  needs === 0 || (columns.layers[row]! & needs) !== 0;

function integerReader(field: RowField): Reader {
  const name = field.column as Exclude<ColumnName, 'source'>;
  return (columns, row) => (has(columns, row, field) ? columns[name][row]! : undefined);
}

function addressReader(field: RowField): Reader {
  const name = field.column as 'source' | 'destination' | 'outerSource' | 'outerDestination';
  const typeName = name.startsWith('outer') ? 'outerAddressType' : 'addressType';
  return (columns, row) => {
    const type = columns[typeName][row]!;
    return type === 0 || !has(columns, row, field) ? undefined : formatAddress(columns[name], row, type);
  };
}

const READERS: readonly Reader[] = FIELDS.map(readerOf);

/**
 * The rows of a batch, by partition.
 * @param columns read at once and not kept
 */
export function packetRows(sensor: string, session: string, columns: PacketColumns): Statement[][] {
  const partitions = new Map<number, Statement[]>();
  for (let row = 0; row < columns.count; row++) {
    const timeUs = columns.timeUs[row]!;
    const startUs = bucketStart(timeUs, PART_US);
    let partition = partitions.get(startUs);
    if (partition === undefined) partitions.set(startUs, (partition = []));
    partition.push(packetRow(sensor, session, columns, row, startUs));
  }
  return [...partitions.values()];
}

function packetRow(sensor: string, session: string, columns: PacketColumns, row: number, startUs: number): Statement {
  const timeUs = columns.timeUs[row]!;
  const minuteUs = bucketStart(startUs, MINUTE_US);
  const timeNs = (timeUs - Math.floor(timeUs / 1000) * 1000) * 1000 + columns.timeNs[row]!;
  const values: CqlValue[] = [
    sensor,
    timestamp(minuteUs),
    (startUs - minuteUs) / PART_US,
    timestamp(timeUs),
    timeNs,
    session,
  ];
  for (const read of READERS) values.push(read(columns, row));
  return { cql: INSERT, values };
}

/** Columns of table `packets` by name, with the type a value of each needs; the schema must have these and no others. */
export function packetColumnTypes(): ReadonlyMap<string, string> {
  const integers = { u8: 'smallint', u16: 'int', u32: 'bigint', f64: 'bigint', address: 'text' } as const;
  const types = new Map<string, string>([
    ['sensor', 'text'],
    ['minute', 'timestamp'],
    ['part', 'tinyint'],
    ['time', 'timestamp'],
    ['time_ns', 'int'],
    ['session', 'text'],
  ]);
  for (const { name, kind, type } of FIELDS) {
    types.set(columnName(name), kind === 'protocol' || kind === 'flags' ? 'text' : integers[type]);
  }
  return types;
}
