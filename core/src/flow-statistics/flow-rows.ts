/** Flows as lines of text: the corrected tool's CSV, plain CSV (RFC 4180) or newline-delimited JSON. */
import {
  DEFAULT_LABEL,
  IDENTITY_COLUMNS,
  identityOf,
  STATISTIC_COLUMNS,
  statisticsOf,
  type FlowIdentity,
} from './cicflowmeter.ts';
import { F, ROW_WORDS, type FlowStatistics } from './flow-statistics.ts';

export const FLOW_FORMATS = ['cicflowmeter', 'ndjson', 'csv'] as const;
export type FlowFormat = (typeof FLOW_FORMATS)[number];

export const FLOW_COLUMNS: readonly string[] = [...IDENTITY_COLUMNS, ...STATISTIC_COLUMNS, 'Label'];

/** The head of the document; empty for ndjson. */
export function flowHead(format: FlowFormat): string {
  return format === 'ndjson' ? '' : `${FLOW_COLUMNS.join(',')}${lineEnd(format)}`;
}

/** One flow. What is not a finite number is NaN or Infinity for the tool's readers, empty or null for all others. */
export function flowLine(
  format: FlowFormat,
  flow: FlowIdentity,
  table: FlowStatistics,
  row: number,
  label = DEFAULT_LABEL,
): string {
  const beginUs = table.data[row * ROW_WORDS + F.beginUs]!;
  const values = [...identityOf(flow, beginUs), ...statisticsOf(table, row), label];
  if (format === 'ndjson')
    return `${JSON.stringify(Object.fromEntries(FLOW_COLUMNS.map((name, i) => [name, values[i]])))}\n`;
  const cells = values.map((value) =>
    format === 'csv' && typeof value === 'number' && !Number.isFinite(value) ? '' : String(value),
  );
  return `${cells.join(',')}${lineEnd(format)}`;
}

function lineEnd(format: FlowFormat): string {
  return format === 'csv' ? '\r\n' : '\n';
}
