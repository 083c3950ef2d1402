/**
 * What waits to be published, on disk: a queue of records in segment files, bounded in bytes. Everything goes through it,
 * also while the broker keeps up, so that a killed agent loses nothing that was cut into a batch; and as it is emptied
 * whenever all was published, a broker that keeps up makes it a few pages of the page cache.
 *
 * Syncing: what was appended survives the end of the process at once. It survives a power cut when `durable` is set, at
 * most a second later: the agent sets it while the broker is away. While the broker answers nothing is synced.
 *
 * A record is released once it was published. After a crash released records of a segment can come back: they are
 * published again, which does no harm.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import { FILE_HEADER, FRAME_HEADER_BYTES, PAYLOAD_BYTES_MAX, type Frame, type RecordKind } from './frame.ts';
import { lockFolder } from './folder-lock.ts';
import { Segment } from './segment.ts';

export interface SpoolRecord {
  readonly kind: RecordKind;
  /** Valid until the next `peek`. */
  readonly payload: Uint8Array;
}

export interface SpoolOptions {
  readonly folder: string;
  /** A segment is full at this size; default 8 MiB. */
  readonly segmentBytes?: number;
  readonly warn: (line: string) => void;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;
const SYNC_MS = 1000;
const SEGMENT_NAME = /^(\d{12})\.spool$/;
/** No room on the device, or none for this user. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export class Spool {
  readonly folder: string;
  /** Records that were not released, and batches among them. */
  records = 0;
  batches = 0;
  /** Whether records are to survive a power cut. */
  durable = false;
  readonly #segmentBytes: number;
  readonly #warn: (line: string) => void;
  readonly #unlock: () => void;
  /** Oldest first; appended to at the end, read at the beginning. */
  readonly #segments: Segment[] = [];
  readonly #window = Buffer.allocUnsafeSlow(PAYLOAD_BYTES_MAX + FRAME_HEADER_BYTES);
  #nextNumber = 1;
  #readAt = FILE_HEADER.length;
  /** Where each record of the last `peek` ends. */
  #ends: { readonly kind: RecordKind; readonly end: number }[] = [];
  #syncedMs = -Infinity;
  #syncing: Promise<void> | undefined;

  /**
   * Opens the folder, creating it when it is missing; what an earlier process left comes first.
   * @throws PipelineError USAGE when another process uses it, STORE when it cannot be written or holds foreign files
   */
  constructor({ folder, segmentBytes = SEGMENT_BYTES, warn }: SpoolOptions) {
    this.folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#warn = warn;
    try {
      mkdirSync(folder, { recursive: true });
      this.#unlock = lockFolder(folder, `the spool ${folder} is in use by another agent: give each its own --spool`);
    } catch (error) {
      throw spoolError(folder, error);
    }
    try {
      this.#recover();
    } catch (error) {
      this.#unlock();
      throw spoolError(folder, error);
    }
  }

