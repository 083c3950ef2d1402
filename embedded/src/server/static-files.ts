/** The built page in memory: read once, so that no request ever becomes a path on the disk. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
};

/** Path of what is served where there is nothing, if the page has it: a file name that Firebase Hosting knows, too. */
export const NOT_FOUND_PATH = '/404.html';

/** The files inside `directory` by the path they are served under; index.html is also `/`. */
export async function loadStaticFiles(directory: string): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const served: StaticFile = { type, etag, bytes, gzipped: gzipSync(bytes) };
    const path = `/${relative(directory, file).replaceAll(sep, '/')}`;
    files.set(path, served);
    if (path === '/index.html') files.set('/', served);
  }
  return files;
}
