/** Keeps a sensor's record within its size: the oldest unmarked segment goes first, marked ones only when nothing else is left. */
import { rmSync, statSync } from 'node:fs';
import { formatTime } from '@tapline/core/packet/time';
import { dropSegment, segmentPath, type Manifest, type SegmentEntry } from './manifest.ts';
import { indexPath } from './segment-index.ts';

export class Rotation {
  readonly #folder: string;
  readonly #manifest: Manifest;
  readonly #sizeBytes: number;
  readonly #warn: (line: string) => void;
  #warned = false;

  constructor(folder: string, manifest: Manifest, sizeBytes: number, warn: (line: string) => void) {
    this.#folder = folder;
    this.#manifest = manifest;
    this.#sizeBytes = sizeBytes;
    this.#warn = warn;
  }

  /** Deletes segments until `bytes` more fit. The caller writes the manifest. */
  makeRoom(bytes: number): void {
    let total = 0;
    for (const entry of this.#manifest.segments) total += this.#bytesOf(entry);
    while (total + bytes > this.#sizeBytes && this.#manifest.segments.length > 0) {
      const oldest = this.#manifest.segments.find(({ marked }) => !marked) ?? this.#manifest.segments[0]!;
      total -= this.#bytesOf(oldest);
      this.#delete(oldest);
    }
  }

  #delete(entry: SegmentEntry): void {
    const path = segmentPath(this.#folder, entry);
    // The file first: a segment that is listed and not there counts as missing, too.
    rmSync(path, { force: true });
    rmSync(indexPath(path), { force: true });
    dropSegment(this.#manifest, entry, entry.marked ? 'markedRotated' : 'rotated');
    if (!entry.marked || this.#warned) return;
    this.#warned = true;
    this.#warn(
      `the record is full of segments that alerts marked: the oldest, from ${formatTime(entry.fromUs ?? 0, 0)}, was deleted; ` +
        'more will be (a larger --record-size keeps them)',
    );
  }

  /** With its index. */
  #bytesOf(entry: SegmentEntry): number {
    const path = segmentPath(this.#folder, entry);
    return entry.bytes + (statSync(indexPath(path), { throwIfNoEntry: false })?.size ?? 0);
  }
}
