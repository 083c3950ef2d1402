/** The options that say what a mirror does to packets before they reach the sensor. */
import type { Command } from 'commander';
import { DUPLICATE_WITHIN_US } from '@tapline/core/mirror/duplicate-filter';
import { parseDurationUs } from './options.ts';

export interface MirrorFlags {
  /** Microseconds; true = as usual. */
  readonly dedup?: number | true;
}

export function addMirrorOptions(command: Command): Command {
  return command.option(
    '--dedup [time]',
    `leave out second copies of a packet within this time, as mirrors make them; they are counted (${DUPLICATE_WITHIN_US}us)`,
    parseDurationUs,
  );
}

/** As a sensor takes it. */
export function mirrorOf({ dedup }: MirrorFlags): { duplicatesWithinUs?: number } {
  return dedup === undefined ? {} : { duplicatesWithinUs: dedup === true ? DUPLICATE_WITHIN_US : dedup };
}
