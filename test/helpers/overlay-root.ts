/**
 * This machine as a throw-away copy: a mount namespace with an overlay over `/`, in which a script may add users and install
 * what it likes, and of which nothing is left. Needs root.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** `/opt` of the copy lies in `folder`, because what is installed there is large and the rest is kept in memory. */
const ENTER = `set -eu
mount -t tmpfs -o size=256m tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --bind /dev "$1/root/dev"
mount --bind /sys "$1/root/sys"
mount --bind "$2" "$1/root/opt"
mount -t tmpfs tmpfs "$1/root/run"
exec chroot "$1/root" bash -c "$3"`;

/** Runs the script in a copy; files that it is to see lie outside `folder`. */
export function runInCopy(folder: string, script: string): { status: number | null; stdout: string; stderr: string } {
  const [memory, opt] = [join(folder, 'memory'), join(folder, 'opt')];
  for (const place of [memory, opt]) mkdirSync(place, { recursive: true });
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'sh', memory, opt, script];
  return spawnSync('unshare', words, { encoding: 'utf8' });
}

let able: boolean | undefined;

/** Whether such a copy can be made here. */
export function canCopyRoot(folder: string): boolean {
  return (able ??= runInCopy(folder, 'true').status === 0);
}
