/** Every command of gcloud that a page, a script or an output of terraform/ tells people to run exists in the installed SDK. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fault, gcloudLines, readCommandTable } from '../helpers/gcloud-commands.ts';

const ROOT = join(import.meta.dirname, '../..');
const FILES = ['*.md', 'docs/*.md', 'dataflow-templates/*.md', 'terraform/*.tf', 'terraform/startup/*', 'tools/*.sh'];
const table = readCommandTable();
if (table === undefined) {
  if (process.env['REQUIRE_SERVICES'] === '1')
    throw new Error('REQUIRE_SERVICES=1, but there is no gcloud on the PATH');
  console.warn('SKIPPED: without the gcloud SDK its commands in the documents are not checked');
}

/** Command lines by the file and place they stand in. Prose that only names the program or a command is told apart by flags. */
const lines = FILES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).flatMap((file) =>
  gcloudLines(readFileSync(join(ROOT, file), 'utf8'))
    .filter((line) => / --|^auth /.test(line))
    .map((line) => [file, line] as const),
);

describe.runIf(table !== undefined)('a command of gcloud', () => {
  it('is looked for where people are told to run one', () => {
    const files = new Set(lines.map(([file]) => file));
    expect([...files]).toEqual(expect.arrayContaining(['docs/deploy.md', 'terraform/outputs.tf']));
    expect(lines.length).toBeGreaterThan(15);
  });

  it.each(lines)('in %s exists with all its flags: %s', (_, line) => {
    expect(fault(line, table!)).toBeUndefined();
  });

  it.each([
    ['run services proxie tapline --project=p', 'gcloud run services has no proxie'],
    ['run services --project=p', 'gcloud run services is a group, not a command'],
    ['run services proxy tapline --prot=8081', 'gcloud run services proxy: no flag --prot'],
    ['nonsense --project=p', 'gcloud  has no nonsense'],
    ['functions deploy f --ingress-settings=open', /--ingress-settings is one of .*internal-only.*, not open/],
  ])('that does not exist is found: %s', (line, expected) => {
    const found = fault(line, table!);
    if (typeof expected === 'string') expect(found).toBe(expected);
    else expect(found).toMatch(expected);
  });

  it('ends where its line, its quotation or its comment ends', () => {
    const text =
      'Say `gcloud auth login` or:\n  gcloud a b "x y" --c=1 \\\n    --d="e f"   # note --g\nx="$(gcloud q r --s)"; (gcloud t --u)';
    expect(gcloudLines(text)).toEqual(['auth login', 'a b "x y" --c=1 --d="e f"', 'q r --s', 't --u']);
  });
});
