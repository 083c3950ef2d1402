/**
 * Rows of `tshark -T fields`: a line per packet, a tab between fields. A field that a packet has several times is a list with
 * commas: its values belong to the layers of that name from the outside in, of which frame.protocols says the order.
 * Without frame.protocols only the outermost of each are read.
 */
import { QUALITY } from '../packet/columns.ts';
import type { RowFiller } from '../raw/row-filler.ts';
import { NEWLINE } from './byte-text.ts';
import type { FieldColumn } from './field-names.ts';
import { TextRow } from './text-row.ts';
import { fillRow } from './tshark-layers.ts';
import { LAYER_NAMES, TsharkPacket } from './tshark-packet.ts';

const TAB = 0x09;
const RETURN = 0x0d;
const COMMA = 0x2c;
const QUOTES = [0x22, 0x27];
/** Values of one field that are looked at: layers inside layers. */
const VALUES_MAX = 8;
/** What chosen fields cannot say of a packet. */
const UNTOLD = QUALITY.malformedLink | QUALITY.malformedNetwork | QUALITY.headerCut;
const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58, sctp: 132 };

export class FieldRows {
  readonly #columns: readonly FieldColumn[];
  readonly #packet = new TsharkPacket();
  /** Index of the nth layer of each name in the packet, -1 = none yet. */
  readonly #places = new Int8Array(LAYER_NAMES.length * VALUES_MAX);
  #row: TextRow | undefined;

  constructor(columns: readonly FieldColumn[]) {
    this.#columns = columns;
    this.#packet.isPartial = true;
  }

  /** One row for each line that is not empty. */
  rows(bytes: Uint8Array, arrivalUs: number, rows: RowFiller): void {
    for (let from = 0; from < bytes.length;) {
      const found = bytes.indexOf(NEWLINE, from);
      const end = found < 0 ? bytes.length : found;
      const to = end > from && bytes[end - 1] === RETURN ? end - 1 : end;
      if (to > from) {
        const row = (this.#row ??= new TextRow(rows.columns));
        row.begin(rows.columns, rows.next());
        this.#read(bytes, from, to);
        fillRow(this.#packet, row, arrivalUs);
        this.#inferProtocol(row);
        row.c.quality &= ~UNTOLD;
        row.finish();
        rows.done();
      }
      from = end + 1;
    }
  }

  #read(bytes: Uint8Array, from: number, to: number): void {
    this.#packet.begin(bytes);
    this.#places.fill(-1);
    let at = from;
    for (const column of this.#columns) {
      if (at > to) break;
      const found = bytes.indexOf(TAB, at);
      const end = found < 0 || found > to ? to : found;
      if (column.id >= 0 && end > at) this.#readCell(column, bytes, at, end);
      at = end + 1;
    }
    this.#packet.order = LAYER_NAMES.filter((_, layer) => this.#places[layer * VALUES_MAX]! >= 0);
  }

  #readCell({ id, layer }: FieldColumn, bytes: Uint8Array, from: number, to: number): void {
    const isQuoted = to - from >= 2 && QUOTES.includes(bytes[from]!) && bytes[to - 1] === bytes[from];
    const end = isQuoted ? to - 1 : to;
    let at = isQuoted ? from + 1 : from;
    for (let nth = 0; nth < VALUES_MAX && at < end; nth++) {
      const found = bytes.indexOf(COMMA, at);
      const stop = found < 0 || found > end ? end : found;
      const place = layer * VALUES_MAX + nth;
      if (this.#places[place]! < 0) this.#places[place] = this.#packet.addLayer(layer);
      if (this.#places[place]! >= 0) this.#packet.add(this.#places[place]!, id, at, stop);
      at = stop + 1;
    }
  }

  /** Who gives ports of TCP says that it is TCP. */
  #inferProtocol(row: TextRow): void {
    if (row.protocol >= 0) return;
    const name = this.#packet.order?.find((one) => one in PROTOCOL_NUMBERS);
    if (name !== undefined && row.c.networks > 0) row.setProtocol(PROTOCOL_NUMBERS[name]!);
  }
}
