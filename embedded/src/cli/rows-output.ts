/** Rows of a query as a table for people, or as ndjson or csv (RFC 4180) for programs. */

export type Row = Readonly<Record<string, unknown>>;
export const ROW_FORMATS = ['table', 'ndjson', 'csv'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

/** The text of all rows, ending with a newline unless there is nothing to say. */
export function rowsText(rows: readonly Row[], format: RowFormat): string {
  switch (format) {
    case 'ndjson':
      return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    case 'csv':
      return rows.length === 0 ? '' : csvText(rows);
    case 'table':
      return rows.length === 0 ? 'no rows\n' : tableText(rows);
  }
}

function csvText(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]!);
  const lines = [names, ...rows.map((row) => names.map((name) => cellText(row[name])))];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function tableText(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]!);
  const cells = rows.map((row) => names.map((name) => cellText(row[name])));
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]!.length)));
  const isNumber = names.map((name) => rows.every((row) => typeof row[name] === 'number' || row[name] === null));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => (isNumber[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [names, ...cells].map((row) => `${line(row)}\n`).join('');
}

/** Control characters never reach a terminal: names and summaries may hold what a packet said. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/\p{Cc}/gu, '�');
}