  /** What the files occupy: whole segments, however much of the oldest was released. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.size, 0);
  }

  /**
   * Appends a record unless the files would then occupy more than `limitBytes`, or the disk has no room.
   * @returns whether it was appended
   * @throws PipelineError STORE when the file system refuses it for another reason, or the record is too large
   */
  append(kind: RecordKind, payload: Uint8Array, limitBytes: number): boolean {
    if (payload.length > PAYLOAD_BYTES_MAX) {
      throw new PipelineError('STORE', `a ${kind} of ${payload.length} bytes: the spool takes ${PAYLOAD_BYTES_MAX}`);
    }
    if (this.bytes + FRAME_HEADER_BYTES + payload.length > limitBytes) return false;
    try {
      this.#segmentToWrite().append(kind, payload);
    } catch (error) {
      if (NO_ROOM.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw spoolError(this.folder, error);
    }
    this.#count(kind, 1);
    if (this.durable) this.#syncSoon();
    return true;
  }

  /**
   * The oldest records that were not released: one at least (unless there is none), and more while the sum of their
   * payloads, each `overheadBytes` larger, is at most `bytesMax`.
   */
  peek(bytesMax: number, overheadBytes = 0): SpoolRecord[] {
    this.#ends = [];
    if (this.records === 0) return [];
    const records: SpoolRecord[] = [];
    let bytes = 0;
    for (const { kind, payload, end } of this.#readNext()) {
      bytes += payload.length + overheadBytes;
      if (records.length > 0 && bytes > bytesMax) break;
      records.push({ kind, payload });
      this.#ends.push({ kind, end: this.#readAt + end });
    }
    return records;
  }

  /** Releases the first `count` records of the last `peek`: they were published. */
  release(count: number): void {
    const released = this.#ends.slice(0, count);
    this.#ends = [];
    for (const { kind, end } of released) {
      this.#count(kind, -1);
      this.#readAt = end;
    }
    if (this.records > 0) {
      this.#dropRead();
      return;
    }
    for (const segment of this.#segments.splice(0, this.#segments.length - 1)) segment.remove();
    this.#segments[0]?.empty();
    this.#readAt = FILE_HEADER.length;
  }

  /** Keeps what was not released, safe from power cuts, or leaves an empty folder; the spool is not to be used again. */
  async close(): Promise<void> {
    await this.#syncing;
    for (const segment of this.#segments) {
      if (this.records === 0) {
        segment.remove();
        continue;
      }
      segment.syncNow();
      segment.close();
    }
    this.#unlock();
    if (this.records > 0) syncFolder(this.folder);
  }

  #recover(): void {
    const names = readdirSync(this.folder).filter((name) => SEGMENT_NAME.test(name));
    for (const name of names.sort()) {
      const { segment, kinds, loss } = Segment.recover(join(this.folder, name));
      if (loss !== undefined) this.#warn(`spool: ${loss}`);
      this.#nextNumber = Number(SEGMENT_NAME.exec(name)![1]) + 1;
      if (kinds.length === 0) {
        segment.remove();
        continue;
      }
      this.#segments.push(segment);
      for (const kind of kinds) this.#count(kind, 1);
    }
  }

  #count(kind: RecordKind, change: 1 | -1): void {
    this.records += change;
    if (kind === 'batch') this.batches += change;
  }

  #segmentToWrite(): Segment {
    const newest = this.#segments.at(-1);
    if (newest !== undefined && newest.size < this.#segmentBytes) return newest;
    if (this.durable && newest !== undefined) newest.syncNow();
    const name = `${String(this.#nextNumber).padStart(12, '0')}.spool`;
    const segment = Segment.create(join(this.folder, name));
    this.#nextNumber += 1;
    this.#segments.push(segment);
    if (this.durable) syncFolder(this.folder);
    return segment;
  }

  #readNext(): Frame[] {
    this.#dropRead();
    return this.#segments[0]!.read(this.#window, this.#readAt);
  }

  /** Deletes segments at the beginning of which every record was released. */
  #dropRead(): void {
    while (this.#segments.length > 1 && this.#readAt >= this.#segments[0]!.size) {
      this.#segments.shift()!.remove();
      this.#readAt = FILE_HEADER.length;
    }
  }

  #syncSoon(): void {
    const nowMs = performance.now();
    if (this.#syncing !== undefined || nowMs - this.#syncedMs < SYNC_MS) return;
    this.#syncedMs = nowMs;
    this.#syncing = this.#segments
      .at(-1)!
      .sync()
      .catch((error: unknown) => {
        // A segment that was published and deleted meanwhile.
        const { code, message } = error as NodeJS.ErrnoException;
        if (code !== 'EBADF') this.#warn(`spool: ${message}`);
      })
      .then(() => {
        this.#syncing = undefined;
      });
  }
}

function spoolError(folder: string, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new PipelineError('STORE', `the spool ${folder} cannot be used: ${reason}`, { cause: error });
}

/** Has the disk keep the folder's list of files; not every platform can be asked to. */
function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (process.platform !== 'win32') throw error;
  }
}
