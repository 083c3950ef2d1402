/** The captures of a folder as one source: each with its own marks, in the order in which they were captured. */
import { PipelineError } from '@tapline/core/errors';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import { type CaptureFile, examine, faultOf, inOrder, listFolder } from './capture-files.ts';
import { captureIdentity, identityOf } from './identity.ts';
import { openCapture } from './source.ts';

export interface DirectoryReading {
  readonly signal?: AbortSignal;
  /** Told what is passed over. */
  readonly warn: (line: string) => void;
}

/**
 * Opens the captures that are in `folder` now, for one pass.
 * @throws PipelineError USAGE when there are none; a capture that cannot be read is a fault in its end mark
 */
export async function openDirectory(
  folder: string,
  { signal, warn }: DirectoryReading,
): Promise<CaptureSource<CapturePiece>> {
  const { captures, others, sizeBytes } = await capturesIn(folder);
  if (others > 0)
    warn(`${folder}: ${others} ${others === 1 ? 'file is no capture' : 'files are no captures'}, passed over`);
  return new DirectorySource(folder, captures, sizeBytes, signal);
}

/** What makes the captures of a folder themselves, whatever they are called: as captureIdentity, over all of them in order. */
export async function directoryIdentity(folder: string): Promise<string> {
  const { captures, sizeBytes } = await capturesIn(folder);
  const all = Buffer.from(captures.map(({ path }) => captureIdentity(path)).join('\n'));
  return identityOf(sizeBytes, all, all);
}

async function capturesIn(folder: string): Promise<{ captures: CaptureFile[]; others: number; sizeBytes: number }> {
  const captures: CaptureFile[] = [];
  let others = 0;
  let sizeBytes = 0;
  for (const entry of listFolder(folder)) {
    const capture = await examine(entry);
    if (capture === undefined) others += 1;
    else {
      captures.push(capture);
      sizeBytes += entry.sizeBytes;
    }
  }
  if (captures.length === 0) {
    throw new PipelineError('USAGE', `${folder} holds no capture (pcap or pcapng, plain, gz or zst)`);
  }
  return { captures: captures.sort(inOrder), others, sizeBytes };
}

class DirectorySource implements CaptureSource<CapturePiece> {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #captures: readonly CaptureFile[];
  readonly #signal: AbortSignal | undefined;
  #finishedBytes = 0;
  #current: CaptureSource | undefined;

  constructor(name: string, captures: readonly CaptureFile[], sizeBytes: number, signal: AbortSignal | undefined) {
    this.name = name;
    this.#captures = captures;
    this.sizeBytes = sizeBytes;
    this.#signal = signal;
  }

  get bytesRead(): number {
    return this.#finishedBytes + (this.#current?.bytesRead ?? 0);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CapturePiece> {
    for (const { name, path } of this.#captures) {
      yield { kind: 'begin', name };
      let fault: PipelineError | undefined;
      try {
        this.#current = openCapture(path, this.#signal === undefined ? {} : { signal: this.#signal });
        yield* this.#current;
      } catch (error) {
        this.#signal?.throwIfAborted();
        fault = faultOf(error);
      }
      this.#finishedBytes = this.bytesRead;
      this.#current = undefined;
      yield { kind: 'end', ...(fault === undefined ? {} : { fault }) };
    }
  }
}
