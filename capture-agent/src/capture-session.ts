/** A whole capture into Kafka: source, agent, spool and producer put together, and ended in order. */
import { openCapture, type CaptureSource } from '@tapline/adapters/file/source';
import { zstd } from '@tapline/adapters/codec/zstd';
import type { KafkaOptions } from '@tapline/adapters/kafka/client';
import {
  KafkaProducer,
  RECORD_OVERHEAD_BYTES,
  REQUEST_BYTES_MAX,
  type KafkaCompression,
} from '@tapline/adapters/kafka/producer';
import { KafkaTopics } from '@tapline/adapters/kafka/topics';
import type { PipelineError } from '@tapline/core/errors';
import type { SensorCounters } from '@tapline/core/ledger/heartbeat';
import { runAgent } from './agent.ts';
import type { AgentMessage } from './batcher.ts';
import type { ReplaySpeed } from './pacer.ts';
import { Publisher } from './publisher.ts';
import { Recorder, type RecordSummary } from './record/recorder.ts';
import { recordingName, type RecordPlace } from './record/recording.ts';
import { Spool } from './spool/spool.ts';

export interface CaptureOptions {
  /** Path of a capture, or `-`. */
  readonly source: string;
  readonly sensor: string;
  readonly session: string;
  readonly windowUs: number;
  readonly allowedLatenessUs: number;
  readonly speed: ReplaySpeed;
  readonly live: boolean;
  readonly kafka: KafkaOptions;
  readonly compression: KafkaCompression;
  /** Whether missing topics are made. */
  readonly ensureTopics: boolean;
  readonly spoolFolder: string;
  readonly spoolBytes: number;
  /** How long the broker may not answer at the end before the rest is left to the spool. */
  readonly patienceMs: number;
  /** Where the frames are kept, if they are. */
  readonly record?: RecordPlace;
  readonly warn: (line: string) => void;
}

/** A capture on its way. */
export interface CaptureState {
  readonly packets: number;
  readonly batches: number;
  readonly batchBytes: number;
  readonly source: Pick<CaptureSource, 'bytesRead' | 'sizeBytes'>;
  /** Batches in the spool, and whether the broker did not answer the last time. */
  readonly spooled: number;
  readonly away: boolean;
}

export interface CaptureResult {
  readonly counters: SensorCounters;
  readonly batches: number;
  readonly batchBytes: number;
  /** Packets that the broker has acknowledged. */
  readonly publishedPackets: number;
  /** Batches left in the spool. */
  readonly spooled: number;
  /** Whether everything was published, the goodbye included. */
  readonly complete: boolean;
  /** What was recorded, if that was asked for. */
  readonly record?: RecordSummary;
  /** Why the source was not read to its end, if it was not. */
  readonly fault?: PipelineError;
}

const HEARTBEAT_MS = 1000;
const KEEP_UP_BYTES = 32 * 1024 * 1024;

/**
 * Captures until the source ends or `interrupt` is aborted, and waits until all of it is published.
 * @throws PipelineError USAGE when there is nothing to read or the spool is in use, STORE when the broker refuses what
 *   waiting does not change; everything that was read is then in the spool
 */
export async function capture(
  options: CaptureOptions,
  interrupt: AbortController,
  onProgress: (state: CaptureState) => void,
): Promise<CaptureResult> {
  const { live, spoolFolder, spoolBytes, warn } = options;
  const source = openCapture(options.source, { signal: interrupt.signal });
  const spool = new Spool({ folder: spoolFolder, warn });
  const left = spool.batches;
  if (spool.records > 0) warn(`the spool ${spoolFolder} holds ${left} batches of an earlier run: they are sent first`);
  const producer = new KafkaProducer(options.kafka, { compression: options.compression });
  const publisher = new Publisher({
    spool,
    sender: producer,
    requestBytes: REQUEST_BYTES_MAX,
    overheadBytes: RECORD_OVERHEAD_BYTES,
    spoolBytes,
    // A live source cannot wait for long.
    keepUpBytes: live ? spoolBytes : KEEP_UP_BYTES,
    prepare: (sensor) => (options.ensureTopics ? ensureTopics(sensor, options.kafka) : Promise.resolve()),
    interrupt,
    warn,
  });
  const state = { packets: 0, batches: 0, batchBytes: 0 };
  const send = async (message: AgentMessage): Promise<void> => {
    await publisher.send(message);
    if (message.kind === 'batch') {
      state.packets += message.header.count;
      state.batches += 1;
      state.batchBytes += message.bytes.length;
    }
    onProgress({ ...state, source, spooled: spool.batches, away: publisher.away });
  };
  const pulse = { everyMs: HEARTBEAT_MS, live, firstHeartbeat: Date.now() };
  try {
    const recorder = openRecorder(options);
    let record: RecordSummary | undefined;
    const wired = { ...options, codec: zstd, pulse, ...(recorder === undefined ? {} : { recorder }) };
    const { counters, fault } = await runAgent(source, wired, send, interrupt.signal).finally(() => {
      record = recorder?.close();
    });
    const complete = await publisher.finish(options.patienceMs);
    const { publishedPackets } = publisher;
    const { batches, batchBytes } = state;
    const sent = { counters, batches, batchBytes, publishedPackets, spooled: spool.batches, complete };
    const result = record === undefined ? sent : { ...sent, record };
    return fault === undefined ? result : { ...result, fault };
  } finally {
    publisher.stop();
    await producer.close();
    await spool.close();
  }
}

function openRecorder({ record, source, sensor, session, warn }: CaptureOptions): Recorder | undefined {
  if (record === undefined) return undefined;
  return new Recorder({ ...record, sensor, recording: recordingName(source, session), warn });
}

async function ensureTopics(sensor: string, kafka: KafkaOptions): Promise<void> {
  const topics = new KafkaTopics(kafka);
  try {
    await topics.ensure(sensor);
  } finally {
    await topics.close();
  }
}
