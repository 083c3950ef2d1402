/**
 * The stages in one process: what a broker, subscriptions and functions do in the cloud, by calling the same stages in
 * turn. Messages are taken one at a time; a message is done when everything it caused is stored.
 */
import { codecs } from '@tapline/adapters/codec/codecs';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { DEFAULT_ALLOWED_LATENESS_US } from '@tapline/core/window/watermark';
import type { WindowKey } from '@tapline/core/ports';
import { createParseScratch, parseBatch, type ParseDeps } from '@tapline/functions/stages/parse';
import { AlertFolds } from '@tapline/functions/stages/alerts';
import { confirmFinal, scoreWindow, type ScoreDeps } from '@tapline/functions/stages/score';
import {
  DEFAULT_TIMEOUT_US,
  dueWindows,
  onBatch,
  onHeartbeat,
  type WindowDeps,
} from '@tapline/functions/stages/window';
import { systemClock } from './clock.ts';
import type { Stores } from './data-folder.ts';

export class Line {
  readonly #parse: ParseDeps;
  readonly #window: WindowDeps;
  readonly #score: ScoreDeps;

  constructor(stores: Omit<Stores, 'close'>, windowUs: number) {
    const { packets, windows, results, ledger } = stores;
    this.#parse = { codecs, packets, windows, ledger, windowUs, scratch: createParseScratch() };
    const stages = { windows, ledger, clock: systemClock, windowUs, timeoutUs: DEFAULT_TIMEOUT_US };
    this.#window = stages;
    this.#score = { ...stages, results, allowedLatenessUs: DEFAULT_ALLOWED_LATENESS_US, folds: new AlertFolds() };
  }

  /** Takes one batch through parse, and scores the windows that it completed. */
  async batch(bytes: Uint8Array): Promise<void> {
    const { windows } = await parseBatch(bytes, this.#parse);
    await this.#scoreAll(await onBatch(windows, this.#window));
  }

  /** Takes one heartbeat, and scores the windows that it closed. */
  async heartbeat(heartbeat: Heartbeat): Promise<void> {
    let due = await onHeartbeat(heartbeat, this.#window);
    // One call names a bounded number of windows; a capture that spans years closes more at its end.
    while (due.length > 0) {
      await this.#scoreAll(due);
      due = await dueWindows(heartbeat.sensor, this.#window);
    }
    await confirmFinal(heartbeat.sensor, this.#score);
  }

  async #scoreAll(keys: readonly WindowKey[]): Promise<void> {
    for (const key of keys) await scoreWindow(key, this.#score);
  }
}
