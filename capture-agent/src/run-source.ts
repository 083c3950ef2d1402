/** A source through the agent, once or over and over, read ahead or as it comes, recorded or not. */
import { PipelineError } from '@tapline/core/errors';
import type { Bucket } from '@tapline/adapters/cloud-storage/bucket';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import { runAgent, type AgentOptions, type AgentResult } from './agent.ts';
import type { AgentMessage } from './batcher.ts';
import { runLoops, type LoopPlan } from './loop/loops.ts';
import { preload, type PreloadedCapture } from './loop/preload.ts';
import type { RecordSummary } from './record/recorder.ts';
import { Recordings } from './record/recordings.ts';
import { openBucket } from './record/open-bucket.ts';
import type { RecordPlace } from './record/recording.ts';
import { followingSession } from './session.ts';
import { Succession, type NextSession, type TurnCause } from './succession.ts';
import { openChoice, type OpenChoice, type SourceChoice } from './source/source-choice.ts';

export interface RunSourceOptions extends Omit<
  AgentOptions,
  'recorder' | 'pacer' | 'through' | 'drops' | 'onFault' | 'succession'
> {
  readonly source: SourceChoice | CaptureSource<CapturePiece>;
  /** A directory is followed. */
  readonly follow?: boolean;
  /** Somebody chose the name of the session. */
  readonly isChosen: boolean;
  readonly loop?: LoopPlan;
  /** The source is captured now: when its clock jumps, or somebody asks, another session begins. */
  readonly turns?: boolean;
  /** Read into memory before the first packet leaves. */
  readonly preload?: boolean;
  /** Where the frames are kept, if they are. */
  readonly record?: RecordPlace;
  /** Where our own traffic goes, host:port each. */
  readonly peers?: readonly string[];
  readonly warn: (line: string) => void;
}

export interface RunSourceResult extends AgentResult {
  /** Bytes that were read ahead, and how long that took. */
  readonly preloaded?: { readonly bytes: number; readonly elapsedMs: number };
  /** What was recorded, if that was asked for. */
  readonly record?: RecordSummary;
}

/** How far the source of the present pass was read. */
export interface Position {
  readonly bytesRead: number;
  readonly sizeBytes?: number;
  /** The pass over the source, from 1; absent when there is only one. */
  readonly pass?: number;
}

export class SourceRun {
  readonly #options: RunSourceOptions;
  readonly #signal: AbortSignal;
  readonly #open: OpenChoice;
  readonly #recordings: Recordings | undefined;
  #source: CaptureSource<CapturePiece>;
  #pass: number | undefined;
  readonly #succession: Succession | undefined;
  #turned = 1;

  constructor(options: RunSourceOptions, signal: AbortSignal, open: OpenChoice, bucket?: Bucket) {
    this.#options = options;
    this.#signal = signal;
    this.#open = open;
    this.#source = open.source;
    const { record, turns } = options;
    this.#succession = turns === true ? new Succession((cause) => this.#next(cause)) : undefined;
    this.#recordings = record && new Recordings({ ...options, record, ...(bucket && { bucket }) });
  }

  /**
   * Opens the source.
   * @param signal ends the run early but in order
   * @throws PipelineError USAGE or SOURCE when there is nothing to read
   */
  static async open(options: RunSourceOptions, signal: AbortSignal): Promise<SourceRun> {
    const { source, follow = false, peers = [], record, warn } = options;
    const bucket = record?.bucket === undefined ? undefined : await openBucket(record.bucket, 'write');
    const open =
      typeof source === 'object' && Symbol.asyncIterator in source
        ? { source, interrupt: signal }
        : await openChoice(source, { signal, follow, peers, warn });
    return new SourceRun(options, signal, open, bucket);
  }

  get position(): Position {
    const { bytesRead, sizeBytes } = this.#source;
    return {
      bytesRead,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...(this.#pass === undefined ? {} : { pass: this.#pass }),
    };
  }

  /** Has the recorder keep the packets of an event-time range; without one nothing happens. */
  mark(fromUs: number, toUs: number): void {
    this.#recordings?.mark(fromUs, toUs);
  }

  /** Ends the running session of a live source and begins another; of other sources nothing happens. */
  turn(): void {
    this.#succession?.ask();
  }

  /**
   * Awaits `send` for every message of every session.
   * @throws what runAgent, preload and opening the source again throw
   */
  async run(send: (message: AgentMessage) => Promise<void>): Promise<RunSourceResult> {
    let reopen = async (): Promise<CaptureSource<CapturePiece>> => (await this.#openAgain()).source;
    let preloaded: RunSourceResult['preloaded'];
    let record: RecordSummary | undefined;
    let result: AgentResult;
    try {
      if (this.#options.preload === true) {
        const startedMs = performance.now();
        const capture = await this.#preload();
        preloaded = { bytes: capture.sizeBytes, elapsedMs: performance.now() - startedMs };
        reopen = () => Promise.resolve(capture.open());
        this.#source = capture.open();
      }
      result = await this.#passes(reopen, send);
    } finally {
      record = await this.#recordings?.close();
    }
    return { ...result, ...(preloaded && { preloaded }), ...(record && { record }) };
  }

  #next(cause: TurnCause): NextSession {
    const session = followingSession(this.#options, 'turn', ++this.#turned);
    const why = cause === 'asked' ? 'as asked' : 'because the clock of the source jumped';
    this.#options.warn(`session ${session} begins, ${why}; the one before is closed`);
    const recorder = this.#recordings?.begin(session);
    return { session, ...(recorder && { recorder }) };
  }

  async #preload(): Promise<PreloadedCapture> {
    try {
      return await preload(this.#source);
    } catch (cause) {
      if (!this.#signal.aborted) throw cause;
      throw new PipelineError('SOURCE', `interrupted before ${this.#source.name} was in memory`, { cause });
    }
  }

  #passes(
    reopen: () => Promise<CaptureSource<CapturePiece>>,
    send: (message: AgentMessage) => Promise<void>,
  ): Promise<AgentResult> {
    const { loop, session, isChosen, speed, warn } = this.#options;
    if (loop === undefined) return this.#agent(this.#source, { session }, send);
    const interrupt = this.#open.interrupt;
    const options = { plan: loop, first: { session, isChosen }, speed, reopen, interrupt, warn };
    return runLoops(this.#source, options, (source, { number, ...pass }) => {
      this.#source = source;
      this.#pass = number;
      return this.#agent(source, pass, send);
    });
  }

  #agent(
    source: CaptureSource<CapturePiece>,
    pass: Pick<AgentOptions, 'session' | 'pacer' | 'through'>,
    send: (message: AgentMessage) => Promise<void>,
  ): Promise<AgentResult> {
    const { drops, own, interrupt } = this.#open;
    const opened = { ...(drops && { drops }), ...(own && { own }) };
    const recorder = this.#recordings?.begin(pass.session);
    const onFault = (fault: PipelineError): void => {
      this.#options.warn(fault.message);
    };
    const options = { ...this.#options, ...pass, onFault, ...opened, ...(recorder && { recorder }) };
    const succession = this.#succession;
    return runAgent(source, { ...options, ...(succession && { succession }) }, send, interrupt);
  }

  #openAgain(): Promise<OpenChoice> {
    const { source, warn } = this.#options;
    return openChoice(source as SourceChoice, { signal: this.#signal, warn });
  }
}
