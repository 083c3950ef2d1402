/** Which free queries are let through, and what the others are told. */
import { describe, expect, it } from 'vitest';
import { checkPartitions, parseSelect, type TableKey } from '@tapline/adapters/cassandra/select-guard';

const KEY: TableKey = {
  table: 'flows',
  partition: [
    { name: 'sensor', type: 'text' },
    { name: 'hour', type: 'timestamp' },
  ],
  clustering: ['time', 'number'],
};
const check = (cql: string): void => {
  checkPartitions(parseSelect(cql), KEY);
};

describe('a free query', () => {
  it.each([
    `SELECT * FROM flows WHERE sensor = 'a' AND hour = '2026-11-24'`,
    `select count(*) from tapline.flows where hour='2026-11-24' and sensor='a' limit 3;`,
    `SELECT a, CAST(b AS text) FROM flows /* where? */ WHERE sensor IN ('a', 'b') AND hour = 1 AND time >= 3 ORDER BY time -- x`,
    `SELECT JSON * FROM flows WHERE "sensor" = 'a' AND HOUR = 1 AND (time, number) > (1, 2) PER PARTITION LIMIT 1`,
    `SELECT * FROM flows WHERE sensor = 'a' AND hour = 1 AND bytes > 5 ALLOW FILTERING`,
    `SELECT * FROM flows WHERE sensor = 'a; AND ALLOW FILTERING' AND hour = 1`,
  ])('that names its partitions is let through: %s', (cql) => {
    expect(() => {
      check(cql);
    }).not.toThrow();
  });

  it.each([
    ['SELECT * FROM flows', 'its WHERE clause does not say sensor and hour, so it would read every partition of flows'],
    [`SELECT * FROM flows WHERE sensor = 'a'`, 'does not say hour'],
    [`SELECT * FROM flows WHERE sensor = 'a'`, 'The partition key is (sensor text, hour timestamp)'],
    [
      `SELECT * FROM flows WHERE sensor = 'a'`,
      'add WHERE sensor = … AND hour = …; ranges may follow on time, then number',
    ],
    [`SELECT * FROM flows WHERE sensor = 'a' AND hour > 1`, 'compares hour otherwise than with = or IN'],
    [`SELECT * FROM flows WHERE "Sensor" = 'a' AND hour = 1`, 'does not say sensor'],
    [`SELECT count(*) FROM flows WHERE sensor = 'a'`, 'to count or sum all of them'],
    [`SELECT * FROM flows LIMIT 1 -- WHERE sensor = 'a' AND hour = 1`, 'does not say sensor and hour'],
    [`SELECT * FROM flows WHERE sensor = 'a AND hour = 1'`, 'does not say hour'],
    [`SELECT * FROM flows WHERE bytes > 5 ALLOW FILTERING`, 'only to throw most of it away (ALLOW FILTERING)'],
    [`SELECT * FROM flows WHERE sensor = 'a' ALLOW FILTERING`, 'does not say hour'],
    [`SELECT * FROM flows WHERE token(sensor, hour) > 0`, 'token() walks the ring'],
    [
      `SELECT * FROM flows WHERE sensor = 'a' AND hour IN (${Array(101).fill('1').join(', ')})`,
      '101 partitions at once',
    ],
    [`DELETE FROM flows WHERE sensor = 'a' AND hour = 1`, 'only SELECT is answered here'],
    [`SELECT 1; DROP TABLE flows`, 'one statement at a time'],
    ['SELECT', 'has no FROM'],
    ['SELECT * FROM', 'no table after FROM'],
    ['', 'only SELECT'],
    [`SELECT * FROM flows WHERE sensor = 'a`, "the string '…' that begins on line 1 does not end"],
  ])('is refused with its reason: %s', (cql, said) => {
    expect(() => {
      check(cql);
    }).toThrow(said);
  });
});
