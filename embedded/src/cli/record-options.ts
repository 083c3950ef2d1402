/** The flight recorder's options and its line of a result, the same for every command that captures. */
import { Option } from 'commander';
import { parseBucket } from '@tapline/adapters/cloud-storage/bucket-address';
import type { RecordSummary } from '@tapline/capture-agent/record/recorder';
import type { RecordPlace } from '@tapline/capture-agent/record/recording';
import { PipelineError } from '@tapline/core/errors';
import { formatBytes, formatCount } from './format.ts';
import { parseSize } from './options.ts';

/** Smaller segments would be mostly index. */
const RECORD_BYTES_LEAST = 2 ** 20;

export const recordOption = (): Option =>
  new Option('--record <dir>', 'keep the packets themselves in this folder, for tapline export (default: off)');

export const recordSizeOption = (): Option =>
  new Option('--record-size <size>', 'how much of a sensor is kept there; then the oldest goes')
    .argParser(parseSize)
    .default(2 * 2 ** 30, '2G');

export const recordBucketOption = (): Option =>
  new Option(
    '--record-bucket <gs://bucket[/prefix]>',
    'keep segments that an alert marked in this bucket of Cloud Storage, too (with --record)',
  );

export const markAlertsOption = (): Option =>
  new Option(
    '--mark-alerts',
    'look every 10 s into Cassandra (TAPLINE_CASSANDRA_…) for alerts of this sensor, and keep the packets behind them longest (with --record)',
  ).default(false);

export interface RecordFlags {
  readonly record?: string;
  readonly recordSize: number;
  readonly recordBucket?: string;
}

/** Where to record; undefined when that is off. Throws PipelineError USAGE. */
export function recordPlace(flags: RecordFlags): RecordPlace | undefined {
  const { record, recordSize, recordBucket } = flags;
  if (recordBucket !== undefined && record === undefined) {
    throw new PipelineError('USAGE', '--record-bucket needs the folder to record into: --record DIR');
  }
  if (recordBucket !== undefined) checkBucket(recordBucket);
  if (recordSize < RECORD_BYTES_LEAST) throw new PipelineError('USAGE', '--record-size is less than 1M');
  if (record === undefined) return undefined;
  return { folder: record, sizeBytes: recordSize, ...(recordBucket !== undefined && { bucket: recordBucket }) };
}

/** Throws PipelineError USAGE unless that names a bucket. */
export function checkBucket(address: string): void {
  if (parseBucket(address) === undefined) {
    throw new PipelineError('USAGE', `${address} is no bucket of Cloud Storage: use gs://BUCKET or gs://BUCKET/PREFIX`);
  }
}

/** What was recorded, and what the bucket got, for a terminal. */
export function recordLines({ packets, bytes, segments, lost, bucket }: RecordSummary): string[] {
  const rest = lost === 0 ? '' : `; ${formatCount(lost)} packets could NOT be written`;
  const recorded = `record   ${formatCount(packets)} packets, ${formatBytes(bytes)} in ${segments} ${segments === 1 ? 'segment' : 'segments'}${rest}`;
  if (bucket === undefined) return [recorded];
  const { address, uploaded, waiting, failed } = bucket;
  const left =
    waiting === 0
      ? ', none waiting'
      : `; ${formatCount(waiting)} NOT uploaded${failed === undefined ? '' : ` (${failed})`}: the next run that records there takes them along`;
  return [recorded, `         ${formatCount(uploaded)} marked segments uploaded to ${address}${left}`];
}
