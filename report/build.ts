/** Builds the page into a folder of static files, small and self-contained: fit for Firebase Hosting and for the embedded server. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where `npm run build` puts the page, and where the embedded server looks for it. */
export const REPORT_DIST = here('dist');

/** Writes index.html, page.js, style.css, icon.svg and the scorecard into `outDir`, replacing what is there. Throws on any build error. */
export async function buildReport(outDir: string = REPORT_DIST): Promise<void> {
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  await Promise.all([
    build({
      entryPoints: { page: here('src/main.ts'), style: here('src/styles/page.css') },
      entryNames: '[name]',
      outdir: outDir,
      bundle: true,
      minify: true,
      format: 'esm',
      target: ['es2023', 'chrome120', 'firefox120', 'safari17'],
      external: ['icon.svg'],
      legalComments: 'none',
      logLevel: 'silent',
    }),
    copyFile(here('index.html'), join(outDir, 'index.html')),
    copyFile(here('icon.svg'), join(outDir, 'icon.svg')),
    copyFile(here('../docs/scorecard.json'), join(outDir, 'scorecard.json')),
  ]);
}

if (import.meta.filename === process.argv[1]) await buildReport();
