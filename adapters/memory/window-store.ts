/** WindowStore in memory: for tests, and for a line that need not outlive its process. */
import { everythingArrived, largerCounts, needsScoring, NO_COUNT } from '@tapline/core/ledger/window-state';
import type { WindowCount } from '@tapline/core/ledger/heartbeat';
import type { Clock, EmittedWindow, WindowCell, WindowKey, WindowState, WindowStore } from '@tapline/core/ports';
import { compareText } from './text-order.ts';

interface Session {
  readonly cells: Map<number, WindowCell>;
  arrived: WindowCount;
  announced: WindowCount;
}

interface Entry {
  readonly sessions: Map<string, Session>;
  emitted: EmittedWindow | undefined;
  touchedUs: number;
}

interface Sensor {
  readonly entries: Map<number, Entry>;
  /** Starts of the windows that need scoring, and of those among them that are all there. */
  readonly pending: Set<number>;
  readonly ready: Set<number>;
}

export class MemoryWindowStore implements WindowStore {
  readonly #sensors = new Map<string, Sensor>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Changes a window's entry, which is made when it is new. */
  #change(key: WindowKey, change: (entry: Entry) => void): Promise<void> {
    let sensor = this.#sensors.get(key.sensor);
    if (sensor === undefined) {
      sensor = { entries: new Map(), pending: new Set(), ready: new Set() };
      this.#sensors.set(key.sensor, sensor);
    }
    let entry = sensor.entries.get(key.windowStartUs);
    if (entry === undefined) {
      entry = { sessions: new Map(), emitted: undefined, touchedUs: this.#clock.nowUs() };
      sensor.entries.set(key.windowStartUs, entry);
    }
    change(entry);
    const state = stateOf(key, entry);
    const isPending = needsScoring(state);
    mark(sensor.pending, key.windowStartUs, isPending);
    mark(sensor.ready, key.windowStartUs, isPending && everythingArrived(state.sessions));
    return Promise.resolve();
  }

  #session(entry: Entry, session: string): Session {
    let found = entry.sessions.get(session);
    if (found === undefined) {
      found = { cells: new Map(), arrived: NO_COUNT, announced: NO_COUNT };
      entry.sessions.set(session, found);
    }
    entry.touchedUs = this.#clock.nowUs();
    return found;
  }

  put(key: WindowKey, cell: WindowCell): Promise<void> {
    return this.#change(key, (entry) => {
      const session = this.#session(entry, cell.session);
      const old = session.cells.get(cell.sequence);
      session.cells.set(cell.sequence, { ...cell, partial: cell.partial.slice() });
      session.arrived = {
        batches: session.cells.size,
        packets: session.arrived.packets + cell.packets - (old?.packets ?? 0),
        bytes: session.arrived.bytes + cell.bytes - (old?.bytes ?? 0),
      };
    });
  }

  async *read(key: WindowKey): AsyncIterable<WindowCell> {
    const entry = this.#sensors.get(key.sensor)?.entries.get(key.windowStartUs);
    if (entry === undefined) return;
    for (const session of [...entry.sessions.keys()].sort(compareText)) {
      yield* await Promise.resolve([...entry.sessions.get(session)!.cells.values()].sort(bySequence));
    }
  }

  announce(key: WindowKey, session: string, total: WindowCount): Promise<void> {
    return this.#change(key, (entry) => {
      const found = this.#session(entry, session);
      found.announced = largerCounts(found.announced, total);
    });
  }

  state(key: WindowKey): Promise<WindowState | undefined> {
    const entry = this.#sensors.get(key.sensor)?.entries.get(key.windowStartUs);
    return Promise.resolve(entry && stateOf(key, entry));
  }

  setEmitted(key: WindowKey, emitted: EmittedWindow): Promise<void> {
    return this.#change(key, (entry) => {
      if (emitted.revision >= (entry.emitted?.revision ?? 0)) entry.emitted = emitted;
    });
  }

  ready(sensor: string, beforeUs: number, limit: number): Promise<WindowState[]> {
    const known = this.#sensors.get(sensor);
    const starts = [...(known?.ready ?? [])].filter((startUs) => startUs < beforeUs).sort((a, b) => a - b);
    return Promise.resolve(
      starts
        .slice(0, limit)
        .map((windowStartUs) => stateOf({ sensor, windowStartUs }, known!.entries.get(windowStartUs)!)),
    );
  }

  stale(sensor: string, touchedUs: number, limit: number): Promise<WindowState[]> {
    const known = this.#sensors.get(sensor);
    const states = [...(known?.pending ?? [])]
      .filter((startUs) => known!.entries.get(startUs)!.touchedUs <= touchedUs)
      .map((windowStartUs) => stateOf({ sensor, windowStartUs }, known!.entries.get(windowStartUs)!));
    return Promise.resolve(states.sort(byTouch).slice(0, limit));
  }

  firstPending(sensor: string): Promise<number | undefined> {
    let first: number | undefined;
    for (const startUs of this.#sensors.get(sensor)?.pending ?? []) first = Math.min(first ?? Infinity, startUs);
    return Promise.resolve(first);
  }
}

const bySequence = (a: WindowCell, b: WindowCell): number => a.sequence - b.sequence;

const byTouch = (a: WindowState, b: WindowState): number =>
  a.touchedUs - b.touchedUs || a.windowStartUs - b.windowStartUs;

function mark(set: Set<number>, item: number, isIn: boolean): void {
  if (isIn) set.add(item);
  else set.delete(item);
}

function stateOf({ sensor, windowStartUs }: WindowKey, entry: Entry): WindowState {
  const sessions = [...entry.sessions]
    .map(([session, { arrived, announced }]) => ({ session, arrived, announced }))
    .sort((a, b) => compareText(a.session, b.session));
  return { sensor, windowStartUs, sessions, emitted: entry.emitted, touchedUs: entry.touchedUs };
}
