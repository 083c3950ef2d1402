/** A whole capture into Kafka: source, agent, spool and producer put together, and ended in order. */
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
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import type { SensorCounters } from '@tapline/core/ledger/heartbeat';
import type { AgentMessage } from './batcher.ts';
import type { ReplayLag, ReplaySpeed } from './pacer.ts';
import { Publisher } from './publisher.ts';
import { finishUploads } from './record/closed-record.ts';
import type { RecordSummary } from './record/recorder.ts';
import type { LoopPlan } from './loop/loops.ts';
import type { RecordPlace } from './record/recording.ts';
import { SourceRun, type Position, type RunSourceResult } from './run-source.ts';
import type { SessionEnd } from './session-end.ts';
import type { SourceChoice } from './source/source-choice.ts';
import { Spool } from './spool/spool.ts';

export interface CaptureOptions {
  /** What is to be read, or what is open already. */
  readonly source: SourceChoice | CaptureSource<CapturePiece>;
  /** A directory is followed. */
  readonly follow?: boolean;
  readonly sensor: string;
  readonly session: string;
  /** Somebody chose its name. */
  readonly isChosen: boolean;
  /** As RunSourceOptions has them. */
  readonly loop?: LoopPlan;
  readonly preload?: boolean;
  readonly windowUs: number;
  readonly duplicatesWithinUs?: number;
  readonly reorderWithinUs?: number;
  /** As RunSourceOptions has it; `onTurn` gets what ends the running session and begins another. */
  readonly turns?: boolean;
  readonly onTurn?: (turn: () => void) => void;
  /** Gets what has the recorder keep the packets of an event-time range. */
  readonly onMarker?: (mark: (fromUs: number, toUs: number) => void) => void;
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
  /** As AgentOptions has it. */
  readonly fields?: readonly string[];
  /** Where the frames are kept, if they are. */
  readonly record?: RecordPlace;
  readonly warn: (line: string) => void;
}

/** A capture on its way. */
export interface CaptureState {
  readonly packets: number;
  readonly batches: number;
  readonly batchBytes: number;
  readonly source: Position;
  /** Batches in the spool, and whether the broker did not answer the last time. */
  readonly spooled: number;
  readonly away: boolean;
}

export interface CaptureResult {
  readonly sessions: readonly SessionEnd[];
  /** As RunSourceResult has it. */
  readonly preloaded?: RunSourceResult['preloaded'];
  /** Of all sessions. */
  readonly counters: SensorCounters;
  readonly batches: number;
  readonly batchBytes: number;
  /** Packets that the broker has acknowledged. */
  readonly publishedPackets: number;
  /** Batches left in the spool. */
  readonly spooled: number;
  /** Whether everything was published, the goodbye included. */
  readonly complete: boolean;
  /** How far behind its schedule the replay was, if it had one. */
  readonly lag?: ReplayLag;
  /** What was recorded, if that was asked for. */
  readonly record?: RecordSummary;
  /** Why the source was not read to its end, if it was not. */
  readonly fault?: PipelineError;
}

const HEARTBEAT_MS = 1000;
const KEEP_UP_BYTES = 32 * 1024 * 1024;

/**
 * Captures until the source ends or `interrupt` is aborted, and waits until all of it is published.
 * @throws PipelineError USAGE or SOURCE when there is nothing to read, USAGE when the spool is in use, STORE when the
 *   broker refuses what waiting does not change; everything that was read is then in the spool
 */
export async function capture(
  options: CaptureOptions,
  interrupt: AbortController,
  onProgress: (state: CaptureState) => void,
): Promise<CaptureResult> {
  const { live, spoolFolder, spoolBytes, warn } = options;
  const pulse = { everyMs: HEARTBEAT_MS, live, firstHeartbeat: Date.now() };
  const run = await SourceRun.open({ ...options, codec: zstd, pulse, peers: options.kafka.brokers }, interrupt.signal);
  options.onTurn?.(run.turn.bind(run));
  options.onMarker?.(run.mark.bind(run));
  const spool = openSpool(spoolFolder, warn, interrupt);
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
    onProgress({ ...state, source: run.position, spooled: spool.batches, away: publisher.away });
  };
  try {
    const { counters, sessions, lag, preloaded, record: recorded, fault } = await run.run(send);
    const complete = await publisher.finish(options.patienceMs);
    const place = options.record;
    const record = recorded && place && (await finishUploads(recorded, { place, sensor: options.sensor, warn }));
    const { publishedPackets } = publisher;
    const { batches, batchBytes } = state;
    const counts = { counters, batches, batchBytes, publishedPackets, spooled: spool.batches, complete };
    const more = { ...(lag && { lag }), ...(preloaded && { preloaded }) };
    return { sessions, ...counts, ...more, ...(record && { record }), ...(fault && { fault }) };
  } finally {
    publisher.stop();
    await producer.close();
    await spool.close();
  }
}

/** Where it cannot be used, an interface is not to be captured any longer. */
function openSpool(folder: string, warn: (line: string) => void, interrupt: AbortController): Spool {
  try {
    return new Spool({ folder, warn });
  } catch (error) {
    interrupt.abort(error);
    throw error;
  }
}

async function ensureTopics(sensor: string, kafka: KafkaOptions): Promise<void> {
  const topics = new KafkaTopics(kafka);
  try {
    await topics.ensure(sensor);
  } finally {
    await topics.close();
  }
}
