/** The captures in a folder: which of its files are any, and in which order they were captured. */
import { readdirSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { openCapture } from './source.ts';

export interface CaptureFile {
  readonly name: string;
  readonly path: string;
  /** Event time of its first packet, microseconds; Infinity when it has none, or none that can be read. */
  readonly firstUs: number;
}

export interface FolderEntry {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly inode: number;
}

/** Names that say what a file is, the numbers that tcpdump -C puts behind them included. */
const NAMED_CAPTURE = /\.(?:pcap|pcapng|ntar|cap|dmp)\d*(?:\.gz|\.zst)?$/i;
const COMPRESSED = /\.(?:gz|zst)$/i;
/** How far a file is looked into for its first packet: names and comments of a pcapng may come before it. */
const LOOK_BYTES = 4 * 1024 * 1024;

/**
 * The regular files of a folder, hidden ones left out: those are being written under a name that is not theirs yet.
 * What lies there plain and compressed (`tcpdump -z gzip`, at work) is taken once, plain.
 * @throws PipelineError USAGE when the folder cannot be read
 */
export function listFolder(folder: string): FolderEntry[] {
  const names = new Set(readNames(folder));
  const entries: FolderEntry[] = [];
  for (const name of names) {
    if (name.startsWith('.') || (COMPRESSED.test(name) && names.has(name.replace(COMPRESSED, '')))) continue;
    const path = join(folder, name);
    const stats = statUnlessGone(path);
    if (stats?.isFile() !== true) continue;
    entries.push({ name, path, sizeBytes: stats.size, modifiedMs: stats.mtimeMs, inode: stats.ino });
  }
  return entries;
}

/** What a file is, from its content, and its name when that is damaged; undefined when it is no capture. */
export async function examine({ name, path }: FolderEntry): Promise<CaptureFile | undefined> {
  const first = new FirstFrame();
  const reader = new CaptureReader(first);
  try {
    const source = openCapture(path);
    let lookedAt = 0;
    for await (const chunk of source) {
      reader.feed(chunk);
      lookedAt += chunk.length;
      if (first.timeUs < Infinity || lookedAt >= LOOK_BYTES) break;
    }
  } catch (error) {
    // Whoever reads it finds the same fault again, and says so.
    faultOf(error);
  }
  if (reader.kind === 'unknown' && !NAMED_CAPTURE.test(name)) return undefined;
  return { name, path, firstUs: first.timeUs };
}

/** By first packet; those without one come last, by name, in which 10 follows 9. */
export function inOrder(a: CaptureFile, b: CaptureFile): number {
  if (a.firstUs !== b.firstUs) return a.firstUs < b.firstUs ? -1 : 1;
  return byName.compare(a.name, b.name);
}

/** What the file system says of one file is no reason to leave the others; anything else is a mistake of ours. */
export function faultOf(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  if (!(error instanceof Error) || !('syscall' in error)) throw error;
  return new PipelineError('SOURCE', `cannot be read: ${error.message}`, { cause: error });
}

/** A file may go at any time, and a link may lead nowhere or in a circle. */
function statUnlessGone(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    faultOf(error);
    return undefined;
  }
}

const byName = new Intl.Collator('en', { numeric: true });

class FirstFrame implements FrameSink {
  timeUs = Infinity;

  frame(_bytes: Uint8Array, _offset: number, _captured: number, _wire: number, timeUs: number): void {
    if (this.timeUs === Infinity) this.timeUs = timeUs;
  }
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'EACCES' ? 'no permission to read it' : code === 'ENOENT' ? 'no such folder' : message;
    throw new PipelineError('USAGE', `cannot read ${folder}: ${reason}`, { cause });
  }
}
