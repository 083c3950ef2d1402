/** What is wrong with a sensor's mirror, by what is stored of it. */
import { ALL_TIME, type LedgerStore, type ResultStore } from '@tapline/core/ports';
import { SensorHealth, type SensorFinding } from '@tapline/core/report/sensor-health';

/** Windows read at a time: a capture may last for years. */
const PAGE_WINDOWS = 500;

export interface HealthStores {
  readonly results: Pick<ResultStore, 'kpis'>;
  readonly ledger: Pick<LedgerStore, 'lastHeartbeats'>;
}

/** @param sinceUs event time in microseconds; default: everything */
export async function readHealth(
  sensor: string,
  { results, ledger }: HealthStores,
  sinceUs = ALL_TIME.fromUs,
): Promise<SensorFinding[]> {
  const health = new SensorHealth();
  let fromUs = sinceUs;
  for (;;) {
    const rows = await results.kpis(sensor, { fromUs, toUs: ALL_TIME.toUs }, PAGE_WINDOWS);
    for (const row of rows) health.add(row);
    if (rows.length < PAGE_WINDOWS) return health.findings(await ledger.lastHeartbeats(sensor));
    fromUs = rows.at(-1)!.windowStartUs + 1;
  }
}
