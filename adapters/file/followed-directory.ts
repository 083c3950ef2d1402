/**
 * A folder into which another program writes captures one after the other (tcpdump -G, -C, -W; dumpcap -b): each is read
 * while it grows, until a newer one is there. It has no end; the signal ends it.
 */
import { existsSync } from 'node:fs';
import { PipelineError } from '@tapline/core/errors';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import { sniffCapture } from '@tapline/core/pcap/sniff';
import { type CaptureFile, examine, faultOf, type FolderEntry, inOrder, listFolder } from './capture-files.ts';
import type { DirectoryReading } from './directory.ts';
import { FolderChanges } from './folder-changes.ts';
import { type FileMark, GrowingFile, isSameFile, markFile } from './growing-file.ts';
import { openCapture } from './source.ts';

/** A compressed file that has not changed for this long is taken for whole: it cannot be read while it grows. */
const SETTLED_MS = 2000;

/** Follows `folder` from what is in it now. Throws PipelineError USAGE when it cannot be read. */
export function followDirectory(folder: string, reading: DirectoryReading): CaptureSource<CapturePiece> {
  listFolder(folder);
  return new FollowedDirectory(folder, reading);
}

interface Candidate extends CaptureFile {
  readonly isCompressed: boolean;
}

interface Examined {
  readonly entry: FolderEntry;
  readonly candidate: Candidate | undefined;
}

class FollowedDirectory implements CaptureSource<CapturePiece> {
  readonly name: string;
  readonly sizeBytes = undefined;
  readonly #reading: DirectoryReading;
  /** What was read of each file that is still there, or that may come back compressed. */
  readonly #done = new Map<string, FileMark>();
  readonly #examined = new Map<string, Examined>();
  /** Overwritten while they were read: what is in them now was not. */
  readonly #again = new Set<string>();
  #finishedBytes = 0;
  #current: { readonly bytesRead: number } | undefined;

  constructor(folder: string, reading: DirectoryReading) {
    this.name = folder;
    this.#reading = reading;
  }

  get bytesRead(): number {
    return this.#finishedBytes + (this.#current?.bytesRead ?? 0);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CapturePiece> {
    const { signal } = this.#reading;
    const changes = new FolderChanges(this.name, signal);
    try {
      for (;;) {
        const next = (await this.#candidates()).sort(inOrder)[0];
        if (next === undefined) {
          await changes.next();
          continue;
        }
        yield { kind: 'begin', name: next.name };
        let fault: PipelineError | undefined;
        try {
          yield* next.isCompressed ? this.#whole(next) : this.#growing(next, changes);
        } catch (error) {
          signal?.throwIfAborted();
          fault = faultOf(error);
          this.#leave(next.name);
        }
        this.#finishedBytes = this.bytesRead;
        this.#current = undefined;
        yield { kind: 'end', ...(fault === undefined ? {} : { fault }) };
      }
    } finally {
      changes.close();
    }
  }

  async *#whole({ name, path }: Candidate): AsyncGenerator<Uint8Array> {
    const { signal } = this.#reading;
    this.#done.set(name, markFile(path));
    const source = openCapture(path, signal === undefined ? {} : { signal });
    this.#current = source;
    yield* source;
  }

  async *#growing({ name, path }: Candidate, changes: FolderChanges): AsyncGenerator<Uint8Array> {
    const { signal } = this.#reading;
    this.#done.delete(name);
    this.#again.delete(name);
    const file = new GrowingFile(path);
    this.#current = file;
    try {
      for (;;) {
        yield* file.news(signal);
        if (file.isOverwritten()) {
          throw new PipelineError('SOURCE', 'it was overwritten before it was known to be read to its end');
        }
        // The writer has let go of it when it has begun another one; what it wrote last is read before we do, too.
        if (file.isReplaced() || (await this.#candidates(name)).length > 0) {
          yield* file.news(signal);
          return;
        }
        await changes.next();
      }
    } finally {
      if (file.isOverwritten()) this.#again.add(name);
      else this.#done.set(name, { ...file.mark(), sizeBytes: file.bytesRead });
      file.close();
    }
  }

  /** A file that cannot be read is not tried again before it changes, or we would do nothing else. */
  #leave(name: string): void {
    const entry = this.#examined.get(name)?.entry;
    if (this.#again.delete(name)) this.#done.delete(name);
    else if (entry !== undefined && !this.#done.has(name)) this.#done.set(name, { ...entry, head: Buffer.alloc(0) });
  }

  /** Captures that were not read yet, without the one that is being read. */
  async #candidates(current?: string): Promise<Candidate[]> {
    const entries = listFolder(this.name);
    this.#forget(new Set(entries.map(({ name }) => name)));
    const candidates: Candidate[] = [];
    for (const entry of entries) {
      if (entry.name === current || this.#isDone(entry)) continue;
      const candidate = await this.#examine(entry);
      if (candidate === undefined) continue;
      if (candidate.isCompressed && Date.now() - entry.modifiedMs < SETTLED_MS) continue;
      candidates.push(candidate);
    }
    return candidates;
  }

  #isDone({ name, path, inode, modifiedMs, sizeBytes }: FolderEntry): boolean {
    if (this.#done.has(plainName(name)) && plainName(name) !== name) return true;
    const done = this.#done.get(name);
    if (done === undefined) return false;
    if (done.inode === inode && done.modifiedMs === modifiedMs && done.sizeBytes === sizeBytes) return true;
    const now = markUnlessGone(path);
    if (now === undefined) return true;
    if (!isSameFile(done, now)) return false;
    if (now.sizeBytes > done.sizeBytes) {
      this.#reading.warn(`${name} went on growing after a newer capture had begun: what came later is not read`);
    }
    this.#done.set(name, now);
    return true;
  }

  async #examine(entry: FolderEntry): Promise<Candidate | undefined> {
    const before = this.#examined.get(entry.name);
    if (before !== undefined && isUnchanged(before.entry, entry)) return before.candidate;
    const mark = markUnlessGone(entry.path, this.#reading.warn);
    const capture = mark === undefined ? undefined : await examine(entry);
    if (mark === undefined || capture === undefined) {
      this.#examined.set(entry.name, { entry, candidate: undefined });
      return undefined;
    }
    const kind = sniffCapture(mark.head);
    const candidate = { ...capture, isCompressed: kind === 'gzip' || kind === 'zstd' };
    this.#examined.set(entry.name, { entry, candidate });
    return candidate;
  }

  /** Files come and go for weeks; what is remembered of them is bounded by what is there. */
  #forget(present: ReadonlySet<string>): void {
    for (const name of this.#examined.keys()) if (!present.has(name)) this.#examined.delete(name);
    for (const name of this.#done.keys()) {
      if (![name, `${name}.gz`, `${name}.zst`].some((still) => present.has(still))) this.#done.delete(name);
    }
  }
}

function plainName(name: string): string {
  return name.replace(/\.(?:gz|zst)$/i, '');
}

function isUnchanged(before: FolderEntry, now: FolderEntry): boolean {
  return before.inode === now.inode && before.modifiedMs === now.modifiedMs && before.sizeBytes === now.sizeBytes;
}

/** A ring of files may take one away at any time; one that is there and cannot be read is told of. */
function markUnlessGone(path: string, warn?: (line: string) => void): FileMark | undefined {
  try {
    return markFile(path);
  } catch (error) {
    const { message } = faultOf(error);
    if (existsSync(path)) warn?.(message);
    return undefined;
  }
}
