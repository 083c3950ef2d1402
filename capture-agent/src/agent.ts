/**
 * One run of a sensor: bytes from a source through the capture reader and the batcher to a sender, at the asked speed,
 * holding back the source while the sender is busy. Stops cleanly: what was read is sent, and the last heartbeat closes
 * the session whatever ended it (end of file, a fault in the file, or an interrupt).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelDrop } from '@tapline/adapters/interface/drops';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { CaptureSetReader } from '@tapline/core/pcap/capture-set-reader';
import type { CapturePiece } from '@tapline/core/pcap/capture-source';
import { PipelineError } from '@tapline/core/errors';
import { NO_COUNTERS, type SensorCounters } from '@tapline/core/ledger/heartbeat';
import { AgentSessions } from './agent-sessions.ts';
import type { AgentMessage, BatcherOptions, PacketSink } from './batcher.ts';
import { Outbox, type Outgoing } from './outbox.ts';
import { Pacer, type ReplayLag, type ReplaySpeed } from './pacer.ts';
import type { SessionEnd } from './session-end.ts';
import type { Succession } from './succession.ts';
import { Silence } from './silence.ts';

export interface AgentOptions extends BatcherOptions {
  readonly speed: ReplaySpeed;
  /** The schedule, when it began before this session; absent: a new one at `speed`. */
  readonly pacer?: Pacer;
  /** Packets that come out of order within this time are put in order before they are batched; absent: none is. */
  readonly reorderWithinUs?: number;
  /** The source is live: its session may end before it does, and be followed by another. */
  readonly succession?: Succession;
  /** What frames and rows of text pass through before they are batched. */
  readonly through?: (frames: FrameSink, rows: PacketSink['rows']) => PacketSink;
  /** Heartbeats by the wall clock too; absent: only where windows end, for stages in the same process. */
  readonly pulse?: PulseOptions;
  /** What the kernel dropped since the last call; asked at every heartbeat of a live source, and at the end. */
  readonly drops?: () => readonly KernelDrop[];
  /** Told at once of each capture of a set that could not be read to its end. */
  readonly onFault?: (fault: PipelineError) => void;
  /** Names of the columns of `tshark -T fields` without a header line. */
  readonly fields?: readonly string[];
}

export interface PulseOptions {
  /** Milliseconds between heartbeats. */
  readonly everyMs: number;
  /** The source is captured now: batches are cut by the wall clock too, and its silence is time that passes. */
  readonly live: boolean;
  /** Number of the first heartbeat: higher than any of an earlier run of the same session. */
  readonly firstHeartbeat: number;
}

export interface AgentResult {
  /** In their order; most runs have one. */
  readonly sessions: readonly SessionEnd[];
  /** Of all sessions. */
  readonly counters: SensorCounters;
  /** How far behind its schedule the replay was, if it had one. */
  readonly lag?: ReplayLag;
  /** Why reading ended early, or what a set of captures lacks: everything before the fault was sent. */
  readonly fault?: PipelineError;
}

/**
 * Reads `pieces` to their end and awaits `send` for every message, in order.
 * @param interrupt aborting it ends the run early but cleanly
 * @throws what `send` throws, and whatever is not a PipelineError from the source
 */
export async function runAgent(
  pieces: AsyncIterable<CapturePiece>,
  options: AgentOptions,
  send: (message: AgentMessage) => Promise<void>,
  interrupt: AbortSignal,
): Promise<AgentResult> {
  const { pulse } = options;
  const queue: Outgoing[] = [];
  const sessions = new AgentSessions(options, (message, counters) => queue.push({ message, counters }));
  const outbox = new Outbox(firstHeartbeat(options, NO_COUNTERS), send);
  const pacer = options.pacer ?? new Pacer(options.speed);
  let drained: Promise<void> = Promise.resolve();
  const drain = (): Promise<void> => {
    drained = drained.then(async () => {
      for (const outgoing of queue.splice(0)) {
        const { message } = outgoing;
        if (message.kind === 'batch') {
          await pause(pacer.waitMs(message.header, performance.now()), interrupt);
          pacer.go(performance.now());
        }
        await outbox.post(outgoing);
      }
    });
    return drained;
  };
  const silence = new Silence(pulse?.everyMs ?? 0, performance.now());
  const countDrops = (): void => {
    for (const { packets, timeUs } of options.drops?.() ?? []) sessions.batcher.drop(packets, timeUs);
  };
  let ticking = false;
  const tick = (): void => {
    if (ticking) return;
    ticking = true;
    countDrops();
    sessions.tick(silence.watermarkUs(sessions.newestUs, performance.now(), Date.now() * 1000));
    const done = (): void => void (ticking = false);
    // Should it fail, the next one fails for the same reason.
    drain().then(done, done);
  };
  const timer = pulse === undefined ? undefined : startPulse(pulse, outbox, tick);

  let fault: PipelineError | undefined;
  const { fields } = options;
  const reader = new CaptureSetReader(sessions.sink, options.onFault, {
    rows: (columns) => {
      sessions.sink.rows(columns);
    },
    arrivalUs: () => Date.now() * 1000,
    ...(fields && { fields }),
  });
  options.succession?.onAsk(() => {
    countDrops();
    sessions.turn('asked');
    // Should it fail, the next one fails for the same reason.
    drain().catch(() => undefined);
  });
  try {
    silence.begin(performance.now());
    for await (const piece of pieces) {
      silence.end();
      if (interrupt.aborted) break;
      try {
        sessions.beginPiece(piece);
        reader.feed(piece);
      } finally {
        await drain();
      }
      silence.begin(performance.now());
    }
    if (!interrupt.aborted) reader.end();
  } catch (error) {
    if (error instanceof PipelineError && error.code !== 'STORE') fault = error;
    // An interrupted source ends with the interrupt's own reason, which is no fault.
    else if (!interrupt.aborted) throw error;
  } finally {
    clearInterval(timer);
    options.succession?.onAsk(undefined);
  }
  countDrops();
  fault ??= reader.fault;
  sessions.close();
  await drain();
  const { lag } = pacer;
  return { ...sessions.result, ...(lag && { lag }), ...(fault && { fault }) };
}

/** What is said before anything was read. */
function firstHeartbeat(
  { sensor, session, windowUs, pulse }: AgentOptions,
  counters: SensorCounters,
): Extract<AgentMessage, { kind: 'heartbeat' }>['heartbeat'] {
  return {
    sensor,
    session,
    sequence: pulse?.firstHeartbeat ?? 0,
    watermarkUs: null,
    lastBatch: -1,
    windowUs,
    windows: [],
    minutes: [],
    counters: { ...counters },
    final: false,
  };
}

function startPulse({ everyMs, live }: PulseOptions, outbox: Outbox, tick: () => void): NodeJS.Timeout {
  if (live) return setInterval(tick, everyMs);
  outbox.repeat();
  return setInterval(() => {
    if (outbox.silentMs >= everyMs) outbox.repeat();
  }, everyMs / 2);
}

async function pause(waitMs: number, interrupt: AbortSignal): Promise<void> {
  if (waitMs < 1 || interrupt.aborted) return;
  // An interrupt only ends the wait; the message is still sent.
  await sleep(waitMs, undefined, { signal: interrupt }).catch(() => undefined);
}
