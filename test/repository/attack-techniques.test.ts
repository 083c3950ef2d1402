/** Every ATT&CK id that an alert can carry is a technique of the release that docs/detectors.md names, under the name it has there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { techniqueText } from '@tapline/core/detect/techniques';

const ROOT = join(import.meta.dirname, '../..');
const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');

const table = read('test/fixtures/attack-techniques.tsv')
  .split('\n')
  .filter((line) => /^T\d/.test(line))
  .map((line) => line.split('\t') as [id: string, name: string]);

/** The ids in the sources of the detectors and of the history. */
function idsInSources(): string[] {
  const ids = ['detect', 'history'].flatMap((folder) =>
    // The table of names holds every id, whether or not a detector uses it.
    readdirSync(join(ROOT, 'core/src', folder))
      .filter((file) => file !== 'techniques.ts')
      .flatMap((file) => read('core/src', folder, file).match(/\bT1\d{3}(?:\.\d{3})?\b/g) ?? []),
  );
  return [...new Set(ids)].sort();
}

describe('ATT&CK techniques', () => {
  it('that alerts name are those of the table, and no others', () => {
    expect(idsInSources()).toEqual(table.map(([id]) => id).sort());
  });

  it('have the name of the table where people read them', () => {
    for (const [id, name] of table) expect(techniqueText(id)).toBe(`${id} ${name}`);
    expect(techniqueText('T9999')).toBe('T9999');
    expect(techniqueText('constructor')).toBe('constructor');
  });

  it('are in docs/detectors.md by id and name', () => {
    const page = read('docs/detectors.md');
    for (const [id, name] of table) expect(page).toContain(`| ${id} | ${name} |`);
  });
});
