/**
 * Alerts where several processes score windows of the same sensor at once. Nothing is kept between calls: the alerts
 * around a window are folded from the store, written, and folded again until the store says what its evidence says. Of
 * two processes that overwrite each other, the one that writes last also looks last, at evidence that both had put
 * before; so what stands in the end is right, without locks. It needs reads that see what was written before them.
 *
 * And one that is killed after it wrote, before it looked? Its message comes again, but if another has scored its window
 * meanwhile, only the provisional alerts are looked at again. So content is always written as provisional, and an alert is
 * confirmed or withdrawn in a step of its own, which changes nothing but the state of what was looked at.
 */
import { isFromWindows, type Alert } from '@tapline/core/detect/alert';
import type { KnownWindow } from '@tapline/core/detect/alert-fold';
import { isSameAlert } from '@tapline/core/digest/same-alert';
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
    if (!isFromWindows(alert) || alert.windowEndUs > finalBeforeUs || done.has(alert.id)) continue;
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
  const known = { finalBeforeUs, windows: new Map<number, KnownWindow>() };
  const changed = new Map<string, Alert>();
  let stored: readonly Alert[] = [];
  for (let round = 0; round < ROUNDS_AT_MOST; round++) {
    const around = await foldNeighbourhood(sensor, windowStartUs, known, deps);
    const { written, concluded } = differences(around);
    if (written.length + concluded.length === 0) return [...changed.values()];
    // What is read of the store before the evidence is no newer than what the evidence says: a second look at the latter.
    const seenTwice = concluded.filter((alert) => stored.some((earlier) => isSameAlert(earlier, alert)));
    if (written.length > 0) await deps.results.putAlerts(written);
    else if (seenTwice.length > 0) await deps.results.concludeAlerts(seenTwice);
    for (const alert of [...written, ...seenTwice]) changed.set(alert.id, alert);
    stored = around.before;
  }
  throw new PipelineError('STORE', `the alerts of sensor ${sensor} are being changed by others all the time`, {
    retriable: true,
  });
}

/** What the store does not have as the evidence has it: content to be written, and states to be given to what is there. */
function differences({ before, after, gone }: Neighbourhood): { written: Alert[]; concluded: Alert[] } {
  const stored = new Map(before.map((alert) => [alert.id, alert]));
  const written: Alert[] = [];
  const concluded: Alert[] = [...gone];
  for (const alert of after) {
    const known = stored.get(alert.id);
    if (known === undefined || known.state === 'withdrawn' || !isSameAlert(known, alert)) {
      written.push({ ...alert, state: 'provisional' });
    } else if (known.state === 'provisional' && alert.state === 'confirmed') {
      // The other way round nothing is done: who knows less of the sensor's time takes no confirmation back.
      concluded.push(alert);
    }
  }
  return { written, concluded };
}

async function hasAlert(sensor: string, windowStartUs: number, deps: SharedDeps): Promise<boolean> {
  const range = { fromUs: windowStartUs, toUs: windowStartUs + deps.windowUs };
  const alerts = await deps.results.alerts(sensor, range);
  return alerts.some((alert) => alert.state !== 'withdrawn' && isFromWindows(alert));
}
