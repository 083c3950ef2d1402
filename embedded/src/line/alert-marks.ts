/** Has the flight recorder keep the packets behind alerts: while the capture runs as they are raised, and all of them at its end. */
import { markRecord } from '@tapline/capture-agent/record/mark-record';
import { isAboutSensor, type Alert } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import type { ResultStore } from '@tapline/core/ports';
import { DEFAULT_ALLOWED_LATENESS_US } from '@tapline/core/window/watermark';

export interface MarksOptions {
  readonly sensor: string;
  /** The record's folder. */
  readonly folder: string;
  readonly warn: (line: string) => void;
}

/** What marks while the capture runs. */
export interface Marker {
  mark(fromUs: number, toUs: number): void;
}

export class AlertMarks {
  readonly #results: ResultStore;
  readonly #options: MarksOptions;
  /** Alerts that ended before this were marked when they were raised. */
  #doneUs = -Infinity;

  constructor(results: ResultStore, options: MarksOptions) {
    this.#results = results;
    this.#options = options;
  }

  /**
   * Marks what stands since the last call; an alert that lasts is marked again as it grows.
   * @param watermarkUs how far event time has come; null = nowhere yet
   */
  async markRecent(watermarkUs: number | null, marker: Marker): Promise<void> {
    if (watermarkUs === null) return;
    for (const { filter } of await this.#standing(this.#doneUs)) marker.mark(filter.fromUs, filter.toUs);
    this.#doneUs = watermarkUs - DEFAULT_ALLOWED_LATENESS_US;
  }

  /** Marks every alert of the sensor, once nobody records any more. */
  async markAll(): Promise<void> {
    const { folder, sensor, warn } = this.#options;
    const ranges = (await this.#standing(-Infinity)).map(({ filter }) => filter);
    try {
      markRecord(folder, sensor, ranges, warn);
    } catch (error) {
      // Another process may record there by now; the run itself is whole.
      if (!(error instanceof PipelineError)) throw error;
      warn(`the packets behind ${ranges.length} alerts could not be marked: ${error.message}`);
    }
  }

  async #standing(fromUs: number): Promise<Alert[]> {
    const alerts = await this.#results.alerts(this.#options.sensor, { fromUs, toUs: Infinity });
    return alerts.filter((alert) => alert.state !== 'withdrawn' && !isAboutSensor(alert));
  }
}
