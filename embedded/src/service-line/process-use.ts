/** What processes take, from proc(5): the most memory they ever had, and CPU time. Nothing where there is no /proc. */
import { readFileSync } from 'node:fs';

export interface ProcessUse {
  readonly peakRssBytes: number;
  readonly cpuSeconds: number;
}

/** Clock ticks of `stat`: 100 a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Undefined when the process is gone, or the platform does not say. */
export function processUse(pid: number): ProcessUse | undefined {
  try {
    const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    // A process that has ended and waits to be reaped has no memory any more.
    if (peak === null) return undefined;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the command is in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { peakRssBytes: Number(peak[1]) * 1024, cpuSeconds: ticks / TICKS_PER_SECOND };
  } catch {
    return undefined;
  }
}

/** Follows processes by name; several of one name add up. */
export class UseMeter {
  readonly #uses = new Map<number, { readonly name: string; use: ProcessUse }>();

  /** Reads every process once; to be called now and then, because a process that is gone says nothing. */
  look(processes: Iterable<readonly [name: string, pid: number]>): void {
    for (const [name, pid] of processes) {
      const use = processUse(pid);
      if (use !== undefined) this.#uses.set(pid, { name, use });
    }
  }

  /** By name. */
  totals(): Record<string, ProcessUse> {
    const totals: Record<string, ProcessUse> = {};
    for (const { name, use } of this.#uses.values()) {
      const sum = totals[name] ?? { peakRssBytes: 0, cpuSeconds: 0 };
      totals[name] = {
        peakRssBytes: sum.peakRssBytes + use.peakRssBytes,
        cpuSeconds: Math.round((sum.cpuSeconds + use.cpuSeconds) * 100) / 100,
      };
    }
    return totals;
  }
}
