/**
 * The flight recorder: a second consumer of the frames that the batcher decodes. It keeps them unchanged in segments, the
 * newest up to a size, and never stands in the way of the capture: what cannot be written is remembered as missing.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { PacketKeys } from '@tapline/core/record/packet-keys';
import type { BatchRecorder } from '../batcher.ts';
import {
  addGap,
  dropSegment,
  isWaiting,
  markSegments,
  segmentPath,
  settleReplaced,
  writeManifest,
} from './manifest.ts';
import type { Gap, Manifest, SegmentEntry } from './manifest.ts';
import { deleteSegment, lockRecord, recordError } from './record-folder.ts';
import { indexSegment, recoverRecord } from './recover.ts';
import { Rotation } from './rotation.ts';
import { Segment } from './segment.ts';
import type { UploadQueue, UploadSummary } from './uploads.ts';

export interface RecordOptions {
  /** Holds a folder per sensor. */
  readonly folder: string;
  readonly sensor: string;
  /** Same name, same packets: what is there of it is replaced. */
  readonly recording: string;
  /** What the sensor's segments take up at most. */
  readonly sizeBytes: number;
  /** Where marked segments go, too: they are not deleted before they are there. */
  readonly bucket?: string;
  readonly warn: (line: string) => void;
}

export interface RecordSummary {
  readonly packets: number;
  readonly bytes: number;
  readonly segments: number;
  /** Packets that could not be written. */
  readonly lost: number;
  /** What the bucket got, if there is one. */
  readonly bucket?: UploadSummary;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
/** Rotation takes away at most this part of the record at once. */
const SEGMENTS_AT_LEAST = 8;
/** A batch is not torn between segments unless it is this much too long. */
const OVERLENGTH = 1.25;
/** Given back to a full disk, so that index and manifest can still be written. */
const RESERVE_BYTES = 256 * 1024;

export class Recorder implements BatchRecorder, UploadQueue {
  readonly #options: RecordOptions;
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #unlock: () => void;
  readonly #manifest: Manifest;
  readonly #rotation: Rotation;
  readonly #keys = new PacketKeys();
  #segment: Segment | undefined;
  #entry: SegmentEntry | undefined;
  /** Whether frames came that are not yet in the keys. */
  #behind = false;
  #failed = false;
  /** Whether there is no room until a segment is in the bucket. */
  #held = false;
  /** Frames that came, kept or lost. */
  #offered = 0;
  #packets = 0;
  #bytes = 0;
  #segments = 0;
  #lost = 0;
  #lostFromUs = Infinity;
  #lostToUs = -Infinity;
  #textFromUs = Infinity;
  #textToUs = -Infinity;

