/**
 * Where raw blocks end, as the note of a Kafka offset commit: `cuts 120-480 480-733`. Written before the blocks are
 * published, so that whoever reads on after a crash publishes the very same blocks, whatever it finds in the log by then.
 */
import type { Cut } from './raw-cutter.ts';

/** Cuts in one note at most: brokers keep 4,096 bytes. */
export const CUTS_MAX = 100;

const PREFIX = 'cuts';

export function encodeCuts(cuts: readonly Cut[]): string {
  return cuts.length === 0 ? '' : [PREFIX, ...cuts.map(({ start, end }) => `${start}-${end}`)].join(' ');
}

/** The cuts of a note, ascending; none when the note is somebody else's. */
export function decodeCuts(note: string): Cut[] {
  const [prefix, ...items] = note.split(' ');
  if (prefix !== PREFIX) return [];
  const cuts: Cut[] = [];
  let after = 0;
  for (const item of items.slice(0, CUTS_MAX)) {
    const match = /^(\d{1,16})-(\d{1,16})$/.exec(item);
    const [start, end] = [Number(match?.[1]), Number(match?.[2])];
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < after || end <= start) return [];
    cuts.push({ start, end });
    after = end;
  }
  return cuts;
}
