/**
 * A query as CQL: the statements that the report reads a page with, and the one that asks the same of table `packets`,
 * where packets are rows, as far as CQL can say it.
 */
import { ipProtocolNumber, isArp } from '../packet/protocol-keyword.ts';
import { formatTime } from '../packet/time.ts';
import type { TimeRange } from '../ports.ts';
import type { Query } from './query.ts';

const MINUTE_US = 60_000_000;
/** Minutes that one statement names; each has six partitions. */
const MINUTES_MOST = 10;

export interface QueryCql {
  readonly statement: string;
  /** Conditions of the query that the statement leaves out, because CQL cannot say them. */
  readonly leftOut: readonly string[];
  /** Minutes of the query's time that the statement does not name. */
  readonly minutesLeftOut: number;
}

export function cqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function cqlTime(timeUs: number): string {
  return cqlText(formatTime(Math.floor(timeUs / 1000) * 1000, 0).replace(/(\.\d{3})\d+Z$/, '$1Z'));
}

/** A condition as CQL has it; undefined when it has none. */
function condition(query: Query): string | undefined {
  switch (query.kind) {
    case 'host':
      if (query.side === 'either' || query.range.text.includes('/')) return undefined;
      return `${query.side} = ${cqlText(query.range.text.toLowerCase())}`;
    case 'port': {
      if (query.side === 'either') return undefined;
      const column = `${query.side}_port`;
      const { least, most } = query;
      return least === most ? `${column} = ${least}` : `${column} >= ${least} AND ${column} <= ${most}`;
    }
    case 'protocol': {
      const number = ipProtocolNumber(query.name);
      if (isArp(query.name)) return 'ether_type = 2054';
      return number === undefined ? undefined : `ip_protocol = ${number}`;
    }
    case 'flags':
      return query.exact ? `tcp_flags = ${query.flags}` : undefined;
    case 'all':
    case 'and':
    case 'or':
    case 'not':
    case 'time':
    case 'alert':
      return undefined;
  }
}

/**
 * @param format writes a part of the query as text
 * @param within finite; what the query asks about in the end
 */
export function queryCql(sensor: string, query: Query, within: TimeRange, format: (part: Query) => string): QueryCql {
  const parts = query.kind === 'and' ? query.parts : query.kind === 'all' ? [] : [query];
  const said = parts.map((part) => ({ part, cql: condition(part) }));
  const firstUs = Math.floor(within.fromUs / MINUTE_US) * MINUTE_US;
  const minutes = Math.max(1, Math.ceil((within.toUs - firstUs) / MINUTE_US));
  const named = Array.from({ length: Math.min(minutes, MINUTES_MOST) }, (_, i) => cqlTime(firstUs + i * MINUTE_US));
  const conditions = said.flatMap(({ cql }) => cql ?? []);
  const lines = [
    'SELECT time, time_ns, session, number, source, source_port, destination, destination_port, protocol, length, flags',
    'FROM packets',
    `WHERE sensor = ${cqlText(sensor)}`,
    `  AND minute IN (${named.join(', ')})`,
    '  AND part IN (0, 1, 2, 3, 4, 5)',
    `  AND time >= ${cqlTime(within.fromUs)}`,
    `  AND time < ${cqlTime(within.toUs + 999)}`,
    ...conditions.map((text) => `  AND ${text}`),
    conditions.length === 0 ? 'LIMIT 100;' : 'LIMIT 100\nALLOW FILTERING; -- inside the partitions of these minutes',
  ];
  return {
    statement: lines.join('\n'),
    leftOut: said.filter(({ part, cql }) => cql === undefined && part.kind !== 'time').map(({ part }) => format(part)),
    minutesLeftOut: minutes - named.length,
  };
}
