/** One capture through the whole embedded line, from the sensor's thread to closed books and a digest. */
import { newHash } from '@tapline/adapters/hash/sha256';
import { codecs } from '@tapline/adapters/codec/codecs';
import type { LoopPlan } from '@tapline/capture-agent/loop/loops';
import type { ReplayLag, ReplaySpeed } from '@tapline/capture-agent/pacer';
import { finishUploads } from '@tapline/capture-agent/record/closed-record';
import type { RecordSummary } from '@tapline/capture-agent/record/recorder';
import type { RecordPlace } from '@tapline/capture-agent/record/recording';
import type { Position, RunSourceResult } from '@tapline/capture-agent/run-source';
import { choiceName, type SourceChoice } from '@tapline/capture-agent/source/source-choice';
import type { Alert } from '@tapline/core/detect/alert';
import type { MirrorCounters } from '@tapline/core/mirror/mirror-counters';
import { mirrorOf } from '@tapline/capture-agent/session-end';
import { digest } from '@tapline/core/digest/digest';
import type { PipelineError } from '@tapline/core/errors';
import { ALL_TIME } from '@tapline/core/ports';
import type { SensorFinding } from '@tapline/core/report/sensor-health';
import type { RunStatus } from '@tapline/core/report/snapshot';
import { DEFAULT_ALLOWED_LATENESS_US } from '@tapline/core/window/watermark';
import type { HistorySummary } from '@tapline/core/history/history';
import { historySummary } from '@tapline/functions/stages/history';
import { audit, type AuditReport } from '@tapline/functions/stages/audit';
import type { EarlyWindow } from '@tapline/functions/stages/report';
import type { Stores } from './data-folder.ts';
import { Line } from './line.ts';
import { readHealth } from './read-health.ts';
import { AlertMarks } from './alert-marks.ts';
import { SensorThread, type SensorMessage } from './sensor.ts';

export interface RunOptions {
  readonly source: SourceChoice;
  /** A directory is followed. */
  readonly follow?: boolean;
  readonly sensor: string;
  readonly session: string;
  /** As RunSourceOptions has them. */
  readonly isChosen: boolean;
  readonly loop?: LoopPlan;
  readonly preload: boolean;
  readonly windowUs: number;
  /** As BatcherOptions has it. */
  readonly duplicatesWithinUs?: number;
  readonly reorderWithinUs?: number;
  readonly speed: ReplaySpeed;
  readonly falseAlarmsPerDay: number;
  readonly internalNetworks: string;
  /** As AgentOptions has it. */
  readonly fields?: readonly string[];
  /** Where the frames are kept, if they are. */
  readonly record?: RecordPlace;
  /** Gets lines for people. */
  readonly warn: (line: string) => void;
}

export interface RunResult {
  /** The first one. */
  readonly session: string;
  /** The books of each session of the run, in their order, and of all together. */
  readonly audit: AuditReport;
  readonly alerts: readonly Alert[];
  readonly windows: number;
  /** What is wrong with what the sensor was given, over everything the stores hold of it. */
  readonly health: readonly SensorFinding[];
  /** Sum of the packets' lengths on the wire. */
  readonly wireBytes: number;
  /** Sum of the batches as they were sent. */
  readonly batchBytes: number;
  /** Over everything the stores hold of the sensor. */
  readonly digest: string;
  readonly elapsedMs: number;
  /** How far the sensor's history has come; undefined when nothing became final. */
  readonly history?: HistorySummary;
  /** What putting packets in order counted; absent when none were. */
  readonly mirror?: MirrorCounters;
  /** Passes over the source; absent when it was not to be looped. */
  readonly loops?: { readonly done: number; readonly plan: LoopPlan };
  readonly preloaded?: RunSourceResult['preloaded'];
  /** How far behind its schedule the replay was, if it had one. */
  readonly lag?: ReplayLag;
  /** What was recorded, if that was asked for. */
  readonly record?: RecordSummary;
  /** Why the capture was not read to its end, if it was not. */
  readonly fault?: PipelineError;
}

/** A capture on its way through the line. */
export class CaptureRun {
  packets = 0;
  position: Position = { bytesRead: 0 };
  readonly #options: RunOptions;
  readonly #session: string;
  readonly #stores: Stores;
  readonly #line: Line;
  readonly #sensor: SensorThread;
  readonly #marks: AlertMarks | undefined;
  readonly #startedMs = performance.now();
  #state: RunStatus['state'] = 'running';
  #batchBytes = 0;

