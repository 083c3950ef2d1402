/** The splitter of migrations: where statements end, what is inside quotes, markers of dialects, and what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitStatements } from '@tapline/adapters/cassandra/migrations/split-statements';

const texts = (source: string): string[] => splitStatements(source, 'x.cql').map(({ text }) => text);
const TABLE = 'CREATE TABLE IF NOT EXISTS t (id text PRIMARY KEY)';

describe('splitStatements', () => {
  it.each([
    ['one after the other', `${TABLE};\n${TABLE}; ${TABLE};`, [TABLE, TABLE, TABLE]],
    ['a semicolon in a string', `INSERT INTO t (id) VALUES ('a;b');`, [`INSERT INTO t (id) VALUES ('a;b')`]],
    ['a doubled quote', `INSERT INTO t (id) VALUES ('it''s; "');`, [`INSERT INTO t (id) VALUES ('it''s; "')`]],
    ['a quoted name', `INSERT INTO "a;""b" (id) VALUES (1);`, [`INSERT INTO "a;""b" (id) VALUES (1)`]],
    ['a $$ string', `INSERT INTO t (id) VALUES ($$it's; -- $$);`, [`INSERT INTO t (id) VALUES ($$it's; -- $$)`]],
    ['-- comments', `-- a; 'b\n${TABLE}; -- c;`, [TABLE]],
    ['// comments', `// a; "b\n${TABLE}; // $$`, [TABLE]],
    ['/* */ comments', `/* a; 'b\n -- */ ${TABLE}; /**/`, [TABLE]],
    [
      'a comment inside',
      `INSERT INTO t /* ; */ (id) -- ;\n VALUES (1);`,
      [`INSERT INTO t /* ; */ (id) -- ;\n VALUES (1)`],
    ],
    ['Windows line ends', `-- a;\r\n${TABLE};\r\n`, [TABLE]],
    ['empty statements', `;; ${TABLE} ;;`, [TABLE]],
    ['nothing but comments', '-- nothing\n/* at all; */', []],
    ['nothing', '', []],
  ])('splits %s', (_, source, expected) => {
    expect(texts(source)).toEqual(expected);
  });

  it('knows the line each statement begins on', () => {
    const source = `-- a\n\n${TABLE};\n/* two\nlines */ INSERT INTO t (id)\nVALUES ('x\ny');\n${TABLE};`;
    expect(splitStatements(source, 'x.cql').map(({ line }) => line)).toEqual([3, 5, 8]);
  });

  it.each([
    [`${TABLE};\nINSERT INTO t (id) VALUES ('a;`, `x.cql: the string '…' that begins on line 2 does not end`],
    [`\n\nINSERT INTO t VALUES ('it''s);`, `the string '…' that begins on line 3 does not end`],
    [`INSERT INTO "t (id) VALUES (1);`, `the name "…" that begins on line 1 does not end`],
    [`INSERT INTO t VALUES ($$a;$);`, `the string $$…$$ that begins on line 1 does not end`],
    [`${TABLE};\n/* ; *`, `the comment /*…*/ that begins on line 2 does not end`],
    [`-- a\n${TABLE}`, `the statement that begins on line 2 has no semicolon`],
  ])('names the line of what does not end: %j', (source, said) => {
    expect(() => texts(source)).toThrow(said);
  });

  it('selects a statement for a dialect by the comment line directly above it', () => {
    const source = `-- head\n-- only: astra\n${TABLE};\n${TABLE};\n  -- only: self-hosted\n  -- why\n  ${TABLE};`;
    expect(splitStatements(source, 'x.cql').map(({ only }) => only)).toEqual(['astra', undefined, 'self-hosted']);
  });

  it.each([
    [`-- only: scylla\n${TABLE};`, `line 1: "scylla" is no dialect: use self-hosted or astra`],
    [`-- only: astra\n\n${TABLE};`, 'line 1: put one "-- only:" on a line of its own, directly above'],
    [`${TABLE}; -- only: astra\n${TABLE};`, 'line 1: put one "-- only:" on a line of its own'],
    [`-- only: astra\n-- only: self-hosted\n${TABLE};`, 'put one "-- only:"'],
    [`INSERT INTO t (id)\n-- only: astra\nVALUES (1);`, 'line 2: put one "-- only:"'],
    [`${TABLE};\n-- only: astra\n`, 'line 2: put one "-- only:"'],
  ])('refuses a marker whose statement is in doubt: %j', (source, said) => {
    expect(() => texts(source)).toThrow(said);
  });

  it.each([
    TABLE,
    'create  table\n if not exists t (id text primary key)',
    `CREATE INDEX IF NOT EXISTS i ON t (v) USING 'sai'`,
    `ALTER TABLE t WITH compaction = {'class': 'TimeWindowCompactionStrategy'}`,
    'ALTER TABLE t ADD IF NOT EXISTS v text',
    'DROP TABLE IF EXISTS t',
  ])('takes what does no harm the second time: %s', (statement) => {
    expect(texts(`${statement};`)).toEqual([statement]);
  });

  it.each([
    'CREATE TABLE t (id text PRIMARY KEY)',
    'DROP TABLE t',
    'ALTER TABLE t ADD v text',
    `CREATE KEYSPACE IF NOT EXISTS k WITH replication = {'class': 'SimpleStrategy'}`,
    'UPDATE t SET n = n + 1 WHERE id = 1',
    'BEGIN BATCH INSERT INTO t (id) VALUES (1)',
    'TRUNCATE t',
  ])('refuses what may do harm the second time, or is not its business: %s', (statement) => {
    expect(() => texts(`\n${statement};`)).toThrow(/^x\.cql, line 2: ".*" is not for a migration/);
  });

  it('gives back statements exactly, whatever quotes and comments hold', () => {
    const raw = fc.stringMatching(/^[a-z ;'"$\-/*\n]{0,12}$/);
    const quoted = raw.map((text) => `'${text.replaceAll("'", "''")}'`);
    const named = raw.map((text) => `"${text.replaceAll('"', '""')}"`);
    const dollars = raw.filter((text) => !text.includes('$')).map((text) => `$$${text}$$`);
    const line = raw.map((text) => `--${text.replaceAll('\n', ' ')}\n`);
    const block = raw.filter((text) => !/\*\/|\*$/.test(text)).map((text) => `/*${text}*/`);
    const piece = fc.oneof(quoted, named, dollars, line, block, fc.constantFrom('(', ')', 'x', '1.5', '=', '<='));
    const statement = fc.array(piece, { maxLength: 6 }).map((pieces) => ['INSERT INTO t', ...pieces, ')'].join(' '));
    const between = fc.array(fc.oneof(line, block, fc.constantFrom(' ', '\n', ';')), { maxLength: 3 });
    const source = fc.array(
      fc.tuple(
        between.map((pieces) => pieces.join(' ')),
        statement,
      ),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(source, (parts) => {
        const text = parts.map(([comments, body]) => `${comments} ${body};`).join('');
        expect(texts(text)).toEqual(parts.map(([, body]) => body));
      }),
    );
  });

  it('ends in a clear error or in statements, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`'"$-/*;\nab ol:`.split('')), maxLength: 60 }), (source) => {
        try {
          for (const { text } of splitStatements(source, 'x.cql')) expect(source).toContain(text);
        } catch (error) {
          expect((error as Error).message).toMatch(/^x\.cql.*line \d+/);
        }
      }),
    );
  });
});
