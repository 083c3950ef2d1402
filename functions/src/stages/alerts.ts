/**
 * Alerts of a sensor: a fold over the evidence of its windows in time order, whatever order they were scored in. Windows
 * usually come in order and are added to a fold that is kept; one that comes late, or again, folds its neighbourhood anew
 * from the store. Where several processes score the same sensor, no fold can be kept (shared-alerts.ts).
 */
import { isFromWindows, type Alert, type Evidence } from '@tapline/core/detect/alert';
import type { AlertFold, KnownWindow } from '@tapline/core/detect/alert-fold';
import type { ResultStore } from '@tapline/core/ports';
import { foldNeighbourhood, foldReachUs } from './alert-neighbourhood.ts';
import { confirmShared, settleAlerts } from './shared-alerts.ts';

export interface AlertDeps {
  readonly results: Pick<
    ResultStore,
    'kpis' | 'evidence' | 'alerts' | 'putAlerts' | 'concludeAlerts' | 'provisional' | 'sensors'
  >;
  readonly windowUs: number;
  /** Kept folds, for the only process that scores; absent where there may be others. */
  readonly folds?: AlertFolds;
}

/** What scoring a window says to the alerts; its row and evidence are stored already. */
export interface ScoredWindow {
  readonly sensor: string;
  readonly windowStartUs: number;
  readonly known: KnownWindow;
  readonly evidence: readonly Evidence[];
  /** Evidence the same window had before; empty the first time. */
  readonly replaced: readonly Evidence[];
  /** Event time before which nothing of the sensor can change any more. */
  readonly finalBeforeUs: number;
}

interface SensorFold {
  /** Has everything up to `newestUs` that a later window could extend; undefined until it was read from the store. */
  fold: AlertFold | undefined;
  /** Newest window that was scored. */
  newestUs: number;
  /** Windows with evidence, by their start. */
  readonly windows: Map<number, KnownWindow>;
  finalBeforeUs: number;
  /** Alerts that wait for finality, by id. */
  readonly provisional: Map<string, Alert>;
}

/** The folds of one process, by sensor. Valid as long as no other process scores windows of the same sensor. */
export class AlertFolds {
  readonly #folds = new Map<string, SensorFold>();
  readonly #turns = new Map<string, Promise<unknown>>();

  /** The sensor's fold, begun from what the store knows. */
  async of(sensor: string, deps: AlertDeps): Promise<SensorFold> {
    const known = this.#folds.get(sensor);
    if (known !== undefined) return known;
    const provisional = (await deps.results.provisional(sensor)).filter(isFromWindows);
    const summary = (await deps.results.sensors()).find((one) => one.sensor === sensor);
    const made: SensorFold = {
      fold: undefined,
      newestUs: summary?.lastUs ?? -Infinity,
      windows: new Map(),
      finalBeforeUs: -Infinity,
      provisional: new Map(provisional.map((alert) => [alert.id, alert])),
    };
    this.#folds.set(sensor, made);
    return made;
  }

  /** Runs `work` when everything asked for before about this sensor is done: a fold takes one window at a time. */
  inTurn<T>(sensor: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(sensor) ?? Promise.resolve()).then(work);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(sensor, settled);
    return turn;
  }
}

/** Takes a scored window into the sensor's alerts and stores what changed; returns these alerts. */
export function updateAlerts(window: ScoredWindow, deps: AlertDeps): Promise<Alert[]> {
  const { sensor } = window;
  const { folds } = deps;
  if (folds === undefined) return settleAlerts(window, deps);
  return folds.inTurn(sensor, async () => {
    const state = await folds.of(sensor, deps);
    state.finalBeforeUs = window.finalBeforeUs;
    const changed = await takeWindow(window, state, deps);
    state.newestUs = Math.max(state.newestUs, window.windowStartUs);
    for (const alert of changed) {
      if (alert.state === 'provisional') state.provisional.set(alert.id, alert);
      else state.provisional.delete(alert.id);
    }
    const news = [...changed, ...takeFinal(state)];
    if (news.length > 0) await deps.results.putAlerts(news);
    return news;
  });
}

/**
 * Confirms the alerts that have become final since. Scoring a window does it too; this is for heartbeats that complete
 * no window, the last one of a session above all.
 */
export function confirmAlerts(sensor: string, finalBeforeUs: number, deps: AlertDeps): Promise<Alert[]> {
  const { folds } = deps;
  if (folds === undefined) return confirmShared(sensor, finalBeforeUs, deps);
  return folds.inTurn(sensor, async () => {
    const state = await folds.of(sensor, deps);
    state.finalBeforeUs = finalBeforeUs;
    const news = takeFinal(state);
    if (news.length > 0) await deps.results.putAlerts(news);
    return news;
  });
}

function takeFinal(state: SensorFold): Alert[] {
  const final = [...state.provisional.values()].filter((alert) => alert.windowEndUs <= state.finalBeforeUs);
  for (const { id } of final) state.provisional.delete(id);
  return final.map((alert) => ({ ...alert, state: 'confirmed' }));
}

async function takeWindow(window: ScoredWindow, state: SensorFold, deps: AlertDeps): Promise<Alert[]> {
  const { windowStartUs, evidence, replaced, known } = window;
  if (evidence.length === 0 && replaced.length === 0) return [];
  if (state.fold === undefined || windowStartUs <= state.newestUs) return foldAround(window, state, deps);
  state.windows.set(windowStartUs, known);
  const changed = state.fold.add(evidence);
  state.fold.release(windowStartUs);
  return changed;
}

/** Folds the evidence around the window anew, and keeps the fold when nothing newer than it is in the store. */
async function foldAround(window: ScoredWindow, state: SensorFold, deps: AlertDeps): Promise<Alert[]> {
  const known = { finalBeforeUs: state.finalBeforeUs, windows: state.windows };
  const { fold, range, after, gone } = await foldNeighbourhood(window.sensor, window.windowStartUs, known, deps);
  if (range.toUs + foldReachUs(deps.windowUs) > state.newestUs) state.fold = fold;
  return [...after, ...gone];
}
