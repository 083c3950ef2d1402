/** Reads a sensor's record, while it may be written, for what a search asks: few stretches of few segments, in order. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { PipelineError } from '@tapline/core/errors';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { PcapngParser } from '@tapline/core/pcap/pcapng';
import { PcapngWriter } from '@tapline/core/pcap/pcapng-writer';
import { mayHold } from '@tapline/core/record/packet-keys';
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
  readonly #segments: readonly SegmentEntry[];

  /**
   * @param folder of one sensor
   * @param sink gets the frames of every stretch that may hold what is searched for, others among them
   * @throws PipelineError USAGE when nothing was recorded there
   */
  constructor(folder: string, search: RecordSearch, sink: FrameSink) {
    const manifest = readManifest(folder);
    if (manifest === undefined) throw new PipelineError('USAGE', `${folder} holds no record`);
    this.#folder = folder;
    this.#search = search;
    this.#sink = sink;
    this.#segments = manifest.segments.filter((entry) => entry.open || this.#overlaps(entry.fromUs, entry.toUs));
    this.isOpen = manifest.segments.some(({ open }) => open);
    this.span = spanOf(manifest.segments);
    this.sizeBytes = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.missing = manifest.gaps
      .map((gap) => ({ reason: gap.reason, fromUs: gap.fromUs, toUs: gap.toUs ?? nextBegin(manifest, gap) }))
      .filter(({ fromUs, toUs }) => this.#overlaps(fromUs, toUs));
  }

  /** Reads stretch by stretch; the sink has got the frames of one when the next is asked for. */
  *read(): Generator<void> {
    for (const entry of this.#segments) {
      const before = this.bytesRead;
      yield* this.#readSegment(entry);
      this.bytesRead = before + entry.bytes;
    }
  }

  *#readSegment(entry: SegmentEntry): Generator<void> {
    const path = segmentPath(this.#folder, entry);
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw new PipelineError('STORE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
      }
      // Also when it was rotated away since the manifest was read.
      if (entry.fromUs !== null) this.#miss('deleted', entry.fromUs, entry.toUs ?? Infinity);
      return;
    }
    try {
      const index = entry.open ? undefined : readIndex(path, fstatSync(descriptor).size);
      if (index === undefined) yield* this.#readWhole(descriptor, entry);
      else yield* this.#readIndexed(descriptor, index);
    } finally {
      closeSync(descriptor);
    }
  }

  *#readIndexed(descriptor: number, index: SegmentIndex): Generator<void> {
    let parser: PcapngParser | undefined;
    for (const block of index.blocks) {
      this.bytesRead += block.bytes;
      if (!this.#overlaps(block.fromUs, block.toUs) || !mayHold(block.keys, this.#search.keys)) continue;
      parser = this.#readBlock(parser ?? this.#parserOf(index), descriptor, block);
      yield;
    }
  }

  /** The parser to go on with; a stretch that is damaged leaves none. */
  #readBlock(parser: PcapngParser, descriptor: number, block: IndexBlock): PcapngParser | undefined {
    const bytes = Buffer.allocUnsafe(block.bytes);
    const before = parser.packets;
    try {
      const filled = readAt(descriptor, bytes, block.offset);
      parser.feed(bytes.subarray(0, filled));
      if (parser.packets - before === block.packets) return parser;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    this.#miss('damaged', block.fromUs, block.toUs);
    return undefined;
  }

  /** A parser that knows the interfaces of a segment, wherever in it the next bytes come from. */
  #parserOf({ interfaces }: SegmentIndex): PcapngParser {
    const parser = new PcapngParser(this.#sink);
    new PcapngWriter((bytes) => {
      parser.feed(bytes);
    }, interfaces).flush();
    return parser;
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
    if (!entry.open && parser.packets < entry.packets) this.#miss('damaged', entry.fromUs!, entry.toUs!);
  }

  #miss(reason: Gap['reason'], fromUs: number, toUs: number): void {
    if (this.#overlaps(fromUs, toUs)) this.missing.push({ reason, fromUs, toUs });
  }

  #overlaps(fromUs: number | null, toUs: number | null): boolean {
    return fromUs !== null && toUs !== null && toUs >= this.#search.fromUs && fromUs < this.#search.toUs;
  }
}

/** Whether the segment is at fault, and not who takes its frames. */
function isDamage(error: unknown): boolean {
  return error instanceof PipelineError && error.code.startsWith('CAPTURE_');
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
