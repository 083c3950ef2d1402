/** What is refused before a database is touched, and when its history does not fit the files. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS_FOLDER, readMigrations } from '@tapline/adapters/cassandra/migrations/migration-files';
import {
  compareHistory,
  refuseProblems,
  type RecordedMigration,
} from '@tapline/adapters/cassandra/migrations/schema-history';
import { tableCql, writeMigrations } from '../../../helpers/migration-folder.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const folder = temporaryFolder();
let sets = 0;
const files = (...names: string[]) =>
  readMigrations(
    writeMigrations(join(folder, String(++sets)), Object.fromEntries(names.map((n) => [n, tableCql('t')]))),
  );

describe('the folder of migrations', () => {
  it('is read in order, whole, with the checksum of its bytes', () => {
    expect(files('002-b-2.cql', '001-a.cql', 'notes.txt')).toMatchObject([
      { number: 1, name: 'a', file: '001-a.cql', statements: [{ line: 1 }] },
      { number: 2, name: 'b-2', file: '002-b-2.cql', sha256: files('001-x.cql')[0]!.sha256 },
    ]);
  });

  it.each([
    [['001-a.cql', '003-c.cql'], /003-c\.cql: number 002 is missing/],
    [['002-b.cql'], /002-b\.cql: number 001 is missing/],
    [['001-a.cql', '001-b.cql'], /001-b\.cql: 001-a\.cql has the same number/],
    [['1-a.cql'], /1-a\.cql: name migrations like 001-packets\.cql/],
    [['001_a.cql'], /name migrations like/],
    [[], /holds no migrations/],
  ])('is refused when it holds %j', (names, said) => {
    expect(() => files(...names)).toThrow(said);
  });

  it('that ships can be read', () => {
    expect(readMigrations(MIGRATIONS_FOLDER).length).toBeGreaterThan(0);
  });
});

describe('the history of a database', () => {
  const [a, b] = files('001-a.cql', '002-b.cql');
  const recorded = (news: Partial<RecordedMigration> = {}): RecordedMigration => ({
    number: 1,
    name: 'a',
    sha256: a!.sha256,
    state: 'applied',
    tool: 'tapline 0.0.9',
    at: new Date('2026-01-02T03:04:05Z'),
    ...news,
  });

  const states = (...history: RecordedMigration[]): string[] =>
    compareHistory([a!, b!], history).map(({ state }) => state);

  it('says what is applied, half-applied and pending', () => {
    expect(states()).toEqual(['pending', 'pending']);
    expect(states(recorded())).toEqual(['applied', 'pending']);
    expect(states(recorded({ state: 'applying' }))).toEqual(['half-applied', 'pending']);
  });

  it.each([
    ['a changed file', [recorded({ sha256: 'f'.repeat(64) })], '001-a.cql was changed after it was applied'],
    ['a changed half', [recorded({ sha256: 'f', state: 'applying' })], 'changed after a part of it was applied'],
    ['another name', [recorded({ name: 'z' })], '001-a.cql was applied under the name 001-z.cql'],
    ['a hole', [recorded({ number: 2, name: 'b' })], '001-a.cql was never applied, though later migrations were'],
    [
      'a newer build',
      [recorded(), recorded({ number: 2, name: 'b' }), recorded({ number: 3, name: 'g' })],
      'has migration 003-g.cql (2026-01-02T03:04:05.000Z by tapline 0.0.9), which this build does not know',
    ],
  ])('is refused with %s', (_, history, said) => {
    const found = compareHistory([a!, b!], history);
    expect(found.filter(({ state }) => state === 'refused')).toHaveLength(1);
    expect(() => {
      refuseProblems(found);
    }).toThrow(said);
  });

  it('is let through when nothing is refused', () => {
    expect(() => {
      refuseProblems(compareHistory([a!, b!], [recorded()]));
    }).not.toThrow();
  });
});
