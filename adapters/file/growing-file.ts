/** A plain capture that another program is still writing: what is there now, and whether it is still the same file. */
import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { openForReading } from './source.ts';

const READ_BYTES = 256 * 1024;
/** Enough for the header of a pcap and the time of its first packet. */
const HEAD_BYTES = 40;
/** A pcap without packets is no longer than this. */
const HEADER_BYTES = 24;

/** What tells a file from another one under the same name. */
export interface FileMark {
  readonly inode: number;
  readonly modifiedMs: number;
  readonly sizeBytes: number;
  readonly head: Buffer<ArrayBuffer>;
}

export class GrowingFile {
  bytesRead = 0;
  readonly #path: string;
  readonly #descriptor: number;
  readonly #buffer = new Uint8Array(READ_BYTES);
  /** How the file began when it was looked at last. */
  #head = Buffer.alloc(0);

  /** Throws PipelineError USAGE when it cannot be opened. */
  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openForReading(path);
  }

  /** What was written since the last call. Each chunk is valid until the next one is asked for. */
  async *news(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    for (;;) {
      signal?.throwIfAborted();
      const count = readSync(this.#descriptor, this.#buffer, 0, READ_BYTES, this.bytesRead);
      if (count === 0) return;
      this.bytesRead += count;
      yield this.#buffer.subarray(0, count);
      await setImmediate();
    }
  }

  /** Whether it begins otherwise than before, or is shorter than what was read of it. */
  isOverwritten(): boolean {
    const { sizeBytes, head } = this.mark();
    if (sizeBytes < this.bytesRead || !head.subarray(0, this.#head.length).equals(this.#head)) return true;
    this.#head = head;
    return false;
  }

  /** Whether another file, or none, has its name now. */
  isReplaced(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino !== fstatSync(this.#descriptor).ino;
  }

  mark(): FileMark {
    return markOf(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** The mark of the file that has this name now. */
export function markFile(path: string): FileMark {
  const descriptor = openForReading(path);
  try {
    return markOf(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether `now` is what `before` was, perhaps longer: not another file, nor the next round of a ring of files. */
export function isSameFile(before: FileMark, now: FileMark): boolean {
  if (now.inode !== before.inode || now.sizeBytes < before.sizeBytes) return false;
  if (before.sizeBytes <= HEADER_BYTES && now.sizeBytes !== before.sizeBytes) return false;
  return now.head.subarray(0, before.head.length).equals(before.head);
}

function markOf(descriptor: number): FileMark {
  const { ino, mtimeMs, size } = fstatSync(descriptor);
  const head = Buffer.alloc(HEAD_BYTES);
  const length = readSync(descriptor, head, 0, HEAD_BYTES, 0);
  return { inode: ino, modifiedMs: mtimeMs, sizeBytes: size, head: head.subarray(0, length) };
}
