/**
 * Builds the page into a folder of static files, small and self-contained: fit for Firebase Hosting and for the embedded
 * server. Script and style have the hash of what is in them in their names, so that they may be kept for ever
 * (`/assets/**` in firebase.json), and index.html, which names them, is asked for every time.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where `npm run build` puts the page, and where the embedded server looks for it. */
export const REPORT_DIST = here('dist');

const PAGES = ['index.html', '404.html'];

/**
 * Writes index.html, 404.html, icon.svg, and script and style under assets/ into `outDir`, replacing what is there.
 * Throws on any build error.
 */
export async function buildReport(outDir: string = REPORT_DIST): Promise<void> {
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  const { metafile } = await build({
    entryPoints: { page: here('src/main.ts'), style: here('src/styles/page.css') },
    entryNames: 'assets/[name]-[hash]',
    outdir: outDir,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2023', 'chrome120', 'firefox120', 'safari17'],
    external: ['../icon.svg'],
    legalComments: 'none',
    logLevel: 'silent',
    metafile: true,
  });
  const assets = assetsOf(metafile, outDir);
  await Promise.all([
    ...PAGES.map((page) => writePage(page, outDir, assets)),
    copyFile(here('icon.svg'), join(outDir, 'icon.svg')),
  ]);
}

/** `assets/page-HASH.js` by `page.js`, as the pages call it. */
function assetsOf({ outputs }: Metafile, outDir: string): ReadonlyMap<string, string> {
  const written = Object.keys(outputs).map((path) => relative(outDir, path));
  return new Map(written.map((path) => [path.replace(/^assets\//, '').replace(/-[A-Z0-9]+(?=\.\w+$)/, ''), path]));
}

async function writePage(name: string, outDir: string, assets: ReadonlyMap<string, string>): Promise<void> {
  const page = await readFile(here(name), 'utf8');
  const linked = page.replaceAll(/((?:href|src)="\/?)([\w.]+)(?=")/g, (all, before: string, asset: string) => {
    const path = assets.get(asset);
    return path === undefined ? all : `${before}${path}`;
  });
  for (const path of assets.values()) {
    if (name === 'index.html' && !linked.includes(path)) throw new Error(`${name} does not load ${path}`);
  }
  await writeFile(join(outDir, name), linked);
}

if (import.meta.filename === process.argv[1]) await buildReport();
