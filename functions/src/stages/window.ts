/**
 * window: decides which windows are to be scored. A heartbeat says how far time has come and what was sent; a batch may
 * come later than the heartbeat that announced it, the last one of a session included. So both are asked after each of
 * their writes, and whichever of them is last finds the window complete. A window that is named twice does no harm.
 */
import { PipelineError } from '@tapline/core/errors';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import type { Closing } from '@tapline/core/ledger/window-closing';
import { closingOf } from '@tapline/core/ledger/window-closing';
import { countsChanged, needsScoring } from '@tapline/core/ledger/window-state';
import type { Clock, LedgerStore, WindowKey, WindowState, WindowStore } from '@tapline/core/ports';

/** Windows named by one call at most; the rest stay pending (see dueWindows). */
export const WINDOWS_PER_CALL = 4096;

/** How long after its last arrival a window waits for announced packets before it is scored without them. */
export const DEFAULT_TIMEOUT_US = 60_000_000;

export interface WindowDeps {
  readonly windows: Pick<WindowStore, 'announce' | 'state' | 'ready' | 'stale'>;
  readonly ledger: Pick<LedgerStore, 'putHeartbeat' | 'lastHeartbeats' | 'openHeartbeats'>;
  readonly clock: Clock;
  readonly windowUs: number;
  readonly timeoutUs: number;
}

/**
 * Stores a heartbeat and its announcements.
 * @returns the sensor's windows that are to be scored now, in time order, as they were found
 * @throws PipelineError USAGE when the sensor counts windows of another width than these stages do
 */
export async function onHeartbeat(heartbeat: Heartbeat, deps: WindowDeps): Promise<WindowState[]> {
  const { sensor, session, windowUs } = heartbeat;
  if (windowUs !== deps.windowUs) {
    throw new PipelineError(
      'USAGE',
      `sensor ${sensor} announces windows of ${windowUs} µs, these stages score ${deps.windowUs}`,
    );
  }
  // Whether a sensor is alive is judged by one clock, and not by its own.
  const arrived = { ...heartbeat, arrivalUs: deps.clock.nowUs(), leftUs: heartbeat.arrivalUs };
  await Promise.all([
    deps.ledger.putHeartbeat(arrived),
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
export async function onBatch(touched: readonly WindowKey[], deps: WindowDeps): Promise<WindowState[]> {
  const [first] = touched;
  if (first === undefined) return [];
  // Most windows are still open, and then their state need not be read.
  const beforeUs = reachedUs(await deps.ledger.openHeartbeats(first.sensor), deps);
  const reached = touched.filter(({ windowStartUs }) => windowStartUs < beforeUs);
  const states = await Promise.all(reached.map((key) => deps.windows.state(key)));
  const pending = states.filter((state) => state !== undefined && needsScoring(state)) as WindowState[];
  return inOrder(await closed(first.sensor, pending, 'complete', deps));
}

/**
 * Every window of the sensor that is to be scored now, in time order: complete, or timed out. For a timer, and for the
 * end of a run. A list of WINDOWS_PER_CALL keys may not be all: score them, then ask again.
 */
export async function dueWindows(sensor: string, deps: WindowDeps): Promise<WindowState[]> {
  const heartbeats = await deps.ledger.openHeartbeats(sensor);
  const ready = await deps.windows.ready(sensor, reachedUs(heartbeats, deps), WINDOWS_PER_CALL);
  const complete = await closed(sensor, ready, 'complete', deps);
  const stale = await deps.windows.stale(sensor, deps.clock.nowUs() - deps.timeoutUs, WINDOWS_PER_CALL);
  // A window that was given up before is scored again only when more of it came.
  const givenUp = await closed(sensor, stale.filter(countsChanged), 'timedOut', deps);
  return inOrder([...complete, ...givenUp]).slice(0, WINDOWS_PER_CALL);
}

/** Those of the windows that are closed in this way, by the heartbeats of the sessions that have anything in them. */
async function closed(
  sensor: string,
  states: readonly WindowState[],
  how: Closing,
  { ledger, clock, windowUs, timeoutUs }: WindowDeps,
): Promise<WindowState[]> {
  if (states.length === 0) return [];
  const sessions = new Set(states.flatMap((state) => state.sessions.map(({ session }) => session)));
  const heartbeats = await ledger.lastHeartbeats(sensor, [...sessions]);
  const rule = { windowUs, timeoutUs, nowUs: clock.nowUs() };
  return states.filter((state) => closingOf(state, heartbeats, rule) === how);
}

/**
 * Windows that start at this time or later cannot be over: no session's watermark has reached their end.
 * @param heartbeats as openHeartbeats has them
 */
function reachedUs(heartbeats: readonly Heartbeat[], deps: WindowDeps): number {
  let watermarkUs = -Infinity;
  for (const heartbeat of heartbeats) {
    watermarkUs = Math.max(watermarkUs, heartbeat.final ? Infinity : (heartbeat.watermarkUs ?? -Infinity));
  }
  return watermarkUs - deps.windowUs + 1;
}

function inOrder(states: readonly WindowState[]): WindowState[] {
  return states.toSorted((a, b) => a.windowStartUs - b.windowStartUs);
}
