/**
 * Traffic of the windows that nobody has scored yet, second by second, for whoever watches a run: a second is on the page
 * when its batch is parsed, and not when its window is over. It is read from the cells of the window state, so that a batch
 * that comes again counts once; nothing is read while nobody watches.
 */
import type { SecondCount } from '@tapline/core/kpi/kpi-row';
import { secondCounts } from '@tapline/core/kpi/kpi-row-from-pane';
import type { WindowKey, WindowStore } from '@tapline/core/ports';
import { decodeSeconds } from '@tapline/core/window/partial-codec';
import type { EarlyWindow } from '@tapline/functions/stages/report';

/** Seconds of a window's cells that were read before, by batch. */
type Seconds = Map<string, readonly SecondCount[]>;

export class EarlyTraffic {
  readonly #windows: Pick<WindowStore, 'read'>;
  readonly #windowUs: number;
  /** Windows under way, by sensor and start. */
  readonly #open = new Map<string, Map<number, Seconds>>();

  constructor(windows: Pick<WindowStore, 'read'>, windowUs: number) {
    this.#windows = windows;
    this.#windowUs = windowUs;
  }

  /** The windows got cells. */
  opened(keys: readonly WindowKey[]): void {
    for (const { sensor, windowStartUs } of keys) {
      const open = this.#open.get(sensor) ?? new Map<number, Seconds>();
      this.#open.set(sensor, open);
      if (!open.has(windowStartUs)) open.set(windowStartUs, new Map());
    }
  }

  /** The window was scored: from now on its row tells. */
  scored({ sensor, windowStartUs }: WindowKey): void {
    this.#open.get(sensor)?.delete(windowStartUs);
  }

  /** Ascending by start; a second that is in several batches is there several times. */
  async read(sensor: string): Promise<EarlyWindow[]> {
    const windows: EarlyWindow[] = [];
    for (const [windowStartUs, known] of this.#open.get(sensor) ?? []) {
      const seconds: SecondCount[] = [];
      for await (const { batchId, partial } of this.#windows.read({ sensor, windowStartUs })) {
        const counts = known.get(batchId) ?? secondCounts(decodeSeconds(partial));
        known.set(batchId, counts);
        seconds.push(...counts);
      }
      windows.push({ windowStartUs, windowEndUs: windowStartUs + this.#windowUs, seconds });
    }
    return windows.sort((a, b) => a.windowStartUs - b.windowStartUs);
  }
}
