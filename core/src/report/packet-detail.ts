/** Everything that is stored of one packet, column by column, each with its meaning. */
import { formatAddress, formatMac } from '../packet/address.ts';
import { LAYER, QUALITY, type ColumnName, type PacketColumns } from '../packet/columns.ts';
import { flagsText } from '../packet/flags.ts';
import { protocolName } from '../packet/names.ts';
import { formatTime } from '../packet/time.ts';
import { ROW_FIELDS, type RowField } from '../rows/row-fields.ts';
import { packetLine } from './packet-line.ts';
import type { PacketLine } from './snapshot.ts';

export interface PacketField {
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
}

export interface PacketDetail {
  readonly version: 1;
  readonly line: PacketLine;
  /** What the packet has; columns of headers that it lacks are left out. */
  readonly fields: readonly PacketField[];
}

const namesOf = (bits: number, names: Readonly<Record<string, number>>): string =>
  Object.entries(names)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name)
    .join(' ') || 'none';

const addressText = (name: ColumnName, columns: PacketColumns, row: number): string => {
  const isOuter = name === 'outerSource' || name === 'outerDestination';
  const type = (isOuter ? columns.outerAddressType : columns.addressType)[row]!;
  return formatAddress(columns[name], row, type);
};

const valueOf = ({ kind, column }: RowField, columns: PacketColumns, row: number): string => {
  switch (kind) {
    case 'number':
      return String(columns.firstNumber + row);
    case 'time':
      return formatTime(columns.timeUs[row]!, columns.timeNs[row]!);
    case 'mac':
      return formatMac(columns.sourceMacHigh[row]!, columns.sourceMacLow[row]!);
    case 'protocol':
      return protocolName(columns, row);
    case 'flags':
      return flagsText(columns.tcpFlags[row]!);
    case 'address':
      return addressText(column!, columns, row);
    case 'integer': {
      const value = columns[column!][row]!;
      if (column === 'layers') return namesOf(value, LAYER);
      return column === 'quality' ? namesOf(value, QUALITY) : String(value);
    }
  }
};

/** Row `row` of a batch of a session. */
export function packetDetail(columns: PacketColumns, row: number, session: string): PacketDetail {
  const layers = columns.layers[row]!;
  const has = ({ needs }: RowField): boolean => needs === 0 || (layers & needs) !== 0;
  return {
    version: 1,
    line: packetLine(columns, row, session),
    fields: ROW_FIELDS.filter(has).map((field) => ({
      name: field.name,
      value: valueOf(field, columns, row),
      meaning: field.doc,
    })),
  };
}
