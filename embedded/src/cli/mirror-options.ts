/** The options that say what a mirror does to packets before they reach the sensor. */
import type { Command } from 'commander';
import { DUPLICATE_WITHIN_US } from '@tapline/core/mirror/duplicate-filter';
import { parseDurationUs } from './options.ts';

export interface MirrorFlags {
  readonly dedup: boolean;
  /** Microseconds. */
  readonly dedupWithin?: number;
}

export function addMirrorOptions(command: Command): Command {
  return command
    .option('--dedup', 'leave out the second copies of packets that mirrors make; they are counted', false)
    .option(
      '--dedup-within <time>',
      `the same, for copies that come within this time (default: ${DUPLICATE_WITHIN_US}us)`,
      parseDurationUs,
    );
}

/** As a sensor takes it. */
export function mirrorOf({ dedup, dedupWithin }: MirrorFlags): { duplicatesWithinUs?: number } {
  if (dedupWithin !== undefined) return { duplicatesWithinUs: dedupWithin };
  return dedup ? { duplicatesWithinUs: DUPLICATE_WITHIN_US } : {};
}
