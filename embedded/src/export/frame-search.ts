/** A search for frames under way: in a sensor's record, or in the capture that was read. */
import type { Bucket } from '@tapline/adapters/cloud-storage/bucket';
import type { PacketFilter } from '@tapline/core/detect/alert';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { keysOfFilter } from '@tapline/core/record/packet-keys';
import { BucketReader } from '@tapline/capture-agent/record/bucket-reader';
import type { Manifest } from '@tapline/capture-agent/record/manifest';
import { RecordReader, type MissingRange, type RecordSearch } from '@tapline/capture-agent/record/record-reader';
import { MatchingFrames } from './matching-frames.ts';

export interface FrameSearch {
  /** What is missing of what is searched for, as far as it is read. */
  readonly missing: readonly MissingRange[];
  /** Whether more may come: what is searched is still being written. */
  readonly isOpen: boolean;
  /** Reads step by step; the sink has got the frames of one when the next is asked for. Whoever stops early returns it. */
  read(): Generator<void> | AsyncGenerator<void>;
}

/** A sensor's record: in its folder, in a bucket, or in both. */
export interface SearchedRecord {
  readonly sensor: string;
  readonly folder: string;
  readonly bucket?: Bucket;
  /** What is in the bucket, where there is no folder. */
  readonly manifest?: Manifest;
}

/**
 * Searches a sensor's record for what matches all filters.
 * @param sink gets the frames, in the order they were recorded
 * @throws PipelineError USAGE when there is no record, or a host or peer is not an address
 */
export function searchRecord(
  { sensor, folder, bucket, manifest }: SearchedRecord,
  filters: readonly PacketFilter[],
  sink: FrameSink,
): RecordReader | BucketReader {
  const matching = new MatchingFrames(filters, sink);
  if (bucket === undefined) return new RecordReader(folder, searchOf(filters), matching);
  return new BucketReader({ bucket, sensor }, folder, searchOf(filters), matching, manifest);
}

function searchOf(filters: readonly PacketFilter[]): RecordSearch {
  return {
    fromUs: Math.max(...filters.map(({ fromUs }) => fromUs)),
    toUs: Math.min(...filters.map(({ toUs }) => toUs)),
    keys: filters.flatMap(keysOfFilter),
  };
}
