import { describe, expect, test } from 'vitest';
import { parseQuery } from '@tapline/core/query/parse-query';
import { formatQuery } from '@tapline/core/query/query';
import { queryCql, type QueryCql } from '@tapline/core/query/query-cql';

const START_US = Date.UTC(2026, 10, 24, 4, 17, 10) * 1000;

const cqlOf = (text: string, minutes = 1): QueryCql => {
  const parsed = parseQuery(text, START_US);
  if ('error' in parsed) throw new Error(parsed.error.message);
  const within = { fromUs: START_US, toUs: START_US + minutes * 60e6 };
  return queryCql("o'brien", parsed.query, within, formatQuery);
};

describe('a query as CQL', () => {
  test('names its partitions and what CQL can say of it, and quotes what came from outside', () => {
    expect(cqlOf('src 10.0.0.1 and dport 80-90 and tcp and flags S')).toEqual({
      statement: `SELECT time, time_ns, session, number, source, source_port, destination, destination_port, protocol, length, flags
FROM packets
WHERE sensor = 'o''brien'
  AND minute IN ('2026-11-24T04:17:00.000Z', '2026-11-24T04:18:00.000Z')
  AND part IN (0, 1, 2, 3, 4, 5)
  AND time >= '2026-11-24T04:17:10.000Z'
  AND time < '2026-11-24T04:18:10.000Z'
  AND source = '10.0.0.1'
  AND destination_port >= 80 AND destination_port <= 90
  AND ip_protocol = 6
  AND tcp_flags = 2
LIMIT 100
ALLOW FILTERING; -- inside the partitions of these minutes`,
      leftOut: [],
      minutesLeftOut: 0,
    });
  });

  test('says what it cannot say', () => {
    const { leftOut, minutesLeftOut, statement } = cqlOf('host 10.0.0.1 and not udp and port 53', 30);
    expect(leftOut).toEqual(['host 10.0.0.1', 'not proto udp', 'port 53']);
    expect(minutesLeftOut).toBe(21);
    expect(statement).not.toContain('ALLOW FILTERING');
  });
});
