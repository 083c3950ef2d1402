import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flagsText } from '@tapline/core/packet/flags';
import { parseHost } from '@tapline/core/packet/host-range';
import { parseQuery, QUERY_LENGTH_MOST, type QueryError } from '@tapline/core/query/parse-query';
import { alertIds, formatQuery, timeBounds, type Query } from '@tapline/core/query/query';
import { parseQueryTime } from '@tapline/core/query/query-time';

/** 2026-11-24, 00:00 UTC. */
const DAY_US = Date.UTC(2026, 10, 24) * 1000;
const at = (clock: string): number => Date.parse(`2026-11-24T${clock}Z`) * 1000;

const parsed = (text: string): Query => {
  const result = parseQuery(text, DAY_US);
  if ('error' in result) throw new Error(`${result.error.message} at ${result.error.fromAt}`);
  return result.query;
};

const wrong = (text: string): QueryError => {
  const result = parseQuery(text, DAY_US);
  if ('query' in result) throw new Error(`understood ${text}`);
  return result.error;
};

const address = fc.oneof(fc.ipV4(), fc.ipV6()).filter((text) => parseHost(text) !== undefined);
const side = fc.constantFrom('either' as const, 'source' as const, 'destination' as const);
const term: fc.Arbitrary<Query> = fc.oneof(
  fc.record({ kind: fc.constant('host' as const), side, range: address.map((text) => parseHost(text)!) }),
  fc.record({
    kind: fc.constant('host' as const),
    side,
    range: fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([text, bits]) => parseHost(`${text}/${bits}`)!),
  }),
  fc
    .tuple(side, fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 65_535 }))
    .map(([of, a, b]) => ({ kind: 'port' as const, side: of, least: Math.min(a, b), most: Math.max(a, b) })),
  fc.constantFrom('tcp', 'udp', 'arp', 'icmpv6', 'gre').map((name) => ({ kind: 'protocol' as const, name })),
  fc
    .tuple(fc.integer({ min: 1, max: 511 }), fc.boolean())
    .map(([flags, exact]) => ({ kind: 'flags' as const, flags, exact, text: flagsText(flags) })),
  fc.constantFrom('12:03', '12:03:10..12:05', '2026-11-24', '2026-11-24T12:03:10.25').map((text) => ({
    kind: 'time' as const,
    range: parseQueryTime(text, DAY_US)!,
    text,
  })),
  fc.stringMatching(/^[0-9a-f]{8,32}$/u).map((id) => ({ kind: 'alert' as const, id })),
);
const query: fc.Arbitrary<Query> = fc.letrec<{ query: Query; negated: Query }>((tie) => ({
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    term,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('query'), { minLength: 2, maxLength: 3 }),
    }),
    tie('negated'),
  ),
  negated: fc.record({ kind: fc.constant('not' as const), part: tie('query') }),
})).query;

/** Without the compiled ranges, which hold private fields. */
const plain = (value: Query): unknown => JSON.parse(JSON.stringify(value));

