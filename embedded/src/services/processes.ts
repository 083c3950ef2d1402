/** Processes that outlive the command that started them: who they are, whether they live, how to end them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process id is used again after its process ended; with the start time it names one process for good. */
export interface ProcessId {
  readonly pid: number;
  readonly started: string;
}

export interface ProcessFacts {
  readonly started: string;
  readonly rssBytes: number;
}

const POLL_MS = 50;

/** Facts about a live process; undefined when it is gone or only waits to be reaped. */
export function processFacts(pid: number): ProcessFacts | undefined {
  try {
    return process.platform === 'linux' ? linuxFacts(pid) : portableFacts(pid);
  } catch {
    return undefined;
  }
}

/** proc(5): the fields of `stat` after the command's name, which is in parentheses and may hold anything. */
function linuxFacts(pid: number): ProcessFacts | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const rssKb = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  return { started: fields[19]!, rssBytes: rssKb * 1024 };
}

function portableFacts(pid: number): ProcessFacts | undefined {
  const line = execFileSync('ps', ['-p', String(pid), '-o', 'stat=,rss=,lstart='], { encoding: 'utf8' }).trim();
  const match = /^(\S+)\s+(\d+)\s+(.+)$/.exec(line);
  if (match === null || match[1]!.startsWith('Z')) return undefined;
  return { started: match[3]!, rssBytes: Number(match[2]) * 1024 };
}

/** Whether exactly this process still runs. */
export function isAlive(id: ProcessId): boolean {
  return processFacts(id.pid)?.started === id.started;
}

/**
 * Ends a process and its group: asks with SIGTERM, and after `graceMs` insists with SIGKILL. Returns how it went;
 * `stuck` means that even SIGKILL has not ended it within `graceMs`.
 */
export async function endGroup(id: ProcessId, graceMs: number): Promise<'gone' | 'stopped' | 'killed' | 'stuck'> {
  if (!isAlive(id)) return 'gone';
  signalGroup(id.pid, 'SIGTERM');
  if (await endsWithin(id, graceMs)) {
    signalGroup(id.pid, 'SIGKILL'); // helpers of the leader, if it left any
    return 'stopped';
  }
  signalGroup(id.pid, 'SIGKILL');
  return (await endsWithin(id, graceMs)) ? 'killed' : 'stuck';
}

async function endsWithin(id: ProcessId, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isAlive(id)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
