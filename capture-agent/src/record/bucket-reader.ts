/** Reads a sensor's record of which a part, or all, is in a bucket: few stretches of few segments, as RecordReader does. */
import type { Bucket } from '@tapline/adapters/cloud-storage/bucket';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { BlockParser } from './block-parser.ts';
import { bucketName, parseBucketName } from './bucket-name.ts';
import { newManifest, type Manifest, type SegmentEntry } from './manifest.ts';
import { RecordReader, type MissingRange, type RecordSearch } from './record-reader.ts';
import { indexPath, parseIndex, type IndexBlock } from './segment-index.ts';

/** Stretches that follow each other are asked for together up to this. */
const REQUEST_BYTES = 4 * 1024 * 1024;

export interface BucketRecord {
  readonly bucket: Bucket;
  readonly sensor: string;
}

/**
 * What a bucket holds of a sensor, as a manifest: for those who have no folder of the record. What was not marked is not in
 * it, and what else was recorded nobody can say.
 * @throws PipelineError SOURCE when the bucket cannot be read
 */
export async function listBucket({ bucket, sensor }: BucketRecord): Promise<Manifest> {
  const names = new Set(await bucket.list(`${sensor}/`));
  const found = [...names]
    .filter((name) => names.has(indexPath(name)))
    .map((name) => parseBucketName(name.slice(sensor.length + 1)))
    .filter((entry) => entry !== undefined);
  const away = withoutCopies(found).map((entry, index) => ({ ...entry, serial: index + 1 }));
  return { ...newManifest(), away };
}

/** The same packets, recorded again with segments of another size, count once. */
function withoutCopies(entries: readonly SegmentEntry[]): SegmentEntry[] {
  const sorted = entries.toSorted((one, other) => one.fromUs! - other.fromUs! || one.first! - other.first!);
  const kept: SegmentEntry[] = [];
  for (const entry of sorted) {
    const before = kept.findLast(({ recording }) => recording === entry.recording);
    const isApart = before === undefined || before.toUs! < entry.fromUs!;
    const copied = isApart ? 0 : Math.max(0, before.first! + before.packets - entry.first!);
    if (copied < entry.packets) kept.push(copied === 0 ? entry : { ...entry, copied });
  }
  return kept;
}

export class BucketReader {
  readonly #reader: RecordReader;
  readonly #place: BucketRecord;
  readonly #sink: FrameSink;

  /**
   * @param folder as RecordReader has it; what is gone there is read from the bucket
   * @param manifest of `listBucket`, where there is no folder
   * @throws PipelineError USAGE when nothing was recorded there
   */
  constructor(place: BucketRecord, folder: string, search: RecordSearch, sink: FrameSink, manifest?: Manifest) {
    this.#place = place;
    this.#sink = sink;
    this.#reader = new RecordReader(folder, search, sink, manifest);
  }

  get missing(): MissingRange[] {
    return this.#reader.missing;
  }

  get isOpen(): boolean {
    return this.#reader.isOpen;
  }

  get bytesRead(): number {
    return this.#reader.bytesRead;
  }

  get sizeBytes(): number {
    return this.#reader.sizeBytes;
  }

  get span(): RecordReader['span'] {
    return this.#reader.span;
  }

  /**
   * As RecordReader has it.
   * @throws PipelineError SOURCE when the bucket cannot be read
   */
  async *read(): AsyncGenerator<void> {
    const { segments, away } = this.#reader;
    const local = new Set(segments);
    for (const entry of [...segments, ...away].sort((one, other) => one.serial - other.serial)) {
      if (local.has(entry) && (yield* this.#reader.readSegment(entry))) continue;
      if (entry.fromUs !== null) yield* this.#readAway(entry);
    }
  }

  async *#readAway(entry: SegmentEntry): AsyncGenerator<void> {
    const { bucket, sensor } = this.#place;
    const name = bucketName(sensor, entry);
    const text = await bucket.read(indexPath(name));
    const index = text && parseIndex(text.toString());
    if (index === undefined) {
      this.#reader.miss(text === undefined ? 'nowhere' : 'damaged', entry.fromUs!, entry.toUs!);
      return;
    }
    const later = new LaterFrames(this.#sink);
    const parser = new BlockParser(later, index.interfaces);
    const numbers = firstNumbers(index.blocks);
    const before = this.#reader.bytesRead;
    for (const run of runsOf(index.blocks, (block) => this.#reader.wants(block))) {
      const [from, last] = [run[0]!.offset, run.at(-1)!];
      const bytes = await bucket.read(name, from, last.offset + last.bytes);
      for (const block of run) {
        later.skip = Math.max(0, (entry.copied ?? 0) - numbers.get(block)!);
        const part = bytes?.subarray(block.offset - from, block.offset - from + block.bytes) ?? Buffer.alloc(0);
        if (!parser.feed(part, block.packets)) {
          this.#reader.miss(bytes === undefined ? 'nowhere' : 'damaged', block.fromUs, block.toUs);
        }
        this.#reader.bytesRead += block.bytes;
        yield;
      }
    }
    this.#reader.bytesRead = before + entry.bytes;
  }
}

/** How many packets of the segment are before each stretch. */
function firstNumbers(blocks: readonly IndexBlock[]): Map<IndexBlock, number> {
  let before = 0;
  return new Map(
    blocks.map((block) => {
      before += block.packets;
      return [block, before - block.packets];
    }),
  );
}

/** Leaves out the next frames, those that were read elsewhere. */
class LaterFrames implements FrameSink {
  skip = 0;
  readonly #sink: FrameSink;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  frame(...frame: Parameters<FrameSink['frame']>): void {
    if (this.skip > 0) this.skip -= 1;
    else this.#sink.frame(...frame);
  }
}

/** Stretches to read, those together that lie side by side. */
function* runsOf(blocks: readonly IndexBlock[], wanted: (block: IndexBlock) => boolean): Generator<IndexBlock[]> {
  let run: IndexBlock[] = [];
  let bytes = 0;
  for (const block of blocks) {
    const isWanted = wanted(block);
    if (run.length > 0 && (!isWanted || bytes + block.bytes > REQUEST_BYTES)) {
      yield run;
      run = [];
      bytes = 0;
    }
    if (!isWanted) continue;
    run.push(block);
    bytes += block.bytes;
  }
  if (run.length > 0) yield run;
}
