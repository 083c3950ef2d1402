/**
 * One run of a sensor: bytes from a source through the capture reader and the batcher to a sender, at the asked speed,
 * holding back the source while the sender is busy. Stops cleanly: what was read is sent, and the last heartbeat closes
 * the session whatever ended it (end of file, a fault in the file, or an interrupt).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { PipelineError } from '@tapline/core/errors';
import type { SensorCounters } from '@tapline/core/ledger/heartbeat';
import { Batcher, type AgentMessage, type BatcherOptions } from './batcher.ts';
import { Pacer, type ReplaySpeed } from './pacer.ts';

export interface AgentOptions extends BatcherOptions {
  readonly speed: ReplaySpeed;
}

export interface AgentResult {
  readonly counters: SensorCounters;
  /** Why reading ended early, if it did: everything before the fault was sent. */
  readonly fault?: PipelineError;
}

/**
 * Reads `chunks` to their end and awaits `send` for every message, in order.
 * @param interrupt aborting it ends the run early but cleanly
 * @throws what `send` throws, and whatever is not a PipelineError from the source
 */
export async function runAgent(
  chunks: AsyncIterable<Uint8Array>,
  options: AgentOptions,
  send: (message: AgentMessage) => Promise<void>,
  interrupt: AbortSignal,
): Promise<AgentResult> {
  const queue: AgentMessage[] = [];
  const batcher = new Batcher(options, (message) => queue.push(message));
  const pacer = new Pacer(options.speed);
  const drain = async (): Promise<void> => {
    for (const message of queue.splice(0)) {
      if (message.kind === 'batch') await pause(pacer.waitMs(message.header.maxTimeUs, performance.now()), interrupt);
      await send(message);
    }
  };

  let fault: PipelineError | undefined;
  try {
    const reader = new CaptureReader(batcher);
    for await (const chunk of chunks) {
      if (interrupt.aborted) break;
      try {
        reader.feed(chunk);
      } finally {
        await drain();
      }
    }
    if (!interrupt.aborted) reader.end();
  } catch (error) {
    if (error instanceof PipelineError && error.code !== 'STORE') fault = error;
    // An interrupted source ends with the interrupt's own reason, which is no fault.
    else if (!interrupt.aborted) throw error;
  }
  batcher.flush();
  batcher.heartbeat(true);
  await drain();
  return { counters: batcher.counters, ...(fault === undefined ? {} : { fault }) };
}

async function pause(waitMs: number, interrupt: AbortSignal): Promise<void> {
  if (waitMs < 1 || interrupt.aborted) return;
  // An interrupt only ends the wait; the message is still sent.
  await sleep(waitMs, undefined, { signal: interrupt }).catch(() => undefined);
}
