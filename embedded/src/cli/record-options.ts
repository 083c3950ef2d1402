/** The flight recorder's options and its line of a result, the same for every command that captures. */
import { Option } from 'commander';
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

/** Where to record; undefined when that is off. Throws PipelineError USAGE. */
export function recordPlace(flags: { readonly record?: string; readonly recordSize: number }): RecordPlace | undefined {
  if (flags.recordSize < RECORD_BYTES_LEAST) throw new PipelineError('USAGE', '--record-size is less than 1M');
  return flags.record === undefined ? undefined : { folder: flags.record, sizeBytes: flags.recordSize };
}

/** What was recorded, for a terminal. */
export function recordLine({ packets, bytes, segments, lost }: RecordSummary): string {
  const rest = lost === 0 ? '' : `; ${formatCount(lost)} packets could NOT be written`;
  return `record   ${formatCount(packets)} packets, ${formatBytes(bytes)} in ${segments} ${segments === 1 ? 'segment' : 'segments'}${rest}`;
}
