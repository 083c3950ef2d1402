/** Rows as comma-separated values (RFC 4180) with a header line; what a packet does not have is empty. */
import { ROW_FIELDS } from './row-fields.ts';
import type { RowWriter } from './row-writer.ts';
import { TextRows } from './text-rows.ts';

export const csvRows = (): RowWriter =>
  new TextRows({
    head: `${ROW_FIELDS.map(({ name }) => name).join(',')}\r\n`,
    before: (_, index) => (index === 0 ? '' : ','),
    quote: (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text),
    absent: '',
    lineEnd: '\r\n',
  });
