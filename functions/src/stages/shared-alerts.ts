/**
 * Alerts where several processes score windows of the same sensor at once. Nothing is kept between calls: the alerts
 * around a window are folded from the store, written, and folded again until the store says what its evidence says. Of
 * two processes that overwrite each other, the one that writes last also looks last, at evidence that both had put
 * before; so what stands in the end is right, without locks. It needs reads that see what was written before them.
 */
import { isAboutSensor, type Alert } from '@tapline/core/detect/alert';
import { canonical } from '@tapline/core/digest/canonical';
import { PipelineError } from '@tapline/core/errors';
import { foldNeighbourhood, type Neighbourhood } from './alert-neighbourhood.ts';
import type { AlertDeps, ScoredWindow } from './alerts.ts';

/** Rounds before the message is given back to be tried later: others must be writing all the time. */
const ROUNDS_AT_MOST = 16;

type SharedDeps = Omit<AlertDeps, 'folds'>;

/** Takes a scored window, whose row and evidence are stored, into the sensor's alerts; returns what it changed. */
export async function settleAlerts(window: ScoredWindow, deps: SharedDeps): Promise<Alert[]> {
  const { sensor, windowStartUs, evidence, replaced, finalBeforeUs } = window;
  // Somebody may have raised an alert from evidence that this window's newer row has just replaced by nothing.
  const isQuiet = evidence.length === 0 && replaced.length === 0;
  if (isQuiet && !(await hasAlert(sensor, windowStartUs, deps))) return [];
  return settleAround(sensor, windowStartUs, finalBeforeUs, deps);
}

/** Confirms the alerts of windows that are final. Their content is folded again, never copied from an old reading. */
export async function confirmShared(sensor: string, finalBeforeUs: number, deps: SharedDeps): Promise<Alert[]> {
  const changed: Alert[] = [];
  const done = new Set<string>();
  for (const alert of await deps.results.provisional(sensor)) {
    if (isAboutSensor(alert) || alert.windowEndUs > finalBeforeUs || done.has(alert.id)) continue;
    for (const settled of await settleAround(sensor, alert.windowStartUs, finalBeforeUs, deps)) {
      changed.push(settled);
      done.add(settled.id);
    }
  }
  return changed;
}

async function settleAround(
  sensor: string,
  windowStartUs: number,
  finalBeforeUs: number,
  deps: SharedDeps,
): Promise<Alert[]> {
  const known = { finalBeforeUs, complete: new Map<number, boolean>() };
  const changed = new Map<string, Alert>();
  for (let round = 0; round < ROUNDS_AT_MOST; round++) {
    const news = differences(await foldNeighbourhood(sensor, windowStartUs, known, deps));
    if (news.length === 0) return [...changed.values()];
    await deps.results.putAlerts(news);
    for (const alert of news) changed.set(alert.id, alert);
  }
  throw new PipelineError('STORE', `the alerts of sensor ${sensor} are being changed by others all the time`, {
    retriable: true,
  });
}

/** Alerts that the store does not have as the evidence has them. */
function differences({ before, after, gone }: Neighbourhood): Alert[] {
  const stored = new Map(before.map((alert) => [alert.id, alert]));
  const changed = after.filter((alert) => {
    const known = stored.get(alert.id);
    if (known === undefined || content(known) !== content(alert)) return true;
    // Whoever knows less of the sensor's time than another does not take a confirmation back.
    return known.state === 'withdrawn' || (known.state === 'provisional' && alert.state === 'confirmed');
  });
  return [...changed, ...gone];
}

const content = (alert: Alert): string => canonical(alert, ['state']);

async function hasAlert(sensor: string, windowStartUs: number, deps: SharedDeps): Promise<boolean> {
  const range = { fromUs: windowStartUs, toUs: windowStartUs + deps.windowUs };
  const alerts = await deps.results.alerts(sensor, range);
  return alerts.some((alert) => alert.state !== 'withdrawn' && !isAboutSensor(alert));
}