  /** Starts at once. `onProgress` is called after every message. */
  constructor(stores: Stores, options: RunOptions, onProgress: (run: CaptureRun) => void) {
    this.#options = options;
    this.#session = options.session;
    this.#stores = stores;
    this.#line = new Line(stores, options);
    const { source, follow = false, sensor, windowUs, duplicatesWithinUs, speed, record, warn } = options;
    const { isChosen, loop, preload, reorderWithinUs } = options;
    const job = {
      source,
      follow,
      sensor,
      session: this.#session,
      isChosen,
      preload,
      ...(reorderWithinUs === undefined ? {} : { reorderWithinUs }),
      ...(loop === undefined ? {} : { loop }),
      windowUs,
      ...(duplicatesWithinUs === undefined ? {} : { duplicatesWithinUs }),
      allowedLatenessUs: DEFAULT_ALLOWED_LATENESS_US,
      speed,
      ...(options.fields && { fields: options.fields }),
      ...(record === undefined ? {} : { record }),
    };
    const take = async (message: SensorMessage): Promise<void> => {
      await this.#take(message);
      onProgress(this);
    };
    this.#sensor = new SensorThread(job, take, warn);
    if (record !== undefined) this.#marks = new AlertMarks(stores.results, { sensor, folder: record.folder, warn });
  }

  /** What the page says about the run. */
  status(): RunStatus {
    const { speed, source } = this.#options;
    return {
      state: this.#state,
      progress: this.#state === 'finished' ? 1 : progressOf(this.position, this.#options.loop?.count ?? 1),
      source: choiceName(source),
      speed: speed === 'top' ? 0 : typeof speed === 'number' ? speed : null,
    };
  }

  /** Traffic of windows that are not scored yet. */
  early(sensor: string): Promise<EarlyWindow[]> {
    return this.#line.early.read(sensor);
  }

  /** Ends the running session of an interface and begins another. */
  turn(): void {
    this.#sensor.turn();
  }

  /** Ends the capture early; `finish` then resolves with the books of what was read. */
  stop(): void {
    this.#sensor.stop();
  }

  /** Waits for the end of the capture, closes the books and takes the digest. */
  async finish(): Promise<RunResult> {
    const { counters, sessions, lag, preloaded, record: recorded, fault } = await this.#sensor.ended;
    await this.#marks?.markAll();
    const record = recorded && (await this.#uploaded(recorded));
    this.#state = 'finished';
    const elapsedMs = performance.now() - this.#startedMs;
    const { sensor, loop } = this.#options;
    const { results, histories: store } = this.#stores;
    const history = await historySummary(sensor, { ...this.#options, store });
    const names = sessions.map(({ session }) => session);
    return {
      session: this.#session,
      audit: await audit({ ...this.#stores, codecs }, { sensor, session: names }),
      alerts: await results.alerts(sensor, ALL_TIME),
      windows: (await results.sensors()).find((known) => known.sensor === sensor)?.windows ?? 0,
      health: await readHealth(sensor, this.#stores),
      wireBytes: counters.wireBytes,
      batchBytes: this.#batchBytes,
      digest: await digest(sensor, { ...this.#stores, codecs, newHash }),
      elapsedMs,
      ...(history && { history }),
      ...mirrorOf(sessions),
      ...(loop && { loops: { done: names.length, plan: loop } }),
      ...(preloaded && { preloaded }),
      ...(lag && { lag }),
      ...(record && { record }),
      ...(fault && { fault }),
    };
  }

  /** What alerts marked at the end goes to the bucket, too. */
  async #uploaded(record: RecordSummary): Promise<RecordSummary> {
    const { record: place, sensor, warn } = this.#options;
    return place === undefined ? record : finishUploads(record, { place, sensor, warn });
  }

  async #take(message: SensorMessage): Promise<void> {
    this.position = message.position;
    if (message.kind === 'heartbeat') {
      await this.#line.heartbeat(message.heartbeat);
      await this.#marks?.markRecent(message.heartbeat.watermarkUs, this.#sensor);
      return;
    }
    this.#batchBytes += message.bytes.length;
    await this.#line.batch(message.bytes);
    this.packets += message.header.count;
  }
}

/** 0 to 1 over all passes, or null when nobody can know. */
function progressOf({ bytesRead, sizeBytes, pass = 1 }: Position, passes: number): number | null {
  if (sizeBytes === undefined || passes === Infinity) return null;
  return Math.min(1, (pass - 1 + bytesRead / sizeBytes) / passes);
}
