/**
 * Finds the Node that runs Tapline: the one the project brings through npm, whatever Node npm itself runs on.
 * Plain JavaScript, because old Nodes must be able to read it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MINIMUM_MAJOR = 24;

/** Path of a Node of at least version 24. Throws an Error that says what to do when there is none. */
export function findNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  for (const name of [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`]) {
    const path = join(ROOT, 'node_modules', name, 'bin', binary);
    if (existsSync(path)) return path;
  }
  if (Number(process.versions.node.split('.')[0]) >= MINIMUM_MAJOR) return process.execPath;
  throw new Error(
    `no Node ${MINIMUM_MAJOR} for ${process.platform}/${process.arch}: run "npm install" in the project, or put Node ${MINIMUM_MAJOR} or newer on the PATH`,
  );
}

/**
 * Flags every Tapline process runs with: the loader's notices are not news to a user, and batches die young, so a small
 * nursery costs nothing and keeps the process small.
 */
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2'];

/**
 * Environment they run in. glibc gives each thread a heap of its own otherwise, and returns little of any of them; the
 * compile cache saves stripping the types again at every start (0.3 s and 20 MiB).
 */
export const NODE_ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '65536',
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'tapline'),
};
