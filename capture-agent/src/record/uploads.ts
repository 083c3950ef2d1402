/**
 * Carries marked segments of a record into a bucket, one at a time and beside the capture, which never waits for it. What
 * does not get through is tried again, later and later; what is left at the end is found by the next run in the manifest.
 */
import { setTimeout } from 'node:timers/promises';
import type { Bucket } from '@tapline/adapters/cloud-storage/bucket';
import { PipelineError } from '@tapline/core/errors';
import { bucketName } from './bucket-name.ts';
import { segmentPath, type SegmentEntry } from './manifest.ts';
import { indexPath } from './segment-index.ts';

/** What there is to carry: a record while it is written, or one that nobody writes. */
export interface UploadQueue {
  /** The next to carry, other than those whose serials are `skipped`. */
  nextUpload(skipped: ReadonlySet<number>): SegmentEntry | undefined;
  setUploaded(serial: number, bucket: string): void;
  readonly waiting: number;
}

export interface UploadSummary {
  readonly address: string;
  /** Segments that reached it. */
  readonly uploaded: number;
  /** Segments that are still to reach it: the next run with this record takes them along. */
  readonly waiting: number;
  /** Why, as far as it is known. */
  readonly failed?: string;
}

export interface UploadOptions {
  readonly bucket: Bucket;
  /** Of one sensor's record. */
  readonly folder: string;
  readonly sensor: string;
  readonly warn: (line: string) => void;
}

const IDLE_MS = 500;
const BACKOFF_MS = { first: 500, most: 60_000 };

export class Uploads {
  uploaded = 0;
  /** Why the last attempt failed; undefined when it did not. */
  failed: string | undefined;
  readonly #options: UploadOptions;
  /** Segments that will not get through in this run. */
  readonly #refused = new Set<number>();
  #backoffMs = BACKOFF_MS.first;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** Carries what comes into the queue until `signal`; never throws. */
  async run(queue: () => UploadQueue | undefined, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const entry = queue()?.nextUpload(this.#refused);
      const waitMs = entry === undefined ? IDLE_MS : await this.#carry(entry, queue, signal);
      if (waitMs > 0) await setTimeout(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Carries what is in the queue until it is empty, or `signal`; never throws. */
  async drain(queue: UploadQueue, signal: AbortSignal): Promise<void> {
    for (;;) {
      const entry = queue.nextUpload(this.#refused);
      if (entry === undefined || signal.aborted) return;
      const waitMs = await this.#carry(entry, () => queue, signal);
      if (waitMs > 0) await setTimeout(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** How long to wait until the next. */
  async #carry(entry: SegmentEntry, queue: () => UploadQueue | undefined, signal: AbortSignal): Promise<number> {
    const { bucket, folder, sensor, warn } = this.#options;
    const path = segmentPath(folder, entry);
    const name = bucketName(sensor, entry);
    try {
      await bucket.put(name, path, signal);
      // Last: what has an index is whole.
      await bucket.put(indexPath(name), indexPath(path), signal);
    } catch (cause) {
      if (signal.aborted) return 0;
      return this.#fail(entry, cause as Error, queue()?.waiting ?? 0);
    }
    queue()?.setUploaded(entry.serial, bucket.address);
    this.uploaded += 1;
    if (this.failed !== undefined) warn(`${bucket.address} answers again`);
    this.failed = undefined;
    this.#backoffMs = BACKOFF_MS.first;
    return 0;
  }

  #fail(entry: SegmentEntry, cause: Error, waiting: number): number {
    const { warn } = this.#options;
    const { message } = cause;
    if (cause instanceof PipelineError && message.includes('holds another content')) {
      this.#refused.add(entry.serial);
      warn(`${message}: it is not replaced`);
    } else if (this.failed === undefined) warn(`${message}; ${waiting} segments wait, it is tried again`);
    this.failed = message;
    const waitMs = this.#backoffMs;
    this.#backoffMs = Math.min(2 * waitMs, BACKOFF_MS.most);
    return waitMs;
  }
}
