/** What parse does with one message of the packets topic: take its batches in, and name the windows that completes. */
import type { Codec, Publisher } from '@tapline/core/ports';
import { readBatchHeader } from '@tapline/core/wire/batch';
import { batchId } from '@tapline/core/wire/batch-header';
import { isBatch } from '@tapline/core/wire/header-codec';
import { parseBatch, type ParseDeps } from '../stages/parse.ts';
import { batchesOfRaw } from '../stages/raw.ts';
import { onBatch, type WindowDeps } from '../stages/window.ts';
import type { PushMessage } from './envelope.ts';
import type { Labels } from './log.ts';
import type { SensorCheck } from './sensor-check.ts';
import { publishWindows } from './window-topic.ts';

type PacketsMessage = Pick<PushMessage, 'payload' | 'publishTime'>;

export interface PacketsDeps {
  readonly parse: ParseDeps;
  readonly window: WindowDeps;
  readonly windowTopic: Publisher;
  readonly checkSensor: SensorCheck;
  /** Codec of the batches that are made of raw payloads. */
  readonly codec: Codec;
  /** Sensor of raw payloads that name none. */
  readonly rawSensor: string;
}

/**
 * Takes a batch, or whatever batches can be made of (stages/raw.ts). Resolves when everything is stored and published.
 * @throws PipelineError WIRE_*, CAPTURE_* or USAGE when the payload can never be taken, STORE
 */
export async function onPackets({ payload, publishTime }: PacketsMessage, deps: PacketsDeps): Promise<Labels> {
  if (isBatch(payload)) return takeBatch(payload, deps);
  const publishedMs = Date.parse(publishTime);
  const publishedUs = Number.isNaN(publishedMs) ? deps.window.clock.nowUs() : publishedMs * 1000;
  const { codecs } = deps.parse;
  let labels: Labels = {};
  for (const batch of batchesOfRaw(payload, { codecs, codec: deps.codec, sensor: deps.rawSensor, publishedUs })) {
    labels = await takeBatch(batch, deps);
  }
  return labels;
}

async function takeBatch(bytes: Uint8Array, deps: PacketsDeps): Promise<Labels> {
  deps.checkSensor(readBatchHeader(bytes).sensor);
  const { header, windows } = await parseBatch(bytes, deps.parse);
  await publishWindows(await onBatch(windows, deps.window), deps.windowTopic);
  return { sensor: header.sensor, batchId: batchId(header) };
}
