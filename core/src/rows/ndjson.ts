/** Rows as newline-delimited JSON: one object per line, every field in every object, null where a packet has none. */
import type { RowWriter } from './row-writer.ts';
import { TextRows } from './text-rows.ts';

export const ndjsonRows = (): RowWriter =>
  new TextRows({
    head: '',
    before: ({ name }, index) => `${index === 0 ? '{' : ','}"${name}":`,
    quote: (text) => JSON.stringify(text),
    absent: 'null',
    lineEnd: '}\n',
  });
