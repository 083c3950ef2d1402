/**
 * The columns of a packet row as analysts see it: the seven everybody asks for first, the ports, then everything else
 * that a batch holds under its own name. Every row output (ndjson, csv, Arrow) has exactly these, in this order.
 */
import { COLUMNS, LAYER } from '../packet/columns.ts';
import type { ColumnName, ColumnType } from '../packet/columns.ts';

export interface RowField {
  readonly name: string;
  readonly kind: 'number' | 'time' | 'address' | 'mac' | 'protocol' | 'flags' | 'integer';
  /** Column the value is made from; for `number`, `time`, `mac` and `protocol` there is none alone. */
  readonly column: ColumnName | undefined;
  readonly type: ColumnType;
  /** Layer bits of which a row needs one for the value to exist; 0 = it always does. */
  readonly needs: number;
  readonly doc: string;
}

const ofColumn = (name: ColumnName, kind?: RowField['kind']): RowField => {
  const spec = COLUMNS.find((column) => column.name === name)!;
  const { type, needs, doc } = spec;
  return { name, kind: kind ?? (type === 'address' ? 'address' : 'integer'), column: name, type, needs, doc };
};

const FIRST: readonly RowField[] = [
  { name: 'number', kind: 'number', column: undefined, type: 'f64', needs: 0, doc: 'Number in the session, from 1' },
  { name: 'time', kind: 'time', column: undefined, type: 'f64', needs: 0, doc: 'Event time, UTC, with nanoseconds' },
  ofColumn('source'),
  ofColumn('destination'),
  { name: 'protocol', kind: 'protocol', column: undefined, type: 'u8', needs: 0, doc: 'IP protocol, or the EtherType' },
  ofColumn('length'),
  { ...ofColumn('tcpFlags', 'flags'), name: 'flags', needs: LAYER.tcp, doc: "TCP flags in tcpdump's letters" },
  ofColumn('sourcePort'),
  ofColumn('destinationPort'),
];

/** The two columns of a MAC address are one field, in the place of the first. */
const SOURCE_MAC: RowField = {
  name: 'sourceMac',
  kind: 'mac',
  column: undefined,
  type: 'address',
  needs: LAYER.mac,
  doc: 'Source MAC of the innermost link header (ARP: sender hardware address)',
};

const shown = new Set<string>([...FIRST.map(({ name }) => name), 'timeUs', 'timeNs', 'sourceMacLow']);

export const ROW_FIELDS: readonly RowField[] = [
  ...FIRST,
  ...COLUMNS.filter(({ name }) => !shown.has(name)).map(({ name }) =>
    name === 'sourceMacHigh' ? SOURCE_MAC : ofColumn(name),
  ),
];
