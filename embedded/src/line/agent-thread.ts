/**
 * The sensor of the embedded line, in a thread of its own: reading, decoding and compressing use one core while the
 * stages use another. At most IN_FLIGHT messages are under way, so memory does not grow with a slow reader of them.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { zstd } from '@tapline/adapters/codec/zstd';
import { runAgent } from '@tapline/capture-agent/agent';
import type { AgentMessage } from '@tapline/capture-agent/batcher';
import { Recorder, type RecordSummary } from '@tapline/capture-agent/record/recorder';
import { recordingName } from '@tapline/capture-agent/record/recording';
import { openChoice, type OpenChoice } from '@tapline/capture-agent/source/source-choice';
import { VitalsMeter } from '@tapline/capture-agent/vitals';
import { PipelineError } from '@tapline/core/errors';
import type { AgentJob, FromAgent, SourcePosition, ToAgent } from './messages.ts';

const IN_FLIGHT = 16;
/** What is captured now says every second where it stands, so that windows end although nothing comes. */
const LIVE_PULSE = { everyMs: 1000, live: true, firstHeartbeat: 0 };

const port = parentPort!;
const job = workerData as AgentJob;
const interrupt = new AbortController();
const vitals = new VitalsMeter();
let inFlight = 0;
let wake: (() => void) | undefined;
let recorder: Recorder | undefined;

port.on('message', (message: ToAgent) => {
  if (message.kind === 'stop') interrupt.abort();
  else if (message.kind === 'mark') recorder?.mark(message.fromUs, message.toUs);
  else inFlight -= 1;
  wake?.();
});

function warn(line: string): void {
  post({ kind: 'warning', line });
}

async function run({ source, drops, own, interrupt: ending }: OpenChoice): Promise<void> {
  const onFault = (fault: PipelineError): void => {
    warn(fault.message);
  };
  const { sensor } = job;
  recorder = job.record && new Recorder({ ...job.record, sensor, recording: recordingName(job), warn });
  const pulse = typeof job.source === 'string' ? {} : { pulse: LIVE_PULSE };
  const wired = { ...pulse, ...(drops && { drops }), ...(own && { own }), ...(recorder && { recorder }) };
  const options = { ...job, codec: zstd, onFault, ...wired };
  let record: RecordSummary | undefined;
  const ended = runAgent(source, options, (message) => send(message, source), ending);
  const { counters, lag, fault } = await ended.finally(() => {
    record = recorder?.close();
    // A mark that comes now is too late; the end of the run sets it again.
    recorder = undefined;
  });
  const reason = fault && { fault: { code: fault.code, message: fault.message } };
  post({ kind: 'end', counters, ...(lag && { lag }), ...(record && { record }), ...reason });
}

async function send(message: AgentMessage, source: OpenChoice['source']): Promise<void> {
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

try {
  await run(await openChoice(job.source, { signal: interrupt.signal, follow: job.follow, warn }));
} catch (error) {
  // Between threads an error keeps its text only.
  if (!(error instanceof PipelineError)) throw error;
  post({ kind: 'failed', code: error.code, message: error.message });
}
port.close();
