/** The frames of a search as a pcapng file that is made while it is taken, and what a search will find, counted. */
import { setImmediate } from 'node:timers/promises';
import { GAP_REASONS } from '@tapline/capture-agent/record/manifest';
import type { MissingRange } from '@tapline/capture-agent/record/record-reader';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { PcapngWriter } from '@tapline/core/pcap/pcapng-writer';
import type { DownloadBody } from '@tapline/functions/stages/report/capture';
import { formatInstant } from '../cli/format.ts';
import { CountedFrames } from './counted-frames.ts';
import type { FrameSearch } from './frame-search.ts';

/** Begins a search whose frames go into `sink`. */
export type BeginSearch = (sink: FrameSink) => FrameSearch;

/** Missing ranges that a header names. */
const NAMED_MOST = 20;

/** Holds no more of the file than one step of the search gave. */
export async function* captureStream(begin: BeginSearch): DownloadBody {
  const made: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes) => made.push(Uint8Array.from(bytes)));
  const counted = new CountedFrames(writer);
  const search = begin(counted);
  const steps = search.read();
  try {
    while ((await steps.next()).done !== true) {
      yield* made.splice(0);
      // Reading blocks, so others get their turn here.
      await setImmediate();
    }
  } finally {
    await steps.return(undefined);
  }
  writer.flush();
  yield* made;
  const { packets, bytes } = counted;
  return {
    'X-Tapline-Packets': String(packets),
    'X-Tapline-Bytes': String(bytes),
    'X-Tapline-Missing': missingHeader(search.missing),
  };
}

/** `none`, or `2017-07-07T12:03:00Z/2017-07-07T12:04:00Z rotated` and so on. */
export function missingHeader(missing: readonly MissingRange[]): string {
  if (missing.length === 0) return 'none';
  const named = missing
    .slice(0, NAMED_MOST)
    .map(
      ({ fromUs, toUs, reason }) =>
        `${formatInstant(fromUs)}/${toUs === Infinity ? '' : formatInstant(toUs)} ${reason}`,
    );
  const more = missing.length > NAMED_MOST ? [`and ${missing.length - NAMED_MOST} more`] : [];
  return [...named, ...more].join(', ');
}

/**
 * Searches for no longer than it may.
 * @param budgetMs after which it is given up
 * @returns whether it came to its end, or to where `isEnough` said so
 */
export async function searchWithin(
  search: FrameSearch,
  budgetMs: number,
  isEnough: () => boolean = () => false,
): Promise<boolean> {
  const startedMs = performance.now();
  const steps = search.read();
  try {
    while ((await steps.next()).done !== true) {
      if (isEnough()) return true;
      // Reading blocks, so others get their turn here.
      await setImmediate();
      if (performance.now() - startedMs >= budgetMs) return false;
    }
    return true;
  } finally {
    await steps.return(undefined);
  }
}

export interface FrameCount {
  /** Null when counting would take longer than was given. */
  readonly packets: number | null;
  readonly bytes: number | null;
  readonly missing: readonly { readonly fromUs: number; readonly toUs: number | null; readonly reason: string }[];
  readonly open: boolean;
}

/** @param budgetMs after which counting is given up; what is missing is then known as far as it was read */
export async function countFrames(begin: BeginSearch, budgetMs: number): Promise<FrameCount> {
  const counted = new CountedFrames({ frame: () => undefined });
  const search = begin(counted);
  const isWhole = await searchWithin(search, budgetMs);
  return {
    packets: isWhole ? counted.packets : null,
    bytes: isWhole ? counted.bytes : null,
    missing: missingOf(search),
    open: search.isOpen,
  };
}

/** Ascending, as people read it. */
export function missingOf({ missing }: FrameSearch): FrameCount['missing'] {
  return missing.toSorted((a, b) => a.fromUs - b.fromUs).map(shown);
}

function shown({ fromUs, toUs, reason }: MissingRange): FrameCount['missing'][number] {
  return { fromUs, toUs: toUs === Infinity ? null : toUs, reason: GAP_REASONS[reason] };
}
