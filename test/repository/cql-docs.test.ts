/** docs/cql.md says of every table, question and KPI what the files say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMigrations } from '@tapline/adapters/cassandra/migrations/migration-files';
import { KPIS } from '@tapline/core/kpi/kpis';
import { cqlQuestions } from '@tapline/embedded/queries/cql-questions';

const DAY_S = 86_400;
const page = readFileSync(join(import.meta.dirname, '../../docs/cql.md'), 'utf8');

/** Cells of the table rows that begin with a name in code. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const rowsOf = (cells: number): string[][] => rows.filter((row) => row.length === cells);

function tablesOfSchema(): string[][] {
  return readMigrations().flatMap(({ statements }) =>
    statements.flatMap(({ text }) => {
      const name = /CREATE TABLE IF NOT EXISTS (\w+)/.exec(text)?.[1];
      if (name === undefined) return [];
      const [, partition, clustering] = /PRIMARY KEY \((\(.*?\))(?:, (.*))?\)\n/.exec(text)!;
      const days = Math.round(Number(/default_time_to_live = (\d+)/.exec(text)![1]) / DAY_S);
      const kept = days === 1825 ? '5 years' : `${days} days`;
      return [[`\`${name}\``, `\`${partition!}\``, clustering === undefined ? '' : `\`${clustering}\``, kept]];
    }),
  );
}

describe('docs/cql.md', () => {
  it('names every table, its key and how long rows are kept', () => {
    const told = rowsOf(5).map(([name, , partition, clustering, kept]) => [name, partition, clustering, kept]);
    expect(told.sort()).toEqual(tablesOfSchema().sort());
  });

  it('names every question and its table', () => {
    const told = rowsOf(3).map(([name, , table]) => [name, table]);
    const asked = cqlQuestions().map(({ name, render }) => {
      return [`\`${name}\``, `\`${/FROM (\w+)/.exec(render(new Map()))![1]!}\``];
    });
    expect(told.sort()).toEqual(asked.sort());
  });

  it('names every KPI as the code does', () => {
    const fold = (kpi: (typeof KPIS)[number]): string =>
      typeof kpi.fold === 'string' ? kpi.fold : `mean by ${kpi.fold.meanBy}`;
    expect(rowsOf(4)).toEqual(KPIS.map((kpi) => [`\`${kpi.name}\``, kpi.unit, fold(kpi), kpi.doc]));
  });
});
