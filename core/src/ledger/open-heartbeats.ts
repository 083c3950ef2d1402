/** Which heartbeats say how far a sensor's time has come. */
import type { Heartbeat } from './heartbeat.ts';

/**
 * Those of sessions that have said no goodbye, and one of those that have: that there was one is all that counts of them.
 * @param heartbeats the newest of each session, in any order; the order stays
 */
export function openOf(heartbeats: readonly Heartbeat[]): Heartbeat[] {
  const over = heartbeats.find(({ final }) => final);
  return heartbeats.filter((heartbeat) => !heartbeat.final || heartbeat === over);
}