  /**
   * Opens the sensor's record, which one process at a time may do.
   * @throws PipelineError USAGE when another process records there, STORE when the folder cannot be written
   */
  constructor(options: RecordOptions) {
    const { sensor, sizeBytes, bucket, warn } = options;
    this.#options = options;
    this.#folder = join(options.folder, sensor);
    this.#segmentBytes = Math.min(SEGMENT_BYTES, Math.floor(sizeBytes / SEGMENTS_AT_LEAST / OVERLENGTH));
    this.#unlock = lockRecord(this.#folder);
    try {
      this.#manifest = recoverRecord(this.#folder, warn);
      const hasBucket = bucket !== undefined;
      this.#rotation = new Rotation(this.#folder, this.#manifest, { sizeBytes, hasBucket }, warn);
      this.#replace(options.recording);
      this.#reserve();
      this.#save();
    } catch (cause) {
      this.#unlock();
      throw recordError(this.#folder, cause);
    }
  }

  /** Keeps a frame. Never throws: after a failed write it only counts what is lost. */
  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    timeUs: number,
    timeNs: number,
    linkType: number,
  ): void {
    this.#offered += 1;
    if (!this.#failed && !this.#held) {
      try {
        if (this.#segment !== undefined && this.#segment.bytes >= this.#segmentBytes * OVERLENGTH) this.#seal();
        this.#segment ??= this.#open();
        if (this.#segment !== undefined) {
          this.#segment.frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
          this.#behind = true;
          return;
        }
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#lost += 1;
    if (timeUs < this.#lostFromUs) this.#lostFromUs = timeUs;
    if (timeUs > this.#lostToUs) this.#lostToUs = timeUs;
  }

  /** Takes note of packets that came as text: there is nothing of them to keep. Says so once. */
  rows({ count, timeUs }: PacketColumns): void {
    if (this.#textFromUs > this.#textToUs) {
      this.#options.warn('the source is text and carries no frames: nothing of it is recorded');
    }
    for (let row = 0; row < count; row++) {
      this.#textFromUs = Math.min(this.#textFromUs, timeUs[row]!);
      this.#textToUs = Math.max(this.#textToUs, timeUs[row]!);
    }
  }

  /** Takes note of what the frames since the last call hold, and writes them out. */
  batch(columns: PacketColumns): void {
    if (this.#failed) return;
    this.#goOn();
    if (this.#segment === undefined) return;
    try {
      this.#keys.add(columns);
      this.#behind = false;
      this.#segment.endBatch(this.#keys);
      if (this.#segment.bytes >= this.#segmentBytes) this.#seal();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Marks the segments that hold packets of an event-time range, so that rotation takes them last. */
  mark(fromUs: number, toUs: number): void {
    this.#describeOpen();
    if (markSegments(this.#manifest, fromUs, toUs)) this.#trySave();
  }

  /** The oldest sealed segment that is marked and not in the bucket, other than those of `skipped`. */
  nextUpload(skipped: ReadonlySet<number>): SegmentEntry | undefined {
    return this.#manifest.segments.find((entry) => isWaiting(entry) && !skipped.has(entry.serial));
  }

  get waiting(): number {
    return this.#manifest.segments.filter(isWaiting).length;
  }

  /** A segment is in the bucket, with its index. */
  setUploaded(serial: number, bucket: string): void {
    const entry = this.#manifest.segments.find((one) => one.serial === serial);
    if (entry === undefined) return;
    entry.uploaded = bucket;
    this.#trySave();
  }

  /** Ends the recording. What is missing of it is in the manifest. */
  close(): RecordSummary {
    try {
      if (this.#segment !== undefined) this.#seal();
    } catch (error) {
      this.#fail(error);
    }
    this.#noteLost(this.#failed ? 'disk' : 'waiting');
    if (this.#textFromUs <= this.#textToUs) this.#noteMissing('text', this.#textFromUs, this.#textToUs);
    settleReplaced(this.#manifest, this.#options.recording);
    rmSync(this.#reservePath, { force: true });
    this.#trySave();
    this.#unlock();
    return { packets: this.#packets, bytes: this.#bytes, segments: this.#segments, lost: this.#lost };
  }

  /** Undefined when everything there waits for the bucket. */
  #open(): Segment | undefined {
    if (!this.#rotation.makeRoom(this.#segmentBytes * OVERLENGTH)) {
      this.#held = true;
      this.#options.warn(
        `the record in ${this.#folder} is full of segments that wait for the bucket: nothing is recorded until one is there`,
      );
      return undefined;
    }
    const { recording } = this.#options;
    const serial = this.#manifest.nextSerial;
    const numbers = { first: this.#offered, packets: 0, bytes: 0, fromUs: null, toUs: null };
    const entry = { serial, recording, open: true, marked: false, ...numbers };
    this.#manifest.nextSerial += 1;
    this.#manifest.segments.push(entry);
    this.#entry = entry;
    // Listed before it is there, so that no file is ever unknown.
    this.#save();
    return new Segment(segmentPath(this.#folder, entry));
  }

  /** Records again when a segment has reached the bucket; what came meanwhile is missing. */
  #goOn(): void {
    if (!this.#held || !this.#rotation.makeRoom(this.#segmentBytes * OVERLENGTH)) return;
    this.#held = false;
    this.#noteLost('waiting');
    this.#trySave();
    this.#options.warn(`the record in ${this.#folder} goes on`);
  }

  #noteMissing(reason: Gap['reason'], fromUs: number, toUs: number): void {
    const { recording } = this.#options;
    addGap(this.#manifest, { recording, reason, fromUs, toUs, serial: this.#manifest.nextSerial });
  }

  #noteLost(reason: Gap['reason']): void {
    if (this.#lostFromUs > this.#lostToUs) return;
    this.#noteMissing(reason, this.#lostFromUs, this.#lostToUs);
    this.#lostFromUs = Infinity;
    this.#lostToUs = -Infinity;
  }

  #seal(): void {
    const segment = this.#segment!;
    segment.seal(this.#behind ? undefined : this.#keys);
    this.#keys.clear();
    this.#describeOpen();
    this.#segment = undefined;
    this.#close(this.#entry!);
    this.#save();
  }

  #close(entry: SegmentEntry): void {
    entry.open = false;
    this.#packets += entry.packets;
    this.#bytes += entry.bytes;
    this.#segments += 1;
    this.#entry = undefined;
  }

  #describeOpen(): void {
    if (this.#segment === undefined || this.#entry === undefined || this.#segment.packets === 0) return;
    const { packets, bytes, fromUs, toUs } = this.#segment;
    Object.assign(this.#entry, { packets, bytes, fromUs, toUs });
  }

  /** A write failed: says so once, keeps what is whole, and records no more. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const reason = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 'the disk is full' : (error as Error).message;
    this.#options.warn(`recording into ${this.#folder} stopped: ${reason}; the capture goes on without it`);
    const segment = this.#segment;
    this.#segment = undefined;
    rmSync(this.#reservePath, { force: true });
    if (segment !== undefined) this.#keepWhole(segment);
    this.#trySave();
  }

  #keepWhole(segment: Segment): void {
    const entry = this.#entry!;
    try {
      segment.abandon();
      indexSegment(segment.path, entry);
    } catch {
      // It stays listed as open: the next process that records here tries again.
      return;
    }
    this.#lost += segment.packets - entry.packets;
    this.#lostFromUs = Math.min(this.#lostFromUs, entry.toUs ?? segment.fromUs);
    this.#lostToUs = Math.max(this.#lostToUs, segment.toUs);
    this.#close(entry);
  }

  /** Removes what an earlier run recorded of the same packets; it is missing until this run has come as far. */
  #replace(recording: string): void {
    this.#manifest.gaps = this.#manifest.gaps.filter((gap) => gap.recording !== recording);
    const away = this.#manifest.away ?? [];
    for (const entry of away.filter((one) => one.recording === recording))
      dropSegment(this.#manifest, entry, 'replaced');
    if (away.length > 0) this.#manifest.away = away.filter((one) => one.recording !== recording);
    for (const entry of this.#manifest.segments.filter((one) => one.recording === recording)) {
      deleteSegment(this.#folder, entry);
      dropSegment(this.#manifest, entry, 'replaced');
    }
  }

  get #reservePath(): string {
    return join(this.#folder, 'reserve');
  }

  #reserve(): void {
    writeFileSync(this.#reservePath, new Uint8Array(RESERVE_BYTES));
  }

  #save(): void {
    writeManifest(this.#folder, this.#manifest);
  }

  /** The manifest before it stays when this fails. */
  #trySave(): void {
    try {
      this.#save();
    } catch (error) {
      this.#options.warn(`the record's manifest in ${this.#folder} could not be written: ${(error as Error).message}`);
    }
  }
}
