/** How the sessions of one run ended: some runs have several, one after the other. */
import { NO_COUNTERS, type SensorCounters } from '@tapline/core/ledger/heartbeat';
import type { MirrorCounters } from '@tapline/core/mirror/mirror-counters';
import type { AgentResult } from './agent.ts';

export interface SessionEnd {
  readonly session: string;
  readonly counters: SensorCounters;
  /** Of a sensor that puts packets in order. */
  readonly mirror?: MirrorCounters;
}

/** What two runs, one after the other on the same schedule, come to together. */
export function joinResults(before: AgentResult, after: AgentResult): AgentResult {
  return {
    ...after,
    counters: addCounters(before.counters, after.counters),
    sessions: [...before.sessions, ...after.sessions],
  };
}

export function addCounters(a: SensorCounters, b: SensorCounters): SensorCounters {
  const names = Object.keys(NO_COUNTERS) as (keyof SensorCounters)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as SensorCounters;
}
