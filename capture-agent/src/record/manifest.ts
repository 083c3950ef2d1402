/**
 * The manifest of a sensor's record: its segments in the order they were written, and what is no longer there. Replaced as
 * a whole, so that a reader in another process sees the one before or the one after.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';

export interface SegmentEntry {
  /** Place in the order of writing; every segment of a sensor has another. */
  readonly serial: number;
  /** What one source brought: a file has the same name each time, whatever brings packets once has one of its own. */
  readonly recording: string;
  /** Number of its first packet in the recording, from 1; absent when the manifest was lost. */
  readonly first?: number;
  /** Whether a process writes it, or was killed while it did. The numbers below are then 0 and null. */
  open: boolean;
  /** Whether packets of an alert are in it: rotation takes it last. */
  marked: boolean;
  packets: number;
  bytes: number;
  /** Event time of the oldest and of the newest packet. */
  fromUs: number | null;
  toUs: number | null;
  /** The bucket that has it, too. */
  uploaded?: string;
  /** Packets at its start that an earlier segment has, too; only where a bucket was listed. */
  readonly copied?: number;
}

/** Why packets that were offered are not in the record, in words that follow `missing: FROM to TO, `. */
export const GAP_REASONS = {
  rotated: 'rotated away, the record was full',
  markedRotated: 'rotated away although an alert had marked it: most of the record was marked',
  deleted: 'the segment was deleted',
  damaged: 'the segment is damaged',
  replaced: 'its capture is recorded anew and has not come that far',
  disk: 'it could not be written',
  killed: 'the recording was killed',
  text: 'the source was text; it carries no frames',
  waiting: 'the record was full of packets that waited for the bucket',
  away: 'it is in the bucket only: --from-bucket gs://… gives it',
  nowhere: 'it is neither in the folder nor in the bucket',
} as const;

export interface Gap {
  readonly recording: string;
  readonly reason: keyof typeof GAP_REASONS;
  readonly fromUs: number;
  /** The last that is known to be missing; null = until the next recording begins. */
  readonly toUs: number | null;
  /** Serial of the last segment before the end of the gap. */
  readonly serial: number;
}

export interface Manifest {
  readonly version: 1;
  nextSerial: number;
  segments: SegmentEntry[];
  gaps: Gap[];
  /** Segments that are only in the bucket by now, in the order they were written; absent when there are none. */
  away?: SegmentEntry[];
}

const MANIFEST = 'record.json';
/** Gaps are told apart up to this many; then the oldest become one. */
const GAPS_AT_MOST = 1000;
/** So are segments in the bucket; older ones are found with the bucket's own list only. */
const AWAY_AT_MOST = 10_000;

export const newManifest = (): Manifest => ({ version: 1, nextSerial: 1, segments: [], gaps: [] });

/** `00000007.RECORDING.pcapng`: sorted by name is sorted by time of writing. */
export function segmentPath(folder: string, { serial, recording }: Pick<SegmentEntry, 'serial' | 'recording'>): string {
  return join(folder, `${String(serial).padStart(8, '0')}.${recording}.pcapng`);
}

/** What `segmentPath` made a file's name of; undefined when it did not. */
export function parseSegmentName(name: string): Pick<SegmentEntry, 'serial' | 'recording'> | undefined {
  const match = /^(\d{8,})\.([A-Za-z0-9._-]+)\.pcapng$/.exec(name);
  return match === null ? undefined : { serial: Number(match[1]), recording: match[2]! };
}

/**
 * The manifest of a sensor's folder.
 * @returns undefined when there is none, or when it says nothing (the machine lost power while it was written)
 * @throws PipelineError STORE when another version of Tapline wrote it
 */
export function readManifest(folder: string): Manifest | undefined {
  let found: Partial<Manifest>;
  try {
    found = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Partial<Manifest>;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (cause instanceof SyntaxError || code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new PipelineError('STORE', `cannot read the record in ${folder}: ${(cause as Error).message}`, { cause });
  }
  if (found.version === 1 && Array.isArray(found.segments) && Array.isArray(found.gaps)) return found as Manifest;
  throw new PipelineError('STORE', `${join(folder, MANIFEST)} is of another version of Tapline: move the folder away`);
}

/** Throws what the file system says. */
export function writeManifest(folder: string, manifest: Manifest): void {
  const path = join(folder, MANIFEST);
  writeFileSync(`${path}.new`, JSON.stringify(manifest));
  renameSync(`${path}.new`, path);
}

/** Adds a gap; one that goes on where the last of the same recording and reason ended becomes part of that. */
export function addGap(manifest: Manifest, gap: Gap): void {
  const { gaps } = manifest;
  const index = gaps.findIndex(
    (one) =>
      one.recording === gap.recording &&
      one.reason === gap.reason &&
      one.toUs !== null &&
      one.serial + 1 === gap.serial,
  );
  if (index >= 0) gaps[index] = union(gaps[index]!, gap);
  else gaps.push(gap);
  if (gaps.length > GAPS_AT_MOST) gaps.splice(0, 2, union(gaps[0]!, gaps[1]!));
}

function union(one: Gap, next: Gap): Gap {
  const toUs = one.toUs === null || next.toUs === null ? null : Math.max(one.toUs, next.toUs);
  return { ...next, fromUs: Math.min(one.fromUs, next.fromUs), toUs };
}

/** Takes a segment off the list; what it held is missing from now on. */
export function dropSegment(manifest: Manifest, entry: SegmentEntry, reason: Gap['reason']): void {
  manifest.segments = manifest.segments.filter((one) => one !== entry);
  const { recording, serial, fromUs, toUs } = entry;
  if (fromUs !== null) addGap(manifest, { recording, reason, fromUs, toUs, serial });
}

/** Takes a segment off the list whose files are gone; if the bucket has it, it is listed there. */
export function loseSegment(manifest: Manifest, entry: SegmentEntry, reason: Gap['reason']): void {
  if (entry.uploaded === undefined) {
    dropSegment(manifest, entry, reason);
    return;
  }
  manifest.segments = manifest.segments.filter((one) => one !== entry);
  const away = [...(manifest.away ?? []), entry].sort((one, other) => one.serial - other.serial);
  for (const oldest of away.splice(0, Math.max(0, away.length - AWAY_AT_MOST))) dropSegment(manifest, oldest, 'away');
  manifest.away = away;
}

/** Whether a segment is to go into the bucket and is not there yet. */
export function isWaiting({ marked, open, uploaded }: SegmentEntry): boolean {
  return marked && !open && uploaded === undefined;
}

/** What a recording that is made anew has reached by now is no longer missing. */
export function settleReplaced(manifest: Manifest, recording: string): void {
  const reached = manifest.segments.reduce(
    (newest, one) => (one.recording === recording ? Math.max(newest, one.toUs ?? -Infinity) : newest),
    -Infinity,
  );
  manifest.gaps = manifest.gaps.flatMap((gap) => {
    if (gap.recording !== recording || gap.reason !== 'replaced' || reached < gap.fromUs) return [gap];
    return gap.toUs !== null && gap.toUs <= reached ? [] : [{ ...gap, fromUs: reached }];
  });
}

/** Marks the segments that overlap [fromUs, toUs); whether that changed anything. */
export function markSegments(manifest: Manifest, fromUs: number, toUs: number): boolean {
  let changed = false;
  for (const entry of manifest.segments) {
    if (entry.marked || entry.fromUs === null || entry.toUs === null) continue;
    if (entry.toUs < fromUs || entry.fromUs >= toUs) continue;
    entry.marked = true;
    changed = true;
  }
  return changed;
}
