/**
 * Sensor health: raises, extends and ends the alert that a sensor is blind. For a timer, not for messages: what it is
 * about is that none come. Each sensor is looked at alone, so a dead or broken one holds up no other.
 */
import { isAboutSensor, type Alert } from '@tapline/core/detect/alert';
import { blindness } from '@tapline/core/ledger/blindness';
import type { Clock, LedgerStore, ResultStore } from '@tapline/core/ports';

export interface SensorHealthDeps {
  readonly ledger: Pick<LedgerStore, 'lastHeartbeats'>;
  readonly results: Pick<ResultStore, 'provisional' | 'putAlerts'>;
  readonly clock: Clock;
  readonly blindAfterUs: number;
}

/**
 * Brings the alerts about one sensor up to date.
 * @returns those that are new or changed: provisional while the sensor is blind, confirmed when it is back or has ended
 * @throws PipelineError STORE
 */
export async function watchSensor(sensor: string, deps: SensorHealthDeps): Promise<Alert[]> {
  const heartbeats = await deps.ledger.lastHeartbeats(sensor);
  const blind = blindness(heartbeats, { blindAfterUs: deps.blindAfterUs, nowUs: deps.clock.nowUs() });
  const standing = (await deps.results.provisional(sensor)).filter(isAboutSensor);
  const over = standing.filter(({ id }) => id !== blind?.id);
  const known = standing.find(({ id }) => id === blind?.id);
  // The same silence is written again only when it has become worth saying anew.
  const isNews = blind !== undefined && blind.windowEndUs - (known?.windowEndUs ?? -Infinity) >= deps.blindAfterUs;
  const changed = [...over.map((alert): Alert => ({ ...alert, state: 'confirmed' })), ...(isNews ? [blind] : [])];
  if (changed.length > 0) await deps.results.putAlerts(changed);
  return changed;
}
