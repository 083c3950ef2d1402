/**
 * window: decides which windows are to be scored. A heartbeat says how far time has come and what was sent; a batch may
 * come later than the heartbeat that announced it, the last one of a session included. So both are asked after each of
 * their writes, and whichever of them is last finds the window complete. A window that is named twice does no harm.
 */
import { PipelineError } from '@tapline/core/errors';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { closingOf } from '@tapline/core/ledger/window-closing';
import { countsChanged, needsScoring } from '@tapline/core/ledger/window-state';
import type { Clock, LedgerStore, WindowKey, WindowState, WindowStore } from '@tapline/core/ports';

/** Windows named by one call at most; the rest stay pending (see dueWindows). */
export const WINDOWS_PER_CALL = 4096;

/** How long after its last arrival a window waits for announced packets before it is scored without them. */
export const DEFAULT_TIMEOUT_US = 60_000_000;

export interface WindowDeps {
  readonly windows: Pick<WindowStore, 'announce' | 'state' | 'pending'>;
  readonly ledger: Pick<LedgerStore, 'putHeartbeat' | 'lastHeartbeats'>;
  readonly clock: Clock;
  readonly windowUs: number;
  readonly timeoutUs: number;
}

/**
 * Stores a heartbeat and its announcements.
 * @returns the sensor's windows that are to be scored now, in time order
 * @throws PipelineError USAGE when the sensor counts windows of another width than these stages do
 */
export async function onHeartbeat(heartbeat: Heartbeat, deps: WindowDeps): Promise<WindowKey[]> {
  const { sensor, session, windowUs } = heartbeat;
  if (windowUs !== deps.windowUs) {
    throw new PipelineError(
      'USAGE',
      `sensor ${sensor} announces windows of ${windowUs} µs, these stages score ${deps.windowUs}`,
    );
  }
  await Promise.all([
    deps.ledger.putHeartbeat(heartbeat),
    ...heartbeat.windows.map(({ windowStartUs, batches, packets, bytes }) =>
      deps.windows.announce({ sensor, windowStartUs }, session, { batches, packets, bytes }),
    ),
  ]);
  return dueWindows(sensor, deps);
}

/**
 * To be asked after `parseBatch` with the windows it touched.
 * @returns those of them that the batch completed: its heartbeat came before it
 */
export async function onBatch(touched: readonly WindowKey[], deps: WindowDeps): Promise<WindowKey[]> {
  const [first] = touched;
  if (first === undefined) return [];
  const heartbeats = await deps.ledger.lastHeartbeats(first.sensor);
  // Nothing is announced for windows that no watermark has reached, and these are nearly all.
  const reached = touched.filter(({ windowStartUs }) =>
    heartbeats.some((known) => known.final || (known.watermarkUs ?? -Infinity) >= windowStartUs + deps.windowUs),
  );
  const states = await Promise.all(reached.map((key) => deps.windows.state(key)));
  return due(states.filter((state) => state !== undefined && needsScoring(state)) as WindowState[], heartbeats, deps);
}

/**
 * Every window of the sensor that is to be scored now, in time order: complete, or timed out. For a timer, and for the
 * end of a run. A list of WINDOWS_PER_CALL keys may not be all: score them, then ask again.
 */
export async function dueWindows(sensor: string, deps: WindowDeps): Promise<WindowKey[]> {
  const heartbeats = await deps.ledger.lastHeartbeats(sensor);
  const pending = await deps.windows.pending(sensor, Infinity, WINDOWS_PER_CALL);
  return due(pending, heartbeats, deps);
}

function due(states: readonly WindowState[], heartbeats: readonly Heartbeat[], deps: WindowDeps): WindowKey[] {
  const rule = { windowUs: deps.windowUs, timeoutUs: deps.timeoutUs, nowUs: deps.clock.nowUs() };
  const isDue = (state: WindowState): boolean => {
    const closing = closingOf(state, heartbeats, rule);
    // A window that was given up is scored again only when more of it came.
    return closing === 'complete' || (closing === 'timedOut' && countsChanged(state));
  };
  return states
    .filter(isDue)
    .map(({ sensor, windowStartUs }) => ({ sensor, windowStartUs }))
    .sort((a, b) => a.windowStartUs - b.windowStartUs);
}
