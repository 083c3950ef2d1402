/**
 * Keeps a sensor's record within its size. The oldest unmarked segment goes first; marked ones only when they take up so
 * much that new packets would be gone before an alert can mark them. With a bucket, what is there counts as unmarked, and
 * what waits to go there never goes.
 */
import { statSync } from 'node:fs';
import { formatTime } from '@tapline/core/packet/time';
import { isWaiting, loseSegment, segmentPath, type Manifest, type SegmentEntry } from './manifest.ts';
import { deleteSegment } from './record-folder.ts';
import { indexPath } from './segment-index.ts';

/** The part of the record that marked segments may take up. */
const MARKED_SHARE = 0.75;

export class Rotation {
  readonly #folder: string;
  readonly #manifest: Manifest;
  readonly #sizeBytes: number;
  readonly #hasBucket: boolean;
  readonly #warn: (line: string) => void;
  #warned = false;

  constructor(
    folder: string,
    manifest: Manifest,
    { sizeBytes, hasBucket }: { readonly sizeBytes: number; readonly hasBucket: boolean },
    warn: (line: string) => void,
  ) {
    this.#folder = folder;
    this.#manifest = manifest;
    this.#sizeBytes = sizeBytes;
    this.#hasBucket = hasBucket;
    this.#warn = warn;
  }

  /** Deletes segments until `bytes` more fit; false when that cannot be. The caller writes the manifest. */
  makeRoom(bytes: number): boolean {
    let total = 0;
    let marked = 0;
    for (const entry of this.#manifest.segments) {
      total += this.#bytesOf(entry);
      if (this.#isKept(entry)) marked += this.#bytesOf(entry);
    }
    while (total + bytes > this.#sizeBytes && this.#manifest.segments.length > 0) {
      const isFull = !this.#hasBucket && marked > this.#sizeBytes * MARKED_SHARE;
      const next =
        this.#manifest.segments.find((entry) => this.#isKept(entry) === isFull) ??
        (this.#hasBucket ? undefined : this.#manifest.segments[0]!);
      if (next === undefined) return false;
      total -= this.#bytesOf(next);
      if (this.#isKept(next)) marked -= this.#bytesOf(next);
      this.#delete(next);
    }
    return true;
  }

  #isKept(entry: SegmentEntry): boolean {
    return this.#hasBucket ? isWaiting(entry) : entry.marked;
  }

  #delete(entry: SegmentEntry): void {
    deleteSegment(this.#folder, entry);
    loseSegment(this.#manifest, entry, entry.marked ? 'markedRotated' : 'rotated');
    if (!entry.marked || entry.uploaded !== undefined || this.#warned) return;
    this.#warned = true;
    this.#warn(
      `most of the record is marked by alerts: the oldest marked segment, from ${formatTime(entry.fromUs ?? 0, 0)}, was deleted; ` +
        'more will be (a larger --record-size keeps them)',
    );
  }

  /** With its index. */
  #bytesOf(entry: SegmentEntry): number {
    const path = segmentPath(this.#folder, entry);
    return entry.bytes + (statSync(indexPath(path), { throwIfNoEntry: false })?.size ?? 0);
  }
}
