/**
 * One run of a sensor: bytes from a source through the capture reader and the batcher to a sender, at the asked speed,
 * holding back the source while the sender is busy. Stops cleanly: what was read is sent, and the last heartbeat closes
 * the session whatever ended it (end of file, a fault in the file, or an interrupt).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelDrop } from '@tapline/adapters/interface/drops';
import { CaptureSetReader } from '@tapline/core/pcap/capture-set-reader';
import type { CapturePiece } from '@tapline/core/pcap/capture-source';
import { PipelineError } from '@tapline/core/errors';
import type { SensorCounters } from '@tapline/core/ledger/heartbeat';
import { Batcher, type AgentMessage, type BatcherOptions } from './batcher.ts';
import { Outbox, type Outgoing } from './outbox.ts';
import { Pacer, type ReplayLag, type ReplaySpeed } from './pacer.ts';
import { Silence } from './silence.ts';

export interface AgentOptions extends BatcherOptions {
  readonly speed: ReplaySpeed;
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
  const batcher = new Batcher(options, (message) => queue.push({ message, counters: { ...batcher.counters } }));
  const outbox = new Outbox(firstHeartbeat(options, batcher.counters), send);
  const pacer = new Pacer(options.speed);
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
    for (const { packets, timeUs } of options.drops?.() ?? []) batcher.drop(packets, timeUs);
  };
  let ticking = false;
  const tick = (): void => {
    if (ticking) return;
    ticking = true;
    countDrops();
    batcher.tick(silence.watermarkUs(batcher.newestUs, performance.now(), Date.now() * 1000));
    const done = (): void => void (ticking = false);
    // Should it fail, the next one fails for the same reason.
    drain().then(done, done);
  };
  const timer = pulse === undefined ? undefined : startPulse(pulse, outbox, tick);

  let fault: PipelineError | undefined;
  const { fields } = options;
  const reader = new CaptureSetReader(batcher, options.onFault, {
    rows: (columns) => {
      batcher.rows(columns);
    },
    arrivalUs: () => Date.now() * 1000,
    ...(fields && { fields }),
  });
  try {
    silence.begin(performance.now());
    for await (const piece of pieces) {
      silence.end();
      if (interrupt.aborted) break;
      try {
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
  }
  countDrops();
  fault ??= reader.fault;
  batcher.flush();
  batcher.heartbeat(true);
  await drain();
  const { lag } = pacer;
  return { counters: batcher.counters, ...(lag && { lag }), ...(fault && { fault }) };
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
