/** The bills of materials name what is deployed: all of it, in its exact versions, and nothing else. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = temporaryFolder();

interface Bill {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly name: string } };
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
}

function write(out: string): void {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'tools/sbom.ts'), '--out', out], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
}

const read = (out: string, name: string): Bill =>
  JSON.parse(readFileSync(join(out, `${name}.cdx.json`), 'utf8')) as Bill;

describe('npm run sbom', () => {
  it('lists every package that is not for development alone, as the lockfile pins it, the same each time', () => {
    const [out, again] = [join(folder, 'one'), join(folder, 'two')];
    write(out);
    write(again);
    const names = readdirSync(out).sort();
    expect(names).toEqual([
      ...['parse', 'report', 'score', 'window'].map((name) => `tapline-${name}.cdx.json`),
      'tapline.cdx.json',
    ]);
    for (const name of names)
      expect(readFileSync(join(again, name), 'utf8')).toBe(readFileSync(join(out, name), 'utf8'));

    const whole = read(out, 'tapline');
    expect([whole.bomFormat, whole.metadata.component.name]).toEqual(['CycloneDX', 'tapline']);
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string; dev?: boolean; link?: boolean }>;
    };
    const pinned = Object.entries(packages).filter(
      ([path, { dev, link }]) => path.startsWith('node_modules/') && dev !== true && link !== true,
    );
    const listed = new Set(whole.components.map(({ name, version }) => `${name}@${version}`));
    const wanted = pinned.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version!}`);
    expect(wanted.filter((one) => !listed.has(one))).toEqual([]);
    expect(whole.components.filter(({ purl }) => !purl.startsWith('pkg:npm/'))).toEqual([]);
    expect([...listed].filter((one) => /^(?:vitest|typescript|eslint)@/.test(one))).toEqual([]);
  }, 300_000);

  it('says of a function what is in its folder', () => {
    const names = read(join(folder, 'one'), 'tapline-report').components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['jose', 'cassandra-driver', '@google-cloud/functions-framework']));
    expect(names).not.toContain('@google-cloud/bigtable');
  });
});
