/** A sensor's record that nobody writes: what is done to it after the recording has ended. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import { isWaiting, writeManifest, type Manifest, type SegmentEntry } from './manifest.ts';
import { lockRecord } from './record-folder.ts';
import type { RecordSummary } from './recorder.ts';
import type { RecordPlace } from './recording.ts';
import { openBucket } from './open-bucket.ts';
import { recoverRecord } from './recover.ts';
import { Uploads, type UploadQueue } from './uploads.ts';

export interface ClosedRecordOptions {
  readonly place: RecordPlace;
  readonly sensor: string;
  readonly warn: (line: string) => void;
  readonly graceMs?: number;
}

/** How long a run that has ended goes on for its uploads. */
const GRACE_MS = 30_000;

/**
 * Carries what waits into the bucket, if the record has one, for no longer than `graceMs`.
 * @param summary of the recording, with what was carried while it ran
 * @returns the same with what is there now and what is not
 */
export async function finishUploads(
  summary: RecordSummary,
  { place, sensor, warn, graceMs = GRACE_MS }: ClosedRecordOptions,
): Promise<RecordSummary> {
  const own = join(place.folder, sensor);
  if (place.bucket === undefined || !existsSync(own)) return summary;
  const bucket = await openBucket(place.bucket, 'write');
  let unlock: (() => void) | undefined;
  try {
    unlock = lockRecord(own);
    const manifest = recoverRecord(own, warn);
    writeManifest(own, manifest);
    const queue = new ClosedQueue(own, manifest);
    const uploads = new Uploads({ bucket, folder: own, sensor, warn });
    await uploads.drain(queue, AbortSignal.timeout(graceMs));
    const { waiting } = queue;
    const failed = uploads.failed ?? `not finished within ${graceMs / 1000} s`;
    const uploaded = (summary.bucket?.uploaded ?? 0) + uploads.uploaded;
    return { ...summary, bucket: { address: bucket.address, uploaded, waiting, ...(waiting > 0 && { failed }) } };
  } catch (error) {
    // Another process may record there by now, and takes along what waits.
    if (!(error instanceof PipelineError)) throw error;
    warn(`what waits for ${bucket.address} was left: ${error.message}`);
    return summary;
  } finally {
    unlock?.();
  }
}

class ClosedQueue implements UploadQueue {
  readonly #folder: string;
  readonly #manifest: Manifest;

  constructor(folder: string, manifest: Manifest) {
    this.#folder = folder;
    this.#manifest = manifest;
  }

  nextUpload(skipped: ReadonlySet<number>): SegmentEntry | undefined {
    return this.#manifest.segments.find((entry) => isWaiting(entry) && !skipped.has(entry.serial));
  }

  get waiting(): number {
    return this.#manifest.segments.filter(isWaiting).length;
  }

  setUploaded(serial: number, bucket: string): void {
    for (const entry of this.#manifest.segments) if (entry.serial === serial) entry.uploaded = bucket;
    writeManifest(this.#folder, this.#manifest);
  }
}
