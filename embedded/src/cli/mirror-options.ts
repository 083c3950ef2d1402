/** The options that say what a mirror does to packets before they reach the sensor. */
import type { Command } from 'commander';
import { DUPLICATE_WITHIN_US } from '@tapline/core/mirror/duplicate-filter';
import { REORDER_WITHIN_US } from '@tapline/core/mirror/reorder-buffer';
import type { MirrorCounters } from '@tapline/core/mirror/mirror-counters';
import { formatCount } from './format.ts';
import { parseDurationUs } from './options.ts';

export interface MirrorFlags {
  readonly dedup: boolean;
  /** Microseconds. */
  readonly dedupWithin?: number;
  /** Microseconds, 0 = off. */
  readonly reorder?: number;
}

export function addMirrorOptions(command: Command): Command {
  return command
    .option('--dedup', 'leave out the second copies of packets that mirrors make; they are counted', false)
    .option(
      '--dedup-within <time>',
      `the same, for copies that come within this time (default: ${DUPLICATE_WITHIN_US}us)`,
      parseDurationUs,
    )
    .option(
      '--reorder <time>',
      'put packets in order that come out of it within this time, or off (default: 1s with -i and --live, else off)',
      parseReorder,
    );
}

function parseReorder(text: string): number {
  return text === 'off' ? 0 : parseDurationUs(text);
}

/**
 * As a sensor takes it.
 * @param isLive packets come as they are captured, from an interface or another program
 */
export function mirrorOf(
  { dedup, dedupWithin, reorder }: MirrorFlags,
  isLive: boolean,
): { duplicatesWithinUs?: number; reorderWithinUs?: number } {
  const duplicatesWithinUs = dedupWithin ?? (dedup ? DUPLICATE_WITHIN_US : undefined);
  const reorderWithinUs = reorder ?? (isLive ? REORDER_WITHIN_US : 0);
  return {
    ...(duplicatesWithinUs === undefined ? {} : { duplicatesWithinUs }),
    ...(reorderWithinUs === 0 ? {} : { reorderWithinUs }),
  };
}

/** What putting packets in order counted, for a terminal. */
export function mirrorText({ reordered, displacedMostUs, beyondHorizon, releasedEarly }: MirrorCounters): string {
  const early = releasedEarly === 0 ? '' : `, ${formatCount(releasedEarly)} released early because too many were held`;
  return (
    `order: ${formatCount(reordered)} packets put in order (displaced by ${displacedMostUs / 1000} ms at most), ` +
    `${formatCount(beyondHorizon)} too late for it${early}`
  );
}
