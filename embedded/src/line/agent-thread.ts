/**
 * The sensor of the embedded line, in a thread of its own: reading, decoding and compressing use one core while the
 * stages use another. At most IN_FLIGHT messages are under way, so memory does not grow with a slow reader of them.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { zstd } from '@tapline/adapters/codec/zstd';
import { runAgent } from '@tapline/capture-agent/agent';
import type { AgentMessage } from '@tapline/capture-agent/batcher';
import { openSource } from '@tapline/capture-agent/source/open-source';
import { VitalsMeter } from '@tapline/capture-agent/vitals';
import { PipelineError } from '@tapline/core/errors';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
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
  else inFlight -= 1;
  wake?.();
});

async function send(source: CaptureSource<CapturePiece>, message: AgentMessage): Promise<void> {
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

function warn(line: string): void {
  process.stderr.write(`tapline: ${line}\n`);
}

async function open(): Promise<CaptureSource<CapturePiece> | undefined> {
  try {
    return await openSource(job.source, { signal: interrupt.signal, follow: job.follow, warn });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    post({ kind: 'unopened', fault: { code: error.code, message: error.message } });
    return undefined;
  }
}

const source = await open();
if (source !== undefined) {
  const onFault = (fault: PipelineError): void => {
    warn(fault.message);
  };
  const { counters, fault } = await runAgent(
    source,
    { ...job, codec: zstd, onFault },
    (message) => send(source, message),
    interrupt.signal,
  );
  post({
    kind: 'end',
    counters,
    ...(fault === undefined ? {} : { fault: { code: fault.code, message: fault.message } }),
  });
}
port.close();