describe('the language of the filter bar', () => {
  test('reads back every query that it writes', () => {
    fc.assert(
      fc.property(query, (written) => {
        const text = formatQuery(written);
        fc.pre(text.length <= QUERY_LENGTH_MOST);
        expect(plain(parsed(text))).toEqual(plain(written));
      }),
    );
  });

  test('takes any text without throwing, and what it does not understand has a place inside the text', () => {
    const word = fc.constantFrom('host', 'and', 'or', 'not', '(', ')', '10.0.0.1', 'tcp', 'port', '80', '!', '&&', 'x');
    const text = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (tried) => {
        const result = parseQuery(tried, DAY_US);
        if ('query' in result) return;
        expect(result.error.fromAt).toBeGreaterThanOrEqual(0);
        expect(result.error.toAt).toBeGreaterThanOrEqual(result.error.fromAt);
        expect(result.error.toAt).toBeLessThanOrEqual(tried.length);
        expect(result.error.message).not.toBe('');
      }),
    );
  });

  test('binds or less than and, and and less than not', () => {
    const [a, b, c] = ['tcp', 'udp', 'arp'].map((name): Query => ({ kind: 'protocol', name })) as [Query, Query, Query];
    expect(parsed('tcp or udp and arp')).toEqual({ kind: 'or', parts: [a, { kind: 'and', parts: [b, c] }] });
    expect(parsed('not tcp and udp')).toEqual({ kind: 'and', parts: [{ kind: 'not', part: a }, b] });
    expect(parsed('(tcp || udp) && !arp')).toEqual({
      kind: 'and',
      parts: [
        { kind: 'or', parts: [a, b] },
        { kind: 'not', part: c },
      ],
    });
    expect(parsed('  ')).toEqual({ kind: 'all' });
  });

  test.each([
    ['10.0.0.1', 0, 8, 'write host 10.0.0.1'],
    ['tcp and 443', 8, 11, 'write port 443'],
    ['tcp udp', 4, 7, 'expected and, or, or the end'],
    ['host', 0, 4, 'host needs an address, 192.0.2.1'],
    ['host and tcp', 0, 4, 'host needs an address, 192.0.2.1'],
    ['host 10.0.0.300', 5, 15, 'host needs an address, 192.0.2.1'],
    ['host 10.0.0.0/8', 5, 15, 'write net 10.0.0.0/8'],
    ['src 10.0.0.1:80', 4, 15, 'write the port apart: … and port …'],
    ['port 70000', 5, 10, 'port needs a number from 0 to 65535, or two, 8000-8099'],
    ['proto tpc', 6, 9, 'no protocol of this name is known'],
    ['tcp and', 7, 7, 'something is missing at the end'],
    ['(tcp', 0, 1, 'this ( is not closed'],
    ['tcp)', 3, 4, 'there is no ( for this )'],
    ['flags X', 6, 7, 'flags needs letters as tcpdump writes them, S or S. or none; +R for R among others'],
    ['time 12:05..12:03', 5, 17, 'time needs a time in UTC, 12:03 or 12:03:10..12:05 or 2026-11-24T12:03'],
  ])('says what is wrong with %j, and where', (text, fromAt, toAt, message) => {
    expect(wrong(text)).toEqual({ message, fromAt, toAt });
  });

  test('is bounded in length and depth', () => {
    expect(wrong('tcp or '.repeat(200)).message).toBe('longer than 1000 characters');
    expect(wrong('('.repeat(900)).message).toBe('nested deeper than 40');
    expect(wrong(`${'not '.repeat(200)}tcp`).message).toBe('nested deeper than 40');
  });
});

describe('times', () => {
  test.each([
    ['12:03', at('12:03:00'), at('12:04:00')],
    ['12:03:10', at('12:03:10'), at('12:03:11')],
    ['12:03:10.5', at('12:03:10.500'), at('12:03:10.600')],
    ['12:03..12:05', at('12:03:00'), at('12:05:00')],
    ['2026-11-24', DAY_US, DAY_US + 86_400e6],
    ['2026-11-23T12:03..12:05', at('12:03:00') - 86_400e6, at('12:05:00') - 86_400e6],
    ['2026-11-24T12:03:10Z', at('12:03:10'), at('12:03:11')],
  ])('%s is a stretch', (text, fromUs, toUs) => {
    expect(parseQueryTime(text, DAY_US)).toEqual({ fromUs, toUs });
  });

  test.each(['', '25:00', '12:60', '2026-13-01', '2026-11-24T', '12', 'now', '12:03..12:05..12:07', '12:03..'])(
    '%j is none',
    (text) => {
      expect(parseQueryTime(text, DAY_US)).toBeUndefined();
    },
  );

  test('bound the query they are in, unless something else may match outside of them', () => {
    const bounds = (text: string): unknown => timeBounds(parsed(text), new Map([['a', { fromUs: 1, toUs: 2 }]]));
    expect(bounds('time 12:03 and tcp')).toEqual({ fromUs: at('12:03:00'), toUs: at('12:04:00') });
    expect(bounds('time 12:03 or time 12:10')).toEqual({ fromUs: at('12:03:00'), toUs: at('12:11:00') });
    expect(bounds('time 12:03 or tcp')).toEqual({ fromUs: -Infinity, toUs: Infinity });
    expect(bounds('not time 12:03')).toEqual({ fromUs: -Infinity, toUs: Infinity });
    expect(bounds('alert a')).toEqual({ fromUs: 1, toUs: 2 });
    expect(alertIds(parsed('alert a or (not alert b and alert a)'))).toEqual(['a', 'b']);
  });
});
