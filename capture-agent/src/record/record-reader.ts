/** Reads a sensor's record, while it may be written, for what a search asks: few stretches of few segments, in order. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { PipelineError } from '@tapline/core/errors';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { PcapngParser } from '@tapline/core/pcap/pcapng';
import { mayHold } from '@tapline/core/record/packet-keys';
import { BlockParser, isDamage } from './block-parser.ts';
import { readManifest, segmentPath, type Gap, type Manifest, type SegmentEntry } from './manifest.ts';
import { readIndex, type IndexBlock, type SegmentIndex } from './segment-index.ts';
import { readAt, wholeBlocks } from './whole-blocks.ts';

export interface RecordSearch {
  /** Event time, from inclusive, to exclusive. */
  readonly fromUs: number;
  readonly toUs: number;
  /** What every packet has that is searched for (keysOfFilter); none = whatever was captured in the time. */
  readonly keys: readonly number[];
}

/** Packets that were offered and are not there. */
export interface MissingRange {
  readonly reason: Gap['reason'];
  readonly fromUs: number;
  /** Infinity = nobody knows until when. */
  readonly toUs: number;
}

export class RecordReader {
  /** What is missing of the range that is searched, as far as it is read. */
  readonly missing: MissingRange[];
  /** Whether a segment is still written, or its process was killed: nobody can say from here what follows in it. */
  readonly isOpen: boolean;
  /** Bytes passed so far, of those of the segments that have to do with the range. */
  bytesRead = 0;
  readonly sizeBytes: number;
  /** Event time of the oldest and the newest packet of the whole record, as far as it is listed; null when it is empty. */
  readonly span: { readonly fromUs: number; readonly toUs: number } | null;
  readonly #folder: string;
  readonly #search: RecordSearch;
  readonly #sink: FrameSink;
  /** Segments that have to do with the range; those that are listed as being in the bucket only; in order of writing. */
  readonly segments: readonly SegmentEntry[];
  readonly away: readonly SegmentEntry[];

  /**
   * @param folder of one sensor
   * @param sink gets the frames of every stretch that may hold what is searched for, others among them
   * @param manifest as it is read from there, if it is not given
   * @throws PipelineError USAGE when nothing was recorded there
   */
  constructor(folder: string, search: RecordSearch, sink: FrameSink, manifest = readManifest(folder)) {
    if (manifest === undefined) throw new PipelineError('USAGE', `${folder} holds no record`);
    this.#folder = folder;
    this.#search = search;
    this.#sink = sink;
    this.segments = manifest.segments.filter((entry) => entry.open || this.#overlaps(entry.fromUs, entry.toUs));
    this.away = (manifest.away ?? []).filter((entry) => this.#overlaps(entry.fromUs, entry.toUs));
    this.isOpen = manifest.segments.some(({ open }) => open);
    this.span = spanOf([...manifest.segments, ...(manifest.away ?? [])]);
    this.sizeBytes = [...this.segments, ...this.away].reduce((sum, { bytes }) => sum + bytes, 0);
    this.missing = manifest.gaps
      .map((gap) => ({ reason: gap.reason, fromUs: gap.fromUs, toUs: gap.toUs ?? nextBegin(manifest, gap) }))
      .filter(({ fromUs, toUs }) => this.#overlaps(fromUs, toUs));
  }

  /** Reads stretch by stretch; the sink has got the frames of one when the next is asked for. */
  *read(): Generator<void> {
    for (const entry of this.segments) {
      const isThere = yield* this.readSegment(entry);
      // Also when it was rotated away since the manifest was read.
      if (isThere || entry.fromUs === null) continue;
      this.miss(entry.uploaded === undefined ? 'deleted' : 'away', entry.fromUs, entry.toUs ?? Infinity);
    }
    for (const { fromUs, toUs } of this.away) this.miss('away', fromUs!, toUs!);
  }

  /** Reads one segment like `read`, from this machine; false when it is not there. */
  *readSegment(entry: SegmentEntry): Generator<void, boolean> {
    const before = this.bytesRead;
    const path = segmentPath(this.#folder, entry);
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw new PipelineError('STORE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
      }
      return false;
    }
    try {
      const index = entry.open ? undefined : readIndex(path, fstatSync(descriptor).size);
      if (index === undefined) yield* this.#readWhole(descriptor, entry);
      else yield* this.#readIndexed(descriptor, index);
    } finally {
      closeSync(descriptor);
    }
    this.bytesRead = before + entry.bytes;
    return true;
  }

  /** Whether a stretch may hold what is searched for. */
  wants({ fromUs, toUs, keys }: IndexBlock): boolean {
    return this.#overlaps(fromUs, toUs) && mayHold(keys, this.#search.keys);
  }

  /** Notes what is missing, if it is of the range that is searched. */
  miss(reason: Gap['reason'], fromUs: number, toUs: number): void {
    if (this.#overlaps(fromUs, toUs)) this.missing.push({ reason, fromUs, toUs });
  }

  *#readIndexed(descriptor: number, index: SegmentIndex): Generator<void> {
    const parser = new BlockParser(this.#sink, index.interfaces);
    for (const block of index.blocks) {
      this.bytesRead += block.bytes;
      if (!this.wants(block)) continue;
      const bytes = Buffer.allocUnsafe(block.bytes);
      const filled = readAt(descriptor, bytes, block.offset);
      if (!parser.feed(bytes.subarray(0, filled), block.packets)) this.miss('damaged', block.fromUs, block.toUs);
      yield;
    }
  }

  /** A segment without an index: one that is being written, or whose index is gone. */
  *#readWhole(descriptor: number, entry: SegmentEntry): Generator<void> {
    const parser = new PcapngParser(this.#sink);
    try {
      for (const { bytes } of wholeBlocks(descriptor)) {
        parser.feed(bytes);
        this.bytesRead += bytes.length;
        yield;
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    if (!entry.open && parser.packets < entry.packets) this.miss('damaged', entry.fromUs!, entry.toUs!);
  }

  #overlaps(fromUs: number | null, toUs: number | null): boolean {
    return fromUs !== null && toUs !== null && toUs >= this.#search.fromUs && fromUs < this.#search.toUs;
  }
}

function spanOf(segments: readonly SegmentEntry[]): RecordReader['span'] {
  let [from, to] = [Infinity, -Infinity];
  for (const { fromUs, toUs } of segments) {
    from = Math.min(from, fromUs ?? Infinity);
    to = Math.max(to, toUs ?? -Infinity);
  }
  return from > to ? null : { fromUs: from, toUs: to };
}

/** Where a gap without an end ends at the latest: the sensor recorded again. */
function nextBegin({ segments }: Manifest, { serial, fromUs }: Gap): number {
  const later = segments.filter((one) => one.serial > serial && one.fromUs !== null && one.fromUs >= fromUs);
  return later.reduce((first, one) => Math.min(first, one.fromUs!), Infinity);
}
