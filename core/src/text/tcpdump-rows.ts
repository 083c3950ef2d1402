/** Rows of a whole block of tcpdump's text. */
import type { RowFiller } from '../raw/row-filler.ts';
import { splitRecords } from './split-records.ts';
import { TcpdumpParser } from './tcpdump-text.ts';

const parser = new TcpdumpParser();

/** One row for each packet's text, whatever is in it. */
export function tcpdumpRows(bytes: Uint8Array, arrivalUs: number, rows: RowFiller): void {
  splitRecords(bytes, (from, to) => {
    parser.parse(rows.columns, rows.next(), bytes, from, to, arrivalUs);
    rows.done();
  });
}
