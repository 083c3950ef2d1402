/** Questions as files: parameters, what is put in their place, the spans of time, and what is done with rows besides. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cqlTokens } from '@tapline/adapters/cassandra/cql-tokens';
import { statements } from '@tapline/embedded/queries/cql-answer';
import { bucketAt, bucketsIn, bucketText, parseBucket } from '@tapline/embedded/queries/cql-buckets';
import { cqlQuestions, parseQuestion } from '@tapline/embedded/queries/cql-questions';
import { RowFold, unfoldRow } from '@tapline/embedded/queries/row-steps';

const TEXT = `-- Title.
-- A note -- :not_a_parameter
-- fold: key, other
-- sort: bytes desc
SELECT *
FROM t
WHERE sensor = 'a''b' -- :sensor
  AND part IN (0, 1)
  AND flow = 12 -- :flow
LIMIT 50; -- :limit
`;

describe('a question', () => {
  it('has a title, parameters with their examples, and steps', () => {
    expect(parseQuestion('q', TEXT)).toMatchObject({
      name: 'q',
      title: 'Title.',
      parameters: [
        { name: 'sensor', example: "a'b", isNumber: false },
        { name: 'flow', example: '12', isNumber: true },
        { name: 'limit', example: '50', isNumber: true },
      ],
      steps: { unfold: undefined, fold: ['key', 'other'], sort: { column: 'bytes', descending: true } },
    });
  });

  it('puts values in their places and leaves examples in the others', () => {
    const { render } = parseQuestion('q', TEXT);
    expect(render(new Map([['flow', '-3']]))).toBe(
      "SELECT *\nFROM t\nWHERE sensor = 'a''b' -- :sensor\n  AND part IN (0, 1)\n  AND flow = -3 -- :flow\nLIMIT 50; -- :limit",
    );
    expect(() => render(new Map([['flow', '1 OR 1']]))).toThrow('parameter flow is "1 OR 1": use a whole number');
  });

  it('keeps any text inside its quotes', () => {
    const { render } = parseQuestion('q', TEXT);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const strings = [...cqlTokens(render(new Map([['sensor', value]])), 'q')].filter(
          ({ kind }) => kind === 'string',
        );
        expect(strings.map(({ text }) => text.slice(1, -1).replaceAll("''", "'"))).toEqual([value]);
      }),
    );
  });

  it.each([
    ['SELECT *\nFROM t -- :table', 'q.cql, line 2: no value stands in front of -- :table'],
    ['-- T\n-- sort: bytes\nSELECT 1', 'q.cql: "sort: bytes" is not understood'],
    [`SELECT 'a`, 'q.cql: the string'],
  ])('is refused when it is not understood: %j', (text, said) => {
    expect(() => parseQuestion('q', text)).toThrow(said);
  });

  it('of those that ship has a title, and there are more than twelve', () => {
    const questions = cqlQuestions();
    expect(questions.length).toBeGreaterThan(12);
    for (const { name, title } of questions) expect(title, name).toMatch(/^[A-Z][^\n]{10,}[.:]/);
  });

  it('is printed once for each partition of a range, with its ends', () => {
    const alerts = cqlQuestions().find(({ name }) => name === 'alerts')!;
    const [first, second, ...others] = statements(alerts, {
      values: new Map(),
      range: { fromMs: Date.parse('2026-11-24T12:00:00Z'), toMs: Date.parse('2026-11-25T01:00:00Z') },
      limit: 3,
      windowMs: 10_000,
    });
    expect(first).toContain("day = '2026-11-24'");
    expect(second).toContain("day = '2026-11-25'");
    for (const text of [first, second]) {
      expect(text).toContain("window_start >= '2026-11-24T12:00:00.000Z'");
      expect(text).toContain("window_start < '2026-11-25T01:00:00.000Z'");
      expect(text).toContain('LIMIT 3;');
    }
    expect(others).toEqual([]);
  });
});

describe('spans of time', () => {
  const at = Date.parse('2024-02-29T23:59:59.999Z');

  it.each([
    ['minute', '2024-02-29T23:59:00.000Z', '2024-03-01T00:00:00.000Z'],
    ['ten_minutes', '2024-02-29T23:50:00.000Z', '2024-03-01T00:00:00.000Z'],
    ['hour', '2024-02-29T23:00:00.000Z', '2024-03-01T00:00:00.000Z'],
    ['day', '2024-02-29', '2024-03-01'],
    ['month', '2024-02-01', '2024-03-01'],
    ['year', '2024', '2025'],
    ['window', '2024-02-29T23:59:50.000Z', '2024-03-01T00:00:00.000Z'],
  ])('%s begins at %s', (kind, from, to) => {
    const span = bucketAt(kind, at, 10_000);
    expect(bucketText(kind, span)).toBe(from);
    expect(bucketText(kind, bucketAt(kind, span.toMs, 10_000))).toBe(to);
  });

  it('cover a range without gaps, also before 1970', () => {
    const time = fc.integer({ min: -1e13, max: 1e13 });
    const kind = fc.constantFrom('minute', 'ten_minutes', 'hour', 'day', 'month', 'year', 'window');
    fc.assert(
      fc.property(kind, time, fc.integer({ min: 1, max: 1e8 }), (name, fromMs, length) => {
        let end = fromMs;
        let spans = 0;
        for (const span of bucketsIn(name, { fromMs, toMs: fromMs + length }, 10_000)) {
          expect(span.fromMs <= end && end < span.toMs).toBe(true);
          expect(bucketAt(name, span.fromMs, 10_000)).toEqual(span);
          end = span.toMs;
          if (++spans === 50) return;
        }
        expect(end).toBeGreaterThanOrEqual(fromMs + length);
      }),
    );
  });

  it('are read as people write them', () => {
    expect(parseBucket('day', '2026-11-24', 10_000)).toEqual(bucketAt('day', Date.parse('2026-11-24'), 10_000));
    expect(parseBucket('year', '2026', 10_000)).toEqual(bucketAt('year', Date.parse('2026-01-01'), 10_000));
    expect(parseBucket('hour', '2026-11-24T04:17:00Z', 10_000).fromMs).toBe(Date.parse('2026-11-24T04:00:00Z'));
    expect(() => parseBucket('day', 'yesterday', 10_000)).toThrow('parameter day is "yesterday": use for example');
  });
});

describe('rows', () => {
  it('are unfolded: each entry of a list is a row', () => {
    const row = {
      minute: 1,
      top: [
        { key: 'a', bytes: 1 },
        { key: 'b', bytes: 2 },
      ],
    };
    expect(unfoldRow(row, 'top')).toEqual([
      { minute: 1, key: 'a', bytes: 1 },
      { minute: 1, key: 'b', bytes: 2 },
    ]);
    expect(unfoldRow({ minute: 1, top: null }, 'top')).toEqual([]);
    expect(unfoldRow(row, undefined)).toEqual([row]);
  });

  it('are folded: amounts added up, first and last kept, flags united, names left alone, and sorted', () => {
    const fold = new RowFold(['flow']);
    const row = (flow: number, first: string, last: string, bytes: number, flags: string) => ({
      flow,
      source_port: 80,
      first_time: `2026-01-01T00:00:${first}.000Z`,
      last_time: `2026-01-01T00:00:${last}.500Z`,
      bytes,
      flags_forward: flags,
    });
    fold.add(row(1, '10', '11', 5, 'S'));
    fold.add(row(2, '01', '01', 7, '.'));
    fold.add(row(1, '02', '09', 6, 'SP.'));
    expect(fold.rows({ column: 'bytes', descending: true })).toEqual([
      { ...row(1, '02', '11', 11, 'SP.'), seconds: 9.5 },
      { ...row(2, '01', '01', 7, '.'), seconds: 0.5 },
    ]);
    expect(fold.dropped).toBe(0);
  });
});
