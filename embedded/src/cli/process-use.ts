/** What this process took of the machine, as every command says it at its end. */

export interface ProcessUse {
  /** CPU time since it started, all threads. */
  readonly cpuMs: number;
  /** The most memory it ever had resident. */
  readonly peakRssBytes: number;
}

export function ownUse(): ProcessUse {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  // Times come in microseconds, ru_maxrss in KiB.
  return { cpuMs: Math.round((userCPUTime + systemCPUTime) / 1000), peakRssBytes: maxRSS * 1024 };
}
