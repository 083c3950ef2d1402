/**
 * Where stored captures come from: a file or standard input, plain or compressed, as chunks of decompressed bytes in
 * constant memory. What a file holds is told from its first bytes, never from its name.
 */
import { closeSync, createReadStream, fstatSync, open, openSync, readSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { Socket } from 'node:net';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';
import { PipelineError } from '@tapline/core/errors';
import type { CaptureSource } from '@tapline/core/pcap/capture-source';
import { sniffCapture } from '@tapline/core/pcap/sniff';
import { CAREFUL_OUTPUT_BYTES, decompress, FAST_OUTPUT_BYTES } from './decompress.ts';
import type { Compression } from './decompress.ts';
import { holdFirstBytes } from './plain-bytes.ts';

/**
 * Blocking reads out of the page cache are the fastest way into Node: twice what promises reach. Larger reads gain nothing
 * more, and a paced replay would be further ahead of what it says.
 */
const READ_BYTES = 256 * 1024;

/**
 * Opens a capture for one pass. Each chunk is valid until the next one is asked for. Throws PipelineError USAGE when there
 * is nothing to read; iterating throws COMPRESSION for damaged gzip or zstd, after everything before the damage was
 * handed on (from a pipe: all but the last 16 KiB). Aborting `signal` ends the iteration with the signal's reason.
 * @param path a file, a named pipe, or `-` for standard input
 */
export function openCapture(path: string, options: { signal?: AbortSignal } = {}): CaptureSource {
  return new FileSource(path, options.signal);
}

class FileSource implements CaptureSource {
  readonly name: string;
  readonly sizeBytes: number | undefined;
  bytesRead = 0;
  readonly #signal: AbortSignal | undefined;

  constructor(path: string, signal: AbortSignal | undefined) {
    this.name = path;
    this.#signal = signal;
    const stats = inspect(path);
    this.sizeBytes = stats.isFile() ? stats.size : undefined;
    // Opened once here so that a missing permission shows before any work is done.
    if (stats.isFile() && path !== '-') closeSync(openForReading(path));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const chunks = await holdFirstBytes(this.#stored());
    const kind = sniffCapture(chunks.first);
    if (kind !== 'gzip' && kind !== 'zstd') yield* chunks.all;
    else if (this.sizeBytes === undefined || this.name === '-') yield* this.#decompressOnce(kind, chunks.all);
    else yield* this.#decompressOrSalvage(kind, chunks.all);
  }

  async *#decompressOnce(kind: Compression, stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* decompress(kind, stored, CAREFUL_OUTPUT_BYTES, { usedBytes: 0, deliveredBytes: 0 });
  }

  /** After a fault the file is decompressed again, byte by byte near the fault, to hand on what the first pass lost. */
  async *#decompressOrSalvage(kind: Compression, stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const progress = { usedBytes: 0, deliveredBytes: 0 };
    try {
      yield* decompress(kind, stored, FAST_OUTPUT_BYTES, progress);
    } catch (fault) {
      if (!(fault instanceof PipelineError) || fault.code !== 'COMPRESSION') throw fault;
      yield* salvage(kind, inPieces(this.#stored(), progress.usedBytes), progress.deliveredBytes);
      throw fault;
    }
  }

  #stored(): AsyncGenerator<Uint8Array> {
    this.bytesRead = 0;
    return this.sizeBytes === undefined ? this.#readPipe() : this.#readFile();
  }

  async *#readFile(): AsyncGenerator<Uint8Array> {
    const descriptor = this.name === '-' ? 0 : openForReading(this.name);
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        this.#signal?.throwIfAborted();
        const count = readSync(descriptor, buffer, 0, READ_BYTES, null);
        if (count === 0) return;
        this.bytesRead += count;
        yield buffer.subarray(0, count);
        // The reads block, so timers, signals and sockets get their turn here.
        await setImmediate();
      }
    } finally {
      if (descriptor !== 0) closeSync(descriptor);
    }
  }

  async *#readPipe(): AsyncGenerator<Uint8Array> {
    const stream = this.name === '-' ? openStandardInput() : await openStream(this.name);
    if (this.#signal !== undefined) addAbortSignal(this.#signal, stream);
    try {
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        this.bytesRead += chunk.length;
        yield chunk;
      }
    } catch (error) {
      // A destroyed stream hides the reason behind an error of its own.
      this.#signal?.throwIfAborted();
      throw error;
    }
  }
}

/** Runs over damaged data once more and hands on what follows the first `skipBytes` of output, up to the fault. */
async function* salvage(
  kind: Compression,
  stored: AsyncIterable<Uint8Array>,
  skipBytes: number,
): AsyncGenerator<Uint8Array> {
  let skip = skipBytes;
  try {
    for await (const output of decompress(kind, stored, FAST_OUTPUT_BYTES, { usedBytes: 0, deliveredBytes: 0 })) {
      if (output.length > skip) yield output.subarray(skip);
      skip = Math.max(0, skip - output.length);
    }
  } catch (fault) {
    if (!(fault instanceof PipelineError) || fault.code !== 'COMPRESSION') throw fault;
  }
}

/** The same bytes, whole chunks up to `wholeBytes` and single bytes from there. */
async function* inPieces(chunks: AsyncIterable<Uint8Array>, wholeBytes: number): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for await (const chunk of chunks) {
    const whole = Math.min(chunk.length, Math.max(0, wholeBytes - offset));
    if (whole > 0) yield chunk.subarray(0, whole);
    for (let at = whole; at < chunk.length; at++) yield chunk.subarray(at, at + 1);
    offset += chunk.length;
  }
}

/** In a thread that is not the main one, process.stdin is another, empty stream; what it stands for there is opened itself. */
function openStandardInput(): Readable {
  if (isMainThread) return process.stdin;
  const stats = fstatSync(0);
  return stats.isFIFO() || stats.isSocket()
    ? new Socket({ fd: 0, readable: true, writable: false })
    : createReadStream('', { fd: 0, highWaterMark: READ_BYTES });
}

/** A named pipe is read like a socket: a blocking read that waits for a silent writer could not be aborted. */
async function openStream(path: string): Promise<Readable> {
  if (!statSync(path).isFIFO()) return createReadStream(path, { highWaterMark: READ_BYTES });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  open(path, 'r', (error, descriptor) => {
    if (error === null) resolve(descriptor);
    else reject(error);
  });
  return new Socket({ fd: await promise, readable: true, writable: false });
}

/** What `path` is; a USAGE error when it is nothing that can be read. */
export function inspect(path: string): Stats {
  try {
    const stats = path === '-' ? fstatSync(0) : statSync(path);
    if (stats.isDirectory()) throw new PipelineError('USAGE', `${path} is a directory, not a capture file`);
    if (path === '-' && isatty(0)) {
      throw new PipelineError('USAGE', 'standard input is a terminal: pipe a capture into it');
    }
    return stats;
  } catch (cause) {
    throw usageError(path, cause);
  }
}

export function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw usageError(path, cause);
  }
}

function usageError(path: string, cause: unknown): unknown {
  if (cause instanceof PipelineError || !(cause instanceof Error)) return cause;
  const reasons: Record<string, string> = {
    ENOENT: 'no such file',
    ENOTDIR: 'no such file',
    EACCES: 'no permission to read it',
    EPERM: 'no permission to read it',
  };
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return new PipelineError('USAGE', `cannot read ${path}: ${reasons[code] ?? cause.message}`, { cause });
}
