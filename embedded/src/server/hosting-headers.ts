/** The header rules of firebase.json, so that the page served here is under the rules that it is hosted with. */
import { readFileSync } from 'node:fs';
import { minimatch } from 'minimatch';

interface HeaderRule {
  /** A glob over the path, as Firebase Hosting reads it. */
  readonly source: string;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
}

const FILE = new URL('../../../firebase.json', import.meta.url);
const { hosting } = JSON.parse(readFileSync(FILE, 'utf8')) as { hosting: { headers: readonly HeaderRule[] } };

/** Headers of an answer at this path; of two rules that name the same header the later one counts. */
export function hostingHeaders(path: string): Record<string, string> {
  const rules = hosting.headers.filter(({ source }) => source === '**' || minimatch(path, source, { dot: true }));
  return Object.fromEntries(rules.flatMap(({ headers }) => headers.map(({ key, value }) => [key, value] as const)));
}
