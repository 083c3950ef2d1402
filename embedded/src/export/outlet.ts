/** Where an exported capture goes: a file, which appears whole or not at all, or standard output, which may be slow. */
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { PipelineError } from '@tapline/core/errors';

export interface Outlet {
  /** Takes bytes that are valid only during the call. */
  write(bytes: Uint8Array): void;
  /** Waits until the other side has room again. */
  drain(): Promise<void>;
  /** All was written. */
  finish(): Promise<void>;
  /** Something failed: leaves no half file behind. */
  abandon(): void;
}

/** @throws PipelineError USAGE when the file cannot be made */
export function openOutlet(path: string): Outlet {
  return path === '-' ? new StreamOutlet(process.stdout) : new FileOutlet(path);
}

class FileOutlet implements Outlet {
  readonly #path: string;
  readonly #workPath: string;
  readonly #descriptor: number;

  constructor(path: string) {
    this.#path = path;
    try {
      const there = statSync(path, { throwIfNoEntry: false });
      if (there?.isDirectory() === true) throw new Error('it is a directory');
      // A pipe or a device is written as it is.
      this.#workPath = there === undefined || there.isFile() ? `${path}.part` : path;
      this.#descriptor = openSync(this.#workPath, 'w');
    } catch (cause) {
      throw new PipelineError('USAGE', `cannot write ${path}: ${(cause as Error).message}`, { cause });
    }
  }

  write(bytes: Uint8Array): void {
    try {
      let done = 0;
      while (done < bytes.length) done += writeSync(this.#descriptor, bytes, done, bytes.length - done);
    } catch (cause) {
      throw new PipelineError('STORE', `cannot write ${this.#path}: ${(cause as Error).message}`, { cause });
    }
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  finish(): Promise<void> {
    closeSync(this.#descriptor);
    if (this.#workPath !== this.#path) renameSync(this.#workPath, this.#path);
    return Promise.resolve();
  }

  abandon(): void {
    closeSync(this.#descriptor);
    if (this.#workPath !== this.#path) rmSync(this.#workPath, { force: true });
  }
}

/** Bytes into a stream, as fast as its reader takes them. */
export class StreamOutlet implements Outlet {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(Uint8Array.from(bytes));
  }

  async drain(): Promise<void> {
    const stream = this.#stream;
    if (!stream.writableNeedDrain || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stream.off('drain', done).off('close', done);
        resolve();
      };
      stream.on('drain', done).on('close', done);
    });
  }

  async finish(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stream.write('', () => {
        resolve();
      });
    });
  }

  abandon(): void {
    // What the reader got cannot be taken back.
  }
}
