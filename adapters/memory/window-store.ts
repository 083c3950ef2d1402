/** WindowStore in memory: for tests, and for a line that need not outlive its process. */
import { addCounts, largerCounts, needsScoring, NO_COUNT } from '@tapline/core/ledger/window-state';
import type { WindowCount } from '@tapline/core/ledger/heartbeat';
import type { Clock, EmittedWindow, WindowCell, WindowKey, WindowState, WindowStore } from '@tapline/core/ports';
import { compareText } from './text-order.ts';

interface Entry {
  readonly cells: Map<string, Map<number, WindowCell>>;
  readonly announced: Map<string, WindowCount>;
  emitted: EmittedWindow | undefined;
  touchedUs: number;
}

const bySequence = (a: WindowCell, b: WindowCell): number => a.sequence - b.sequence;

export class MemoryWindowStore implements WindowStore {
  readonly #sensors = new Map<string, Map<number, Entry>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  #entry(key: WindowKey): Entry {
    let windows = this.#sensors.get(key.sensor);
    if (windows === undefined) this.#sensors.set(key.sensor, (windows = new Map<number, Entry>()));
    let entry = windows.get(key.windowStartUs);
    if (entry === undefined) {
      entry = { cells: new Map(), announced: new Map(), emitted: undefined, touchedUs: this.#clock.nowUs() };
      windows.set(key.windowStartUs, entry);
    }
    return entry;
  }

  put(key: WindowKey, cell: WindowCell): Promise<void> {
    const entry = this.#entry(key);
    const session = entry.cells.get(cell.session);
    const kept = { ...cell, partial: cell.partial.slice() };
    if (session === undefined) entry.cells.set(cell.session, new Map([[cell.sequence, kept]]));
    else session.set(cell.sequence, kept);
    entry.touchedUs = this.#clock.nowUs();
    return Promise.resolve();
  }

  async *read(key: WindowKey): AsyncIterable<WindowCell> {
    const entry = this.#sensors.get(key.sensor)?.get(key.windowStartUs);
    if (entry === undefined) return;
    for (const session of [...entry.cells.keys()].sort(compareText)) {
      yield* await Promise.resolve([...entry.cells.get(session)!.values()].sort(bySequence));
    }
  }

  announce(key: WindowKey, session: string, total: WindowCount): Promise<void> {
    const entry = this.#entry(key);
    entry.announced.set(session, largerCounts(entry.announced.get(session) ?? NO_COUNT, total));
    entry.touchedUs = this.#clock.nowUs();
    return Promise.resolve();
  }

  state(key: WindowKey): Promise<WindowState | undefined> {
    const entry = this.#sensors.get(key.sensor)?.get(key.windowStartUs);
    return Promise.resolve(entry && stateOf(key.sensor, key.windowStartUs, entry));
  }

  setEmitted(key: WindowKey, emitted: EmittedWindow): Promise<void> {
    this.#entry(key).emitted = emitted;
    return Promise.resolve();
  }

  pending(sensor: string, beforeUs: number, limit: number): Promise<WindowState[]> {
    const found: WindowState[] = [];
    for (const [windowStartUs, entry] of this.#sensors.get(sensor) ?? []) {
      if (windowStartUs >= beforeUs) continue;
      const state = stateOf(sensor, windowStartUs, entry);
      if (needsScoring(state)) found.push(state);
    }
    return Promise.resolve(found.sort((a, b) => a.windowStartUs - b.windowStartUs).slice(0, limit));
  }
}

function stateOf(sensor: string, windowStartUs: number, entry: Entry): WindowState {
  const names = [...new Set([...entry.cells.keys(), ...entry.announced.keys()])].sort(compareText);
  const sessions = names.map((session) => {
    let arrived = NO_COUNT;
    for (const cell of entry.cells.get(session)?.values() ?? []) {
      arrived = addCounts(arrived, { batches: 1, packets: cell.packets, bytes: cell.bytes });
    }
    return { session, arrived, announced: entry.announced.get(session) ?? NO_COUNT };
  });
  return { sensor, windowStartUs, sessions, emitted: entry.emitted, touchedUs: entry.touchedUs };
}
