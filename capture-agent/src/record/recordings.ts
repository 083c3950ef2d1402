/** The recordings of one run: one for each of its sessions, one after the other. */
import { join } from 'node:path';
import type { Bucket } from '@tapline/adapters/cloud-storage/bucket';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import type { SourceChoice } from '../source/source-choice.ts';
import { Recorder, type RecordSummary } from './recorder.ts';
import { recordingName, type RecordPlace } from './recording.ts';
import { Uploads } from './uploads.ts';

export interface RecordingsOptions {
  readonly record: RecordPlace;
  readonly sensor: string;
  readonly source: SourceChoice | CaptureSource<CapturePiece>;
  readonly duplicatesWithinUs?: number;
  /** Where marked segments go, too. */
  readonly bucket?: Bucket;
  readonly warn: (line: string) => void;
}

export class Recordings {
  readonly #options: RecordingsOptions;
  #current: Recorder | undefined;
  #summary: RecordSummary | undefined;
  readonly #uploads: Uploads | undefined;
  readonly #stop = new AbortController();
  #carrying: Promise<void> | undefined;
  #waiting = 0;

  constructor(options: RecordingsOptions) {
    this.#options = options;
    const { bucket, record, sensor, warn } = options;
    if (bucket !== undefined)
      this.#uploads = new Uploads({ bucket, folder: join(record.folder, sensor), sensor, warn });
  }

  /** Ends the recording of the session before, and begins that of this one. Throws as Recorder does. */
  begin(session: string): Recorder {
    // Only the first session of a run has the packets of the file as they are.
    const isFirst = this.#summary === undefined && this.#current === undefined;
    this.#end();
    const { record, sensor, warn } = this.#options;
    const recording = isFirst ? recordingName({ ...this.#options, session }) : session;
    this.#current = new Recorder({ ...record, sensor, recording, warn });
    this.#carrying ??= this.#uploads?.run(() => this.#current, this.#stop.signal);
    return this.#current;
  }

  /** As Recorder has it; before the first and after the last recording nothing happens. */
  mark(fromUs: number, toUs: number): void {
    this.#current?.mark(fromUs, toUs);
  }

  /** Ends the last recording; what all of them hold together, and the bucket. Undefined when none was begun. */
  async close(): Promise<RecordSummary | undefined> {
    this.#end();
    this.#stop.abort();
    await this.#carrying;
    if (this.#summary === undefined || this.#uploads === undefined) return this.#summary;
    const { uploaded, failed } = this.#uploads;
    const { address } = this.#options.bucket!;
    const bucket = { address, uploaded, waiting: this.#waiting, ...(failed !== undefined && { failed }) };
    return { ...this.#summary, bucket };
  }

  #end(): void {
    const ended = this.#current?.close();
    this.#waiting = this.#current?.waiting ?? this.#waiting;
    this.#current = undefined;
    if (ended === undefined) return;
    const before = this.#summary ?? { packets: 0, bytes: 0, segments: 0, lost: 0 };
    this.#summary = {
      packets: before.packets + ended.packets,
      bytes: before.bytes + ended.bytes,
      segments: before.segments + ended.segments,
      lost: before.lost + ended.lost,
    };
  }
}
