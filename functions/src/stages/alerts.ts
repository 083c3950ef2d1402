/**
 * Alerts of a sensor: a fold over the evidence of its windows in time order, whatever order they were scored in. Windows
 * usually come in order and are added to a fold that is kept; one that comes late, or again, is folded anew from where the
 * fold stood before what may still change, and one that comes later than that folds its neighbourhood from the store. Only
 * what changed is written. Where several processes score the same sensor, no fold can be kept (shared-alerts.ts).
 */
import { isFromWindows, type Alert, type Evidence } from '@tapline/core/detect/alert';
import { withdrawn, type KnownWindow } from '@tapline/core/detect/alert-fold';
import type { TrailingFold } from '@tapline/core/detect/trailing-fold';
import { isSameAlert } from '@tapline/core/digest/same-alert';
import type { ResultStore } from '@tapline/core/ports';
import { DEFAULT_ALLOWED_LATENESS_US } from '@tapline/core/window/watermark';
import { foldNeighbourhood, foldReachUs, trailingFold } from './alert-neighbourhood.ts';
import { confirmShared, settleAlerts } from './shared-alerts.ts';

export interface AlertDeps {
  readonly results: Pick<
    ResultStore,
    'kpis' | 'evidence' | 'alerts' | 'putAlerts' | 'concludeAlerts' | 'provisional' | 'sensors'
  >;
  readonly windowUs: number;
  /** How long windows may change after the watermark has passed them; the usual time when absent. */
  readonly allowedLatenessUs?: number;
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
  /** Stands at `newestUs`; undefined until it was read from the store. */
  fold: TrailingFold | undefined;
  /** Newest window that was scored. */
  newestUs: number;
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
  const { sensor, windowStartUs, evidence, replaced, known } = window;
  if (evidence.length === 0 && replaced.length === 0) return [];
  const fold = (state.fold ??= await beginFold(sensor, state, deps));
  if (windowStartUs > state.newestUs) return fold.add(windowStartUs, evidence, known);
  if (windowStartUs < fold.fromUs) return takeSettled(window, state, fold, deps);
  const after = fold.replace(windowStartUs, evidence, known);
  const beforeUs = Math.min(fold.fromUs, ...after.map(({ windowEndUs }) => windowEndUs - 1));
  const stored = await deps.results.alerts(sensor, { fromUs: beforeUs, toUs: Infinity });
  const before = stored.filter(isFromWindows);
  const ids = new Set(after.map(({ id }) => id));
  const gone = before.filter(
    (alert) => alert.windowEndUs > fold.fromUs && alert.state !== 'withdrawn' && !ids.has(alert.id),
  );
  if (gone.length === 0) return changedAlerts(before, after);
  const range = { fromUs: Math.min(...gone.map((alert) => alert.windowStartUs)), toUs: Infinity };
  return [...changedAlerts(before, after), ...withdrawn(gone, after, await deps.results.evidence(sensor, range))];
}

/** The fold as it stands at the newest window, from the store. */
function beginFold(sensor: string, state: SensorFold, deps: AlertDeps): Promise<TrailingFold> {
  const { windowUs, allowedLatenessUs = DEFAULT_ALLOWED_LATENESS_US } = deps;
  const isFinal = (startUs: number): boolean => startUs + windowUs <= state.finalBeforeUs;
  return trailingFold(sensor, state.newestUs, { keepUs: allowedLatenessUs + 2 * windowUs, isFinal }, deps);
}

/** Takes a window that the fold has settled: the evidence around it is folded anew, however long its episodes last. */
async function takeSettled(
  { sensor, windowStartUs }: ScoredWindow,
  state: SensorFold,
  fold: TrailingFold,
  deps: AlertDeps,
): Promise<Alert[]> {
  const known = { finalBeforeUs: state.finalBeforeUs, windows: new Map<number, KnownWindow>() };
  const { range, before, after, gone } = await foldNeighbourhood(sensor, windowStartUs, known, deps);
  // What could still be extended is folded from the store again.
  if (range.toUs + foldReachUs(deps.windowUs) > fold.fromUs) state.fold = undefined;
  return [...changedAlerts(before, after), ...gone];
}

/** Alerts that the store does not have as the evidence has them; how sure time has made us of the others stays. */
function changedAlerts(before: readonly Alert[], after: readonly Alert[]): Alert[] {
  const stored = new Map(before.map((alert) => [alert.id, alert]));
  return after.filter((alert) => {
    const known = stored.get(alert.id);
    return known === undefined || known.state === 'withdrawn' || !isSameAlert(known, alert);
  });
}
