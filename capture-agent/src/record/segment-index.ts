/** The index beside a segment: which stretch of the file holds what, so that a search reads few of them. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { WrittenInterface } from '@tapline/core/pcap/pcapng-writer';

/** A stretch of whole packets. */
export interface IndexBlock {
  readonly offset: number;
  readonly bytes: number;
  readonly packets: number;
  /** Event time of the oldest and of the newest packet. */
  readonly fromUs: number;
  readonly toUs: number;
  /** What is in it (core/src/record/packet-keys.ts). */
  readonly keys: Uint8Array;
}

export interface SegmentIndex {
  readonly bytes: number;
  readonly interfaces: readonly WrittenInterface[];
  readonly blocks: readonly IndexBlock[];
}

const VERSION = 1;

export const indexPath = (segment: string): string => segment.replace(/pcapng$/, 'index');

/** Throws what the file system says. */
export function writeIndex(segment: string, { bytes, interfaces, blocks }: SegmentIndex): void {
  const path = indexPath(segment);
  const text = blocks.map((block) => ({ ...block, keys: Buffer.from(block.keys).toString('base64') }));
  writeFileSync(`${path}.new`, JSON.stringify({ version: VERSION, bytes, interfaces, blocks: text }));
  renameSync(`${path}.new`, path);
}

/** The index of a segment of `bytes` bytes; undefined when there is none that fits it: then the segment is read whole. */
export function readIndex(segment: string, bytes: number): SegmentIndex | undefined {
  try {
    return parseIndex(readFileSync(indexPath(segment), 'utf8'), bytes);
  } catch {
    return undefined;
  }
}

/** The same of an index that is somewhere else; without `bytes` the segment is as long as the index says. */
export function parseIndex(text: string, bytes?: number): SegmentIndex | undefined {
  try {
    const found = JSON.parse(text) as StoredIndex;
    if (found.version !== VERSION || found.bytes !== (bytes ?? found.bytes)) return undefined;
    const blocks = found.blocks.map((block) => ({ ...block, keys: new Uint8Array(Buffer.from(block.keys, 'base64')) }));
    return { bytes: found.bytes, interfaces: found.interfaces, blocks };
  } catch {
    return undefined;
  }
}

interface StoredIndex extends Omit<SegmentIndex, 'blocks'> {
  readonly version: number;
  readonly blocks: readonly (Omit<IndexBlock, 'keys'> & { readonly keys: string })[];
}
