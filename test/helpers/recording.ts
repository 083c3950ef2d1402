/** Records captures as an agent does, in this process, and reads records back. */
import { join } from 'node:path';
import { Batcher } from '@tapline/capture-agent/batcher';
import { readManifest, segmentPath, type SegmentEntry } from '@tapline/capture-agent/record/manifest';
import { RecordReader, type RecordSearch } from '@tapline/capture-agent/record/record-reader';
import { Recorder, type RecordSummary } from '@tapline/capture-agent/record/recorder';
import { zstd } from '@tapline/adapters/codec/zstd';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { FrameCollector } from './frames.ts';

export const EVERYTHING: RecordSearch = { fromUs: -Infinity, toUs: Infinity, keys: [] };
export const MIB = 2 ** 20;

export interface Recording {
  readonly source: Uint8Array;
  readonly recording?: string;
  readonly sizeBytes?: number;
  /** Called after each MiB of the source. */
  readonly between?: (recorder: Recorder) => void;
  /** Gets what is said. */
  readonly warnings?: string[];
}

/** Records as sensor `s`. */
export function recordCapture(folder: string, options: Recording): RecordSummary {
  const { source, recording = 'one', sizeBytes = 2048 * MIB, between, warnings } = options;
  const recorder = new Recorder({ folder, sensor: 's', recording, sizeBytes, warn: (line) => warnings?.push(line) });
  const batching = { sensor: 's', session: 'x', windowUs: 10e6, allowedLatenessUs: 60e6, codec: zstd };
  const batcher = new Batcher({ ...batching, recorder }, () => undefined);
  const reader = new CaptureReader(batcher);
  for (let at = 0; at < source.length; at += MIB) {
    // Overwritten afterwards: frames must not be kept by reference.
    const chunk = Uint8Array.from(source.subarray(at, at + MIB));
    reader.feed(chunk);
    chunk.fill(0xee);
    between?.(recorder);
  }
  batcher.flush();
  return recorder.close();
}

/** The frames of the stretches that may hold what is searched for, and what is missing. */
export function readRecord(
  folder: string,
  search: Partial<RecordSearch> = {},
): Pick<RecordReader, 'missing'> & Pick<FrameCollector, 'frames'> {
  const collector = new FrameCollector();
  const reader = new RecordReader(join(folder, 's'), { ...EVERYTHING, ...search }, collector);
  Array.from(reader.read());
  return { frames: collector.frames, missing: reader.missing };
}

export function segmentsOf(folder: string): readonly SegmentEntry[] {
  return readManifest(join(folder, 's'))!.segments;
}

export function segmentPaths(folder: string): string[] {
  return segmentsOf(folder).map((entry) => segmentPath(join(folder, 's'), entry));
}
