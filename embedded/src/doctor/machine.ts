/** The machine itself: processors, memory, disk. */
import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { formatBytes } from '../cli/format.ts';
import { fail, ok, warn, type Check, type Finding } from './check.ts';

const MIB = 2 ** 20;

/** Runnable processes per processor from which everything waits for everything. */
const LOAD_HIGH = 2;

export const cpu: Check = {
  name: 'cpu',
  needs: [],
  advice: 'look at what runs here (top)',
  examine: () => {
    const cores = availableParallelism();
    const load = loadavg()[0]!;
    const saw = `${cores} ${cores === 1 ? 'processor' : 'processors'}, load ${load.toFixed(1)}`;
    const isBusy = load > LOAD_HIGH * cores;
    return Promise.resolve(
      isBusy ? warn(saw, 'more work than processors: look at what runs here (top), answers may be late') : ok(saw),
    );
  },
};

/** A capture takes up to 256 MB (docs/captures.md). */
const MEMORY_LOW = 512 * MIB;
const MEMORY_OUT = 64 * MIB;

export const memory: Check = {
  name: 'memory',
  needs: [],
  advice: 'look at what runs here (top)',
  examine: () => {
    const free = process.availableMemory();
    const saw = `${formatBytes(free)} available`;
    const advice = 'end what is not needed, or give the machine more: a capture takes up to 256 MiB';
    if (free < MEMORY_OUT) return Promise.resolve(fail(saw, advice));
    return Promise.resolve(free < MEMORY_LOW ? warn(saw, advice) : ok(saw));
  },
};

/** The spool may take 1 GiB (tapline capture --spool-size). */
const DISK_LOW = 2048 * MIB;
const DISK_OUT = 256 * MIB;

export const disk: Check = {
  name: 'disk',
  needs: [],
  advice: 'look at the disk (df)',
  examine: ({ folders }) => {
    const findings = folders.map(examineFolder);
    const worst =
      findings.find(({ outcome }) => outcome === 'FAIL') ?? findings.find(({ outcome }) => outcome === 'warn');
    return Promise.resolve(worst ?? ok(findings.map(({ saw }) => saw).join('; ')));
  },
};

function examineFolder(folder: string): Finding {
  const existing = nearestExisting(resolve(folder));
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    return fail(`${existing} cannot be written to`, 'give this user the right to write there, or use another folder');
  }
  const { bavail, bsize, ffree, files } = statfsSync(existing);
  const free = bavail * bsize;
  const used = existing === resolve(folder) ? folderBytes(existing) : 0;
  const saw = `${formatBytes(free)} free for ${folder}${used > 0 ? `, which holds ${formatBytes(used)}` : ''}`;
  // Some file systems do not count files.
  if (files > 0 && ffree === 0) return fail(`${saw}, but no more files can be made`, 'delete files there');
  const advice = 'make room: while the broker is away, messages wait there';
  if (free < DISK_OUT) return fail(saw, advice);
  return free < DISK_LOW ? warn(saw, advice) : ok(saw);
}

/** The folder, or that of its parents which is there and in which it would be made. */
function nearestExisting(folder: string): string {
  for (let place = folder; ; place = dirname(place)) {
    if (existsSync(place) || place === dirname(place)) return place;
  }
}

/** Bytes of the files in a folder itself, of the first thousand. */
function folderBytes(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder).slice(0, 1000)) {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stat?.isFile() === true) bytes += stat.size;
  }
  return bytes;
}
