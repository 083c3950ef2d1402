/** What parse does with one message of the packets topic: take its batches in, and name the windows that completes. */
import type { Publisher } from '@tapline/core/ports';
import { batchId, type BatchHeader } from '@tapline/core/wire/batch-header';
import { readBatchHeader } from '@tapline/core/wire/batch';
import { parseBatch, type ParseDeps } from '../stages/parse.ts';
import { onBatch, type WindowDeps } from '../stages/window.ts';
import type { Labels } from './log.ts';
import type { SensorCheck } from './sensor-check.ts';
import { publishWindows } from './window-topic.ts';

export interface PacketsDeps {
  readonly parse: ParseDeps;
  readonly window: WindowDeps;
  readonly windowTopic: Publisher;
  readonly checkSensor: SensorCheck;
}

/**
 * Resolves when everything is stored and published.
 * @throws PipelineError WIRE_* or USAGE when the payload can never be taken, STORE
 */
export async function onPackets(payload: Uint8Array, deps: PacketsDeps): Promise<Labels> {
  const header = await takeBatch(payload, deps);
  return { sensor: header.sensor, batchId: batchId(header) };
}

async function takeBatch(bytes: Uint8Array, deps: PacketsDeps): Promise<BatchHeader> {
  deps.checkSensor(readBatchHeader(bytes).sensor);
  const { header, windows } = await parseBatch(bytes, deps.parse);
  await publishWindows(await onBatch(windows, deps.window), deps.windowTopic);
  return header;
}
