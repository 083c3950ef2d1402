/** The sessions of one run of the agent, one after the other over the same source: each has a batcher and books of its own. */
import type { CapturePiece } from '@tapline/core/pcap/capture-source';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import type { SensorCounters } from '@tapline/core/ledger/heartbeat';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { NO_MIRROR_COUNTERS } from '@tapline/core/mirror/mirror-counters';
import { ReorderBuffer } from '@tapline/core/mirror/reorder-buffer';
import type { AgentOptions, AgentResult } from './agent.ts';
import { Batcher, type PacketSink, type AgentMessage, type BatchRecorder } from './batcher.ts';
import { ClockGuard } from './clock-guard.ts';
import { addCounters, type SessionEnd } from './session-end.ts';
import type { NextSession, TurnCause } from './succession.ts';

export class AgentSessions {
  /** Takes what the source yields. */
  readonly sink: PacketSink;
  readonly #options: AgentOptions;
  readonly #emit: (message: AgentMessage, counters: SensorCounters) => void;
  readonly #reorder: ReorderBuffer | undefined;
  readonly #guard: ClockGuard | undefined;
  readonly #ended: SessionEnd[] = [];
  #session: string;
  #batcher: Batcher;
  #mirror = { ...NO_MIRROR_COUNTERS };
  #newestBeforeUs = -Infinity;

  /** @param emit gets each message, and the counters of its session when it was made */
  constructor(options: AgentOptions, emit: (message: AgentMessage, counters: SensorCounters) => void) {
    const { reorderWithinUs, succession, through } = options;
    this.#options = options;
    this.#emit = emit;
    this.#session = options.session;
    this.#batcher = this.#begin(options.session, options.recorder);
    let frames: FrameSink = this.#batcher;
    if (reorderWithinUs !== undefined) {
      frames = this.#reorder = new ReorderBuffer(frames, reorderWithinUs, this.#mirror);
    }
    if (succession !== undefined) {
      frames = this.#guard = new ClockGuard(frames, reorderWithinUs ?? 0, () => {
        this.turn('clock');
      });
    }
    const rows = (columns: PacketColumns): void => {
      this.#batcher.rows(columns);
    };
    this.sink = through?.(frames, rows) ?? { frame: frames.frame.bind(frames), rows };
  }

  get batcher(): Batcher {
    return this.#batcher;
  }

  /** Newest event time so far: of the session before as long as this one has none. */
  get newestUs(): number {
    return Math.max(this.#batcher.newestUs, this.#batcher.newestUs === -Infinity ? this.#newestBeforeUs : -Infinity);
  }

  /** Says which piece of the source is read next. */
  beginPiece(piece: CapturePiece): void {
    if (piece instanceof Uint8Array) this.#reorder?.beginPiece(piece);
    this.#guard?.arrive(performance.now());
  }

  /** As Batcher has it. */
  tick(watermarkUs: number): void {
    this.#reorder?.release(watermarkUs);
    this.#batcher.tick(watermarkUs);
  }

  /** Ends the session with everything that came, and begins the next one. */
  turn(cause: TurnCause): void {
    const { succession } = this.#options;
    if (succession === undefined) return;
    this.close();
    // After a jump the times before it say nothing.
    this.#newestBeforeUs = cause === 'asked' ? this.#batcher.newestUs : -Infinity;
    const { session, recorder }: NextSession = succession.next(cause);
    this.#session = session;
    this.#mirror = { ...NO_MIRROR_COUNTERS };
    this.#batcher = this.#begin(session, recorder);
    if (this.#reorder !== undefined) {
      this.#reorder.sink = this.#batcher;
      this.#reorder.counters = this.#mirror;
    } else if (this.#guard !== undefined) this.#guard.next = this.#batcher;
    // Nothing yet, but it is there.
    this.#batcher.heartbeat(false);
  }

  /** Sends what was held back, and says goodbye. */
  close(): void {
    this.#reorder?.flush();
    this.#batcher.flush();
    this.#batcher.heartbeat(true);
    const mirror = this.#options.reorderWithinUs === undefined ? {} : { mirror: this.#mirror };
    this.#ended.push({ session: this.#session, counters: this.#batcher.counters, ...mirror });
  }

  /** Of the sessions that ended. */
  get result(): Pick<AgentResult, 'sessions' | 'counters'> {
    const counters = this.#ended.map((end) => end.counters).reduce(addCounters);
    return { sessions: this.#ended, counters };
  }

  #begin(session: string, recorder: BatchRecorder | undefined): Batcher {
    const options = this.#options;
    const mirror = options.reorderWithinUs === undefined ? {} : { mirror: this.#mirror };
    const batcher: Batcher = new Batcher(
      { ...options, session, ...mirror, ...(recorder && { recorder }) },
      (message) => {
        this.#emit(message, { ...batcher.counters });
      },
    );
    return batcher;
  }
}
