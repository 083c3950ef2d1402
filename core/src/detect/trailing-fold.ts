/**
 * The alerts of a sensor whose windows come in time order, except for some: a fold that stands where nothing is expected to
 * change any more, and the evidence since. A window that comes late or again is folded from there, so what is kept is
 * bounded by the time that windows may take, and not by how long the sensor runs or an attack lasts.
 */
import type { Alert, Evidence } from './alert.ts';
import { AlertFold, UNKNOWN_WINDOW, type KnownWindow } from './alert-fold.ts';

interface TakenWindow {
  readonly evidence: readonly Evidence[];
  readonly known: KnownWindow;
}

export class TrailingFold {
  readonly #keepUs: number;
  /** Has taken everything before `fromUs`. */
  readonly #settled: AlertFold;
  /** Has taken `#windows`, too. */
  #fold: AlertFold;
  /** Windows with evidence from `fromUs` on, ascending by their start. */
  #windows = new Map<number, TakenWindow>();
  #fromUs: number;

  /**
   * @param keepUs event time behind the newest evidence in which windows may still change
   * @param isFinal whether a window cannot change any more; asked whenever an alert is said
   * @param fromUs earlier windows are not known, and none of them can be part of what is taken
   */
  constructor(keepUs: number, isFinal: (windowStartUs: number) => boolean, fromUs = -Infinity) {
    this.#keepUs = keepUs;
    this.#fromUs = fromUs;
    this.#settled = new AlertFold((startUs) => ({
      ...(this.#windows.get(startUs)?.known ?? UNKNOWN_WINDOW),
      final: isFinal(startUs),
    }));
    this.#fold = this.#settled.clone();
  }

  /** Windows that start before cannot be taken again. */
  get fromUs(): number {
    return this.#fromUs;
  }

  /** What is kept: windows with their evidence, and entities. It does not grow with time. */
  get size(): { readonly windows: number; readonly entities: number } {
    return { windows: this.#windows.size, entities: this.#settled.size + this.#fold.size };
  }

  /**
   * Takes a window after all that were taken.
   * @returns the alerts that are new or changed
   */
  add(windowStartUs: number, evidence: readonly Evidence[], known: KnownWindow): Alert[] {
    this.#windows.set(windowStartUs, { evidence, known });
    const changed = this.#fold.add(evidence);
    this.#fold.release(windowStartUs);
    this.#settle(windowStartUs - this.#keepUs);
    return changed;
  }

  /**
   * Takes a window that may have been taken before, from `fromUs` on.
   * @returns every alert that lasts beyond `fromUs` or could have, as the evidence has it now
   */
  replace(windowStartUs: number, evidence: readonly Evidence[], known: KnownWindow): Alert[] {
    if (windowStartUs < this.#fromUs) throw new RangeError(`window ${windowStartUs} is settled`);
    this.#windows.delete(windowStartUs);
    if (evidence.length > 0) this.#windows.set(windowStartUs, { evidence, known });
    this.#windows = new Map([...this.#windows].sort(([a], [b]) => a - b));
    this.#fold = this.#settled.clone();
    for (const window of this.#windows.values()) this.#fold.add(window.evidence);
    const alerts = this.#fold.alerts();
    const newestUs = [...this.#windows.keys()].at(-1);
    if (newestUs !== undefined) this.#fold.release(newestUs);
    return alerts;
  }

  #settle(beforeUs: number): void {
    if (beforeUs <= this.#fromUs) return;
    for (const [startUs, { evidence }] of this.#windows) {
      if (startUs >= beforeUs) break;
      this.#settled.add(evidence);
      this.#windows.delete(startUs);
    }
    this.#settled.release(beforeUs);
    this.#fromUs = beforeUs;
  }
}
