/**
 * Builds one folder per function, fit for `gcloud functions deploy --source` and for Terraform's zip: our own code in one
 * file (and one per part that is loaded later), the libraries named in a package.json with exactly the versions of the
 * root's lockfile, and only those that this function imports. Google's clients cannot be bundled: they read files beside them.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { linkedFolders, lockFor, locate, type Lockfile, type Manifest } from './lock-closure.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const FUNCTIONS = ['parse', 'window', 'score', 'report'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Where `npm run build` puts the folders. */
export const FUNCTIONS_DIST = here('dist');

/** Writes `outDir`/NAME for each function, replacing what is there. Throws on any build error. */
export async function buildFunctions(outDir: string = FUNCTIONS_DIST): Promise<void> {
  const lock = JSON.parse(await readFile(here('../package-lock.json'), 'utf8')) as Lockfile;
  await Promise.all(FUNCTIONS.map((name) => buildFunction(name, join(outDir, name), lock)));
}

async function buildFunction(name: FunctionName, folder: string, lock: Lockfile): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    entryPoints: { index: here(`src/entry/${name}.ts`) },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Whoever reads a stack trace in the log is to find the place.
    minify: false,
    legalComments: 'none',
    logLevel: 'silent',
    metafile: true,
    plugins: [OUR_OWN_CODE],
  });
  const manifest = withStandIns(manifestOf(name, metafile, lock), lock);
  for (const path of linkedFolders(lockFor(manifest, lock)).values()) {
    await cp(here(`../${path}`), join(folder, path), { recursive: true });
  }
  await writeJson(join(folder, 'package.json'), manifest);
  await writeJson(join(folder, 'package-lock.json'), lockFor(manifest, lock));
}

/** Everything that is imported by the name of a package stays an import, but for our own packages. */
const OUR_OWN_CODE: Plugin = {
  name: 'our-own-code',
  setup: (building) => {
    building.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@tapline/') ? undefined : { path, external: true },
    );
  },
};

function manifestOf(name: FunctionName, metafile: Metafile, lock: Lockfile): Manifest {
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const packages = new Set(imports.filter((one) => one.external).map(({ path }) => packageOf(path)));
  packages.delete('');
  return {
    name: `tapline-${name}`,
    version: lock.packages['']?.version ?? '0.0.0',
    private: true,
    license: 'Apache-2.0',
    type: 'module',
    main: 'index.js',
    engines: { node: '24.x' },
    scripts: { start: `functions-framework --target=${name}` },
    dependencies: Object.fromEntries(
      [...packages].sort().map((dependency) => [dependency, versionOf(dependency, lock)]),
    ),
  };
}

/** With the root's dependencies on folders of ours, which a library finds instead of a package (adapters/bigtable/without-metrics). */
function withStandIns(manifest: Manifest, lock: Lockfile): Manifest {
  const linked = [...linkedFolders(lockFor(manifest, lock))];
  if (linked.length === 0) return manifest;
  return {
    ...manifest,
    dependencies: {
      ...manifest.dependencies,
      ...Object.fromEntries(linked.map(([one, path]) => [one, `file:${path}`])),
    },
  };
}

/** `@google-cloud/bigtable` of `@google-cloud/bigtable/build/x`; empty for Node's own modules. */
function packageOf(path: string): string {
  if (path.startsWith('node:')) return '';
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/');
}

function versionOf(dependency: string, lock: Lockfile): string {
  const version = lock.packages[locate(lock, '', dependency) ?? '']?.version;
  if (version === undefined) throw new Error(`package-lock.json has no ${dependency}: run npm install`);
  return version;
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

if (import.meta.filename === process.argv[1]) await buildFunctions();
