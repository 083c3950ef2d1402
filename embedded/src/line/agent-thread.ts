/**
 * The sensor of the embedded line, in a thread of its own: reading, decoding and compressing use one core while the
 * stages use another. At most IN_FLIGHT messages are under way, so memory does not grow with a slow reader of them.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openCapture } from '@tapline/adapters/file/source';
import { zstd } from '@tapline/adapters/codec/zstd';
import { runAgent } from '@tapline/capture-agent/agent';
import type { AgentMessage } from '@tapline/capture-agent/batcher';
import { Recorder, type RecordSummary } from '@tapline/capture-agent/record/recorder';
import { recordingName } from '@tapline/capture-agent/record/recording';
import { VitalsMeter } from '@tapline/capture-agent/vitals';
import { PipelineError } from '@tapline/core/errors';
import type { AgentJob, FromAgent, SourcePosition, ToAgent } from './messages.ts';

const IN_FLIGHT = 16;

const port = parentPort!;
const job = workerData as AgentJob;
const interrupt = new AbortController();
const vitals = new VitalsMeter();
let inFlight = 0;
let wake: (() => void) | undefined;

port.on('message', (message: ToAgent) => {
  if (message.kind === 'stop') interrupt.abort();
  else if (message.kind === 'mark') recorder?.mark(message.fromUs, message.toUs);
  else inFlight -= 1;
  wake?.();
});

const source = openCapture(job.source, { signal: interrupt.signal });
let recorder: Recorder | undefined;

function openRecorder(): Recorder | undefined {
  if (job.record === undefined) return undefined;
  const { sensor, session } = job;
  const warn = (line: string): void => {
    post({ kind: 'warning', line });
  };
  return new Recorder({ ...job.record, sensor, recording: recordingName(job.source, session), warn });
}

async function send(message: AgentMessage): Promise<void> {
  while (inFlight >= IN_FLIGHT) await new Promise<void>((resolve) => (wake = resolve));
  inFlight += 1;
  const position: SourcePosition = {
    bytesRead: source.bytesRead,
    ...(source.sizeBytes === undefined ? {} : { sizeBytes: source.sizeBytes }),
  };
  if (message.kind === 'batch') {
    post({ ...message, position }, [message.bytes.buffer as ArrayBuffer]);
  } else {
    post({ kind: 'heartbeat', heartbeat: { ...message.heartbeat, ...vitals.read() }, position });
  }
}

function post(message: FromAgent, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

async function run(): Promise<void> {
  recorder = openRecorder();
  const options = { ...job, codec: zstd, ...(recorder === undefined ? {} : { recorder }) };
  let record: RecordSummary | undefined;
  const { counters, fault } = await runAgent(source, options, send, interrupt.signal).finally(() => {
    record = recorder?.close();
    // A mark that comes now is too late; the end of the run sets it again.
    recorder = undefined;
  });
  post({
    kind: 'end',
    counters,
    ...(record === undefined ? {} : { record }),
    ...(fault === undefined ? {} : { fault: { code: fault.code, message: fault.message } }),
  });
}

try {
  await run();
} catch (error) {
  if (!(error instanceof PipelineError)) throw error;
  post({ kind: 'failed', code: error.code, message: error.message });
}
port.close();
