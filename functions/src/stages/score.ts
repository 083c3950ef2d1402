/**
 * score: one window's partials → its KPI row, flow slices and evidence, and what that changes in the sensor's alerts.
 * Says the same whenever it is given the same cells, so a window may be scored twice, by two at once, or again when more
 * of it arrives. It is marked as scored last, so that a crash on the way leaves a window that is still to be scored.
 */
import type { Alert } from '@tapline/core/detect/alert';
import { windowQuality } from '@tapline/core/detect/data-quality';
import { scorePane } from '@tapline/core/detect/registry';
import { PipelineError } from '@tapline/core/errors';
import { encodeObservations } from '@tapline/core/history/observations';
import { observe } from '@tapline/core/history/observe';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import { flowSlices, kpiRow } from '@tapline/core/kpi/kpi-row-from-pane';
import type { WindowCount } from '@tapline/core/ledger/heartbeat';
import { closingOf, finalBefore } from '@tapline/core/ledger/window-closing';
import { addCounts, announcedTotal, arrivedTotal, NO_COUNT, sameCounts } from '@tapline/core/ledger/window-state';
import type {
  Clock,
  EmittedWindow,
  LedgerStore,
  ResultStore,
  WindowKey,
  WindowState,
  WindowStore,
} from '@tapline/core/ports';
import { Pane } from '@tapline/core/window/pane';
import { decodePartial } from '@tapline/core/window/partial-codec';
import { dropShareOf } from './drop-share.ts';
import type { AlertDeps } from './alerts.ts';
import { confirmAlerts, updateAlerts } from './alerts.ts';
import { advanceHistory, windowChanged, type HistoryDeps } from './history.ts';

export interface ScoreDeps extends AlertDeps {
  readonly windows: Pick<WindowStore, 'read' | 'state' | 'setEmitted' | 'firstPending'>;
  readonly results: ResultStore;
  readonly ledger: Pick<LedgerStore, 'lastHeartbeats' | 'openHeartbeats' | 'minutes'>;
  readonly clock: Clock;
  readonly timeoutUs: number;
  readonly allowedLatenessUs: number;
  /** What needs longer memory; without it only the windows' neighbourhoods are looked at. */
  readonly history?: HistoryDeps;
}

/** Rounds of one call while cells keep coming; the window stays pending and is named again. */
const LOOKS_AT_MOST = 8;

export interface ScoreResult {
  readonly kpi: KpiRow;
  /** Alerts of the sensor that are new, changed, confirmed or withdrawn. */
  readonly alerts: readonly Alert[];
}

/**
 * Scores a window from what there is of it now. Resolves when everything is stored.
 * @returns undefined when the window was scored from exactly this before, or nobody ever mentioned it
 * @throws PipelineError WIRE_* when a cell is damaged, USAGE when cells are of another window width, STORE
 */
export async function scoreWindow(key: WindowKey, deps: ScoreDeps): Promise<ScoreResult | undefined> {
  let last: Scored | undefined;
  for (let look = 0; look < LOOKS_AT_MOST; look++) {
    // Whatever arrived meanwhile, or was overwritten by somebody who read fewer cells, is found by looking once more.
    const next = await scoreOnce(key, last, deps);
    if (next === undefined) break;
    last = next;
  }
  return last?.result;
}

interface Scored {
  readonly result: ScoreResult;
  readonly emitted: EmittedWindow;
}

async function scoreOnce(key: WindowKey, last: Scored | undefined, deps: ScoreDeps): Promise<Scored | undefined> {
  const { sensor, windowStartUs } = key;
  const state = await deps.windows.state(key);
  if (state === undefined) return undefined;
  const sessions = state.sessions.map(({ session }) => session);
  const heartbeats = await deps.ledger.lastHeartbeats(sensor, sessions);
  const rule = { ...deps, nowUs: deps.clock.nowUs() };
  const complete = closingOf(state, heartbeats, rule) === 'complete';
  const announced = announcedTotal(state.sessions);
  if (isFrom(state.emitted, state, complete) && (last === undefined || isFrom(last.emitted, state, complete))) {
    return undefined;
  }

  const { pane, arrived } = await mergeCells(key, deps);
  const revision = (state.emitted?.revision ?? 0) + 1;
  // Cells that came after the counts were read make another revision at the next look.
  const wholeYet = complete && sameCounts(arrived, announced);
  const dropShare = await dropShareOf(key, heartbeats, deps);
  const kpi = kpiRow(pane, { sensor, revision, complete: wholeYet, announced, arrived, dropShare });
  const evidence = scorePane(pane, sensor);
  const replaced = await deps.results.evidence(sensor, { fromUs: windowStartUs, toUs: windowStartUs + 1 });
  const seen = deps.history && encodeObservations(observe(pane.view, deps.history.isInternal, evidence), windowStartUs);
  await deps.results.putWindow({
    kpi,
    flows: flowSlices(pane, sensor),
    evidence,
    ...(seen && { observations: seen }),
  });
  const finalBeforeUs = finalBefore(await deps.ledger.openHeartbeats(sensor), rule);
  const alerts = await updateAlerts(
    {
      sensor,
      windowStartUs,
      known: { complete: wholeYet, quality: windowQuality(kpi) },
      evidence,
      replaced,
      finalBeforeUs,
    },
    deps,
  );
  // Before the window counts as scored: until then no history passes it.
  if (deps.history) await windowChanged(kpi, finalBeforeUs, { ...deps, history: deps.history });
  const emitted: EmittedWindow = { revision, complete: wholeYet, arrived, announced };
  await deps.windows.setEmitted(key, emitted);
  return { result: { kpi, alerts }, emitted };
}

/** Whether what was emitted is what scoring the window now would say. */
function isFrom(emitted: EmittedWindow | undefined, { sessions }: WindowState, complete: boolean): boolean {
  return (
    emitted?.complete === complete &&
    sameCounts(emitted.arrived, arrivedTotal(sessions)) &&
    sameCounts(emitted.announced, announcedTotal(sessions))
  );
}

async function mergeCells(key: WindowKey, deps: ScoreDeps): Promise<{ pane: Pane; arrived: WindowCount }> {
  const pane = new Pane(key.windowStartUs, deps.windowUs);
  let arrived = NO_COUNT;
  for await (const cell of deps.windows.read(key)) {
    const partial = decodePartial(cell.partial);
    if (partial.windowUs !== deps.windowUs) {
      throw new PipelineError(
        'USAGE',
        `batch ${cell.batchId} was cut into windows of ${partial.windowUs} µs, not ${deps.windowUs}: use another data folder`,
      );
    }
    pane.add(partial);
    arrived = addCounts(arrived, { batches: 1, packets: cell.packets, bytes: cell.bytes });
  }
  return { pane, arrived };
}

/**
 * To be asked after a heartbeat that completed no window, and at the end of a run: confirms the alerts that cannot change
 * any more, and takes the windows that are final into the sensor's history.
 */
export async function confirmFinal(sensor: string, deps: ScoreDeps): Promise<Alert[]> {
  const heartbeats = await deps.ledger.openHeartbeats(sensor);
  const finalBeforeUs = finalBefore(heartbeats, { ...deps, nowUs: deps.clock.nowUs() });
  const confirmed = await confirmAlerts(sensor, finalBeforeUs, deps);
  if (deps.history === undefined) return confirmed;
  return [...confirmed, ...(await advanceHistory(sensor, finalBeforeUs, { ...deps, history: deps.history }))];
}
