/**
 * The stages in one process: what a broker, subscriptions and functions do in the cloud, by calling the same stages in
 * turn. Messages are taken one at a time; a message is done when everything it caused is stored.
 */
import { codecs } from '@tapline/adapters/codec/codecs';
import { internalNetworks, PRIVATE_NETWORKS } from '@tapline/core/history/host-place';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { DEFAULT_ALLOWED_LATENESS_US } from '@tapline/core/window/watermark';
import type { Clock, WindowKey } from '@tapline/core/ports';
import { createParseScratch, parseBatch, type ParseDeps } from '@tapline/functions/stages/parse';
import { AlertFolds } from '@tapline/functions/stages/alerts';
import { Histories } from '@tapline/functions/stages/history';
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
import { EarlyTraffic } from './early-traffic.ts';

export interface LineOptions {
  readonly windowUs: number;
  readonly clock?: Clock;
  /** How long a window waits for announced packets after its last arrival. */
  readonly timeoutUs?: number;
  readonly allowedLatenessUs?: number;
  readonly falseAlarmsPerDay?: number;
  /** Event time after which the history does not learn what is usual any more. */
  readonly learnUntilUs?: number | undefined;
  /** Networks of our own, address/bits, comma-separated. */
  readonly internalNetworks?: string;
}

/** Alarms a day of `unlike-history` that a line allows itself unless it is told otherwise. */
export const DEFAULT_FALSE_ALARMS_PER_DAY = 1;

const DEFAULTS = {
  clock: systemClock,
  timeoutUs: DEFAULT_TIMEOUT_US,
  allowedLatenessUs: DEFAULT_ALLOWED_LATENESS_US,
  falseAlarmsPerDay: DEFAULT_FALSE_ALARMS_PER_DAY,
  internalNetworks: PRIVATE_NETWORKS,
};

export class Line {
  readonly #parse: ParseDeps;
  readonly #window: WindowDeps;
  readonly #score: ScoreDeps;
  /** What a page may show of windows before they are scored. */
  readonly early: EarlyTraffic;

  constructor(stores: Omit<Stores, 'close'>, options: LineOptions) {
    const { packets, windows, results, ledger, histories } = stores;
    const rules = { ...DEFAULTS, ...options };
    this.#parse = { codecs, packets, windows, ledger, windowUs: rules.windowUs, scratch: createParseScratch() };
    this.#window = { windows, ledger, ...rules };
    this.early = new EarlyTraffic(windows, rules.windowUs);
    const { falseAlarmsPerDay, learnUntilUs, internalNetworks: networks } = rules;
    const isInternal = internalNetworks(networks);
    const history = { store: histories, falseAlarmsPerDay, learnUntilUs, isInternal, kept: new Histories() };
    this.#score = { windows, ledger, results, ...rules, folds: new AlertFolds(), history };
  }

  /** Takes one batch through parse, and scores the windows that it completed. */
  async batch(bytes: Uint8Array): Promise<void> {
    const { windows } = await parseBatch(bytes, this.#parse);
    this.early.opened(windows);
    await this.#scoreAll(await onBatch(windows, this.#window));
    // What a late batch completes is final already, and no heartbeat may follow; nor is it due again when it comes once more after a crash.
    if (windows.length > 0) await confirmFinal(windows[0]!.sensor, this.#score);
  }

  /** Takes one heartbeat, and scores the windows that it closed. */
  async heartbeat(heartbeat: Heartbeat): Promise<void> {
    await this.#scoreAll(await onHeartbeat(heartbeat, this.#window));
    await this.scoreDue(heartbeat.sensor);
  }

  /** Scores what is complete or has waited long enough, and concludes what is final then; a capture that spans years closes more than one call names. */
  async scoreDue(sensor: string): Promise<void> {
    for (;;) {
      const due = await dueWindows(sensor, this.#window);
      if (due.length === 0) break;
      await this.#scoreAll(due);
    }
    await confirmFinal(sensor, this.#score);
  }

  async #scoreAll(keys: readonly WindowKey[]): Promise<void> {
    for (const key of keys) {
      await scoreWindow(key, this.#score);
      this.early.scored(key);
    }
  }
}
