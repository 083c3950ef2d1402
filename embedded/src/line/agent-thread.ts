/**
 * The sensor of the embedded line, in a thread of its own: reading, decoding and compressing use one core while the
 * stages use another. At most IN_FLIGHT messages are under way, so memory does not grow with a slow reader of them.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { zstd } from '@tapline/adapters/codec/zstd';
import type { AgentMessage } from '@tapline/capture-agent/batcher';
import { SourceRun } from '@tapline/capture-agent/run-source';
import { VitalsMeter } from '@tapline/capture-agent/vitals';
import { PipelineError } from '@tapline/core/errors';
import type { AgentJob, FromAgent, ToAgent } from './messages.ts';

const IN_FLIGHT = 16;
/** What is captured now says every second where it stands, so that windows end although nothing comes. */
const LIVE_PULSE = { everyMs: 1000, live: true, firstHeartbeat: 0 };

const port = parentPort!;
const job = workerData as AgentJob;
const interrupt = new AbortController();
const vitals = new VitalsMeter();
let inFlight = 0;
let wake: (() => void) | undefined;
let running: SourceRun | undefined;

port.on('message', (message: ToAgent) => {
  if (message.kind === 'stop') interrupt.abort();
  else if (message.kind === 'mark') running?.mark(message.fromUs, message.toUs);
  else if (message.kind === 'turn') running?.turn();
  else inFlight -= 1;
  wake?.();
});

function warn(line: string): void {
  post({ kind: 'warning', line });
}

async function run(): Promise<void> {
  const pulse = typeof job.source === 'string' ? {} : { pulse: LIVE_PULSE, turns: true };
  const opened = await SourceRun.open({ ...job, codec: zstd, warn, ...pulse }, interrupt.signal);
  running = opened;
  // A mark that comes after the end is too late; the end of the run sets it again.
  const { fault, ...result } = await opened.run((message) => send(message, opened));
  post({ kind: 'end', result, ...(fault && { fault: { code: fault.code, message: fault.message } }) });
}

async function send(message: AgentMessage, { position }: SourceRun): Promise<void> {
  while (inFlight >= IN_FLIGHT) await new Promise<void>((resolve) => (wake = resolve));
  inFlight += 1;
  if (message.kind === 'batch') {
    post({ ...message, position }, [message.bytes.buffer as ArrayBuffer]);
  } else {
    post({ kind: 'heartbeat', heartbeat: { ...message.heartbeat, ...vitals.read() }, position });
  }
}

function post(message: FromAgent, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

try {
  await run();
} catch (error) {
  // Between threads an error keeps its text only.
  if (!(error instanceof PipelineError)) throw error;
  post({ kind: 'failed', code: error.code, message: error.message });
}
port.close();
