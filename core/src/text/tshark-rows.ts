/**
 * Rows of tshark's JSON (`-T json`, an array over many lines) and EK (`-T ek`, a line per packet and an index line before
 * it), whole or any part of either. tshark dissects everything and prints raw sequence numbers too, so the text holds all
 * our columns. A packet whose text is cut is a row that says so. Tested with tshark 4.0, which counts fragment offsets in
 * units of eight bytes.
 */
import { asciiBytes } from '../rows/ascii.ts';
import type { RowFiller } from '../raw/row-filler.ts';
import { QUALITY } from '../packet/columns.ts';
import { standsAt } from './byte-text.ts';
import { splitRecords } from './split-records.ts';
import { TextRow } from './text-row.ts';
import { fillRow } from './tshark-layers.ts';
import { TsharkPacket } from './tshark-packet.ts';

const EK_INDEX = asciiBytes('{"index"');

const packet = new TsharkPacket();
let scratchRow: TextRow | undefined;

/**
 * One row for each packet's text, whatever is in it.
 * @param arrivalUs when the text arrived, microseconds since 1970: the event time of a packet whose text has none
 */
export function tsharkRows(bytes: Uint8Array, arrivalUs: number, rows: RowFiller): void {
  splitRecords(bytes, (from, to) => {
    if (standsAt(bytes, from, to, EK_INDEX)) return;
    const row = (scratchRow ??= new TextRow(rows.columns));
    row.begin(rows.columns, rows.next());
    const isWhole = packet.read(bytes, from, to);
    fillRow(packet, row, arrivalUs);
    if (!isWhole) row.c.quality |= QUALITY.malformedLink;
    row.finish();
    rows.done();
  });
}
