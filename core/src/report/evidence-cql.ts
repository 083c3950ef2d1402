/** The CQL that returns the evidence behind an alert, ready for cqlsh: the question cql/queries/evidence.cql with its values. */
import type { Alert } from '../detect/alert.ts';

const TEN_MINUTES_US = 600e6;
/** Statements: more partitions than anybody pastes. */
const PARTITIONS_MOST = 1000;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** ISO 8601 with milliseconds, as the columns keep time. */
const time = (timeUs: number): string => `'${new Date(Math.floor(timeUs / 1000)).toISOString()}'`;

/** One statement per partition that the alert's windows are in, ascending in time. */
export function evidenceCql(alert: Alert): string[] {
  const { windowStartUs, windowEndUs } = alert;
  const statements: string[] = [];
  let startUs = Math.floor(windowStartUs / TEN_MINUTES_US) * TEN_MINUTES_US;
  for (; startUs < windowEndUs && statements.length < PARTITIONS_MOST; startUs += TEN_MINUTES_US) {
    statements.push(statementOf(alert, startUs));
  }
  return statements;
}

const statementOf = (alert: Alert, tenMinutesUs: number): string => {
  const { sensor, detector, entity, windowStartUs, windowEndUs, windows } = alert;
  return [
    'SELECT window_start, detector, entity, features, row',
    'FROM evidence',
    `WHERE sensor = ${quoted(sensor)} -- :sensor`,
    `  AND ten_minutes = ${time(tenMinutesUs)} -- :ten_minutes`,
    `  AND window_start >= ${time(windowStartUs)} -- :from`,
    `  AND window_start < ${time(windowEndUs)} -- :to`,
    `  AND detector = ${quoted(detector)} -- :detector`,
    `  AND entity = ${quoted(entity)} -- :entity`,
    `LIMIT ${Math.max(50, windows)} -- :limit`,
    'ALLOW FILTERING; -- inside the one partition',
  ].join('\n');
};
