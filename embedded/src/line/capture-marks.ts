/**
 * Has a capture that only sends to Kafka keep the packets behind alerts: it looks into Cassandra for what the functions have
 * raised about its sensor. It holds nothing up: while Cassandra is away nothing is marked, which is said once.
 */
import type { Settings } from '@tapline/core/settings/settings';
import { openRowStores, type RowStores } from '../service-line/stores.ts';
import { AlertMarks, type Marker, type MarksOptions } from './alert-marks.ts';

const EVERY_MS = 10_000;

export class CaptureMarks {
  readonly #settings: Settings;
  readonly #options: MarksOptions;
  #stores: RowStores | undefined;
  #marks: AlertMarks | undefined;
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;
  #isAway = false;

  constructor(settings: Settings, options: MarksOptions) {
    this.#settings = settings;
    this.#options = options;
  }

  /** Before the recording: an earlier one may have ended before its alerts were raised. */
  begin(): Promise<void> {
    return this.#try((marks) => marks.markAll());
  }

  /** While the recording goes on. */
  follow(marker: Marker): void {
    this.#timer = setInterval(() => {
      this.#look ??= this.#try(async (marks) => {
        await marks.markRecent(await this.#watermarkUs(), marker);
      }).finally(() => {
        this.#look = undefined;
      });
    }, EVERY_MS);
  }

  /** After the recording. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
    await this.#try((marks) => marks.markAll());
    await this.#stores?.close();
  }

  /** How far the event time of every session that goes on has come, as the stages know it. */
  async #watermarkUs(): Promise<number | null> {
    const heartbeats = await this.#stores!.ledger.lastHeartbeats(this.#options.sensor);
    const open = heartbeats.filter(({ final }) => !final).map(({ watermarkUs }) => watermarkUs ?? -Infinity);
    return open.length === 0 ? null : Math.min(...open);
  }

  async #try(work: (marks: AlertMarks) => Promise<void>): Promise<void> {
    const { warn } = this.#options;
    try {
      this.#stores ??= await openRowStores(this.#settings);
      this.#marks ??= new AlertMarks(this.#stores.results, this.#options);
      await work(this.#marks);
      if (this.#isAway) warn('Cassandra answers again: packets behind alerts are marked');
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway) warn(`packets behind alerts are not marked for now: ${(error as Error).message}`);
      this.#isAway = true;
    }
  }
}
