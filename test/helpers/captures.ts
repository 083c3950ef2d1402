/** Where the shared real captures are, if they are: beside the checkout, or where TAPLINE_CAPTURES says. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const candidates = [process.env['TAPLINE_CAPTURES'], resolve(root, '../shared/captures')];

/** Folder of the shared captures, or undefined when they are not here. */
export const CAPTURES = candidates.find((path) => path !== undefined && existsSync(join(path, 'SETS.tsv')));

if (CAPTURES === undefined) {
  console.warn('shared captures are not here: tests that need them are SKIPPED (set TAPLINE_CAPTURES to their folder)');
}

/** Rows of a tab-separated index of the shared captures as objects by column name. */
export function captureIndex(name: 'SETS' | 'GOLDEN' | 'LABELS' | 'MALFORMED' | 'MANIFEST'): Record<string, string>[] {
  if (CAPTURES === undefined) return [];
  const [head, ...lines] = readFileSync(join(CAPTURES, `${name}.tsv`), 'utf8')
    .trimEnd()
    .split('\n');
  const names = head!.split('\t');
  return lines.map((line) => {
    const fields = line.split('\t');
    return Object.fromEntries(names.map((key, index) => [key, fields[index] ?? '']));
  });
}
