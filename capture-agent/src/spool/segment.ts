/** One file of a spool: opening what an earlier process left, appending whole records, reading them back. */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { PipelineError } from '@tapline/core/errors';
import { FILE_HEADER, frameAt, frameHeader, scanFrames, type Frame, type RecordKind } from './frame.ts';

export interface Recovered {
  readonly segment: Segment;
  readonly kinds: readonly RecordKind[];
  /** What had to be cut or left out, in words; undefined when all was well. */
  readonly loss: string | undefined;
}

export class Segment {
  readonly path: string;
  /** Bytes of the file that hold whole records, the file's header included. */
  size: number;
  readonly #descriptor: number;

  private constructor(path: string, descriptor: number, size: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.size = size;
  }

  /** A new, empty file. */
  static create(path: string): Segment {
    const descriptor = openSync(path, 'wx+');
    try {
      writeAll(descriptor, FILE_HEADER, 0);
    } catch (error) {
      closeSync(descriptor);
      unlinkSync(path);
      throw error;
    }
    return new Segment(path, descriptor, FILE_HEADER.length);
  }

  /**
   * Opens a file of an earlier process. A torn tail is cut; whole records behind damage are kept.
   * @throws PipelineError STORE when it is no spool file
   */
  static recover(path: string): Recovered {
    const bytes = readFileSync(path);
    const isOurs = FILE_HEADER.subarray(0, bytes.length).every((byte, i) => bytes[i] === byte);
    if (!isOurs) throw new PipelineError('STORE', `${path} is not a spool file of this version: move it away`);
    const start = Math.min(bytes.length, FILE_HEADER.length);
    const { frames, tornBytes, damagedBytes } = scanFrames(bytes, start);
    // Rewritten beside and renamed, so that a crash now leaves one of the two whole.
    if (damagedBytes > 0 || bytes.length < FILE_HEADER.length) {
      writeFileSync(`${path}.new`, Buffer.concat([FILE_HEADER, ...frames.map((f) => bytes.subarray(f.start, f.end))]));
      renameSync(`${path}.new`, path);
    }
    const size = FILE_HEADER.length + frames.reduce((sum, frame) => sum + frame.end - frame.start, 0);
    const descriptor = openSync(path, 'r+');
    if (fstatSync(descriptor).size > size) ftruncateSync(descriptor, size);
    return {
      segment: new Segment(path, descriptor, size),
      kinds: frames.map(({ kind }) => kind),
      loss: lossText(path, start === FILE_HEADER.length ? tornBytes : 0, damagedBytes),
    };
  }

  /** Appends one record, whole or not at all. Throws what the file system says. */
  append(kind: RecordKind, payload: Uint8Array): void {
    const header = frameHeader(kind, payload);
    try {
      writeAll(this.#descriptor, header, this.size);
      writeAll(this.#descriptor, payload, this.size + header.length);
    } catch (error) {
      ftruncateSync(this.#descriptor, this.size);
      throw error;
    }
    this.size += header.length + payload.length;
  }

  /**
   * The records from `offset` on, as many as fit into `window`, where they stay.
   * @throws PipelineError STORE when the file was changed behind our back
   */
  read(window: Buffer, offset: number): Frame[] {
    const length = Math.min(window.length, this.size - offset);
    let filled = 0;
    while (filled < length) {
      const count = readSync(this.#descriptor, window, filled, length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    const view = window.subarray(0, filled);
    const frames: Frame[] = [];
    for (let frame = frameAt(view, 0); frame !== undefined; frame = frameAt(view, frame.end)) frames.push(frame);
    if (frames.length === 0)
      throw new PipelineError('STORE', `${this.path} was damaged at byte ${offset} while in use`);
    return frames;
  }

  /** Forgets every record; the next is the first again. */
  empty(): void {
    ftruncateSync(this.#descriptor, FILE_HEADER.length);
    this.size = FILE_HEADER.length;
  }

  /** Has the disk keep what was appended so far. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#descriptor, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  syncNow(): void {
    fdatasyncSync(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** Closes and deletes the file. */
  remove(): void {
    closeSync(this.#descriptor);
    unlinkSync(this.path);
  }
}

function lossText(path: string, tornBytes: number, damagedBytes: number): string | undefined {
  if (tornBytes === 0 && damagedBytes === 0) return undefined;
  const torn = tornBytes > 0 ? `${tornBytes} bytes of a record that was not written to its end were cut` : '';
  const damaged = damagedBytes > 0 ? `${damagedBytes} damaged bytes were left out` : '';
  return `${path}: ${[torn, damaged].filter((text) => text !== '').join('; ')}`;
}

function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
}
