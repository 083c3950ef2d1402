/** Opens the record of a sensor for writing: what a killed process left is cut to whole packets, indexed and listed. */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readdirSync } from 'node:fs';
import { PipelineError } from '@tapline/core/errors';
import { Decoder } from '@tapline/core/decode/decoder';
import { BATCH_CAPACITY, allocateColumns, clearColumns } from '@tapline/core/packet/columns';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { PcapngParser } from '@tapline/core/pcap/pcapng';
import { PcapngWriter } from '@tapline/core/pcap/pcapng-writer';
import { PacketKeys } from '@tapline/core/record/packet-keys';
import {
  addGap,
  loseSegment,
  newManifest,
  parseSegmentName,
  readManifest,
  segmentPath,
  settleReplaced,
  type Manifest,
  type SegmentEntry,
} from './manifest.ts';
import { deleteSegment } from './record-folder.ts';
import { writeIndex, type IndexBlock } from './segment-index.ts';
import { wholeBlocks } from './whole-blocks.ts';

/**
 * The manifest of `folder`, brought up to date with the files that are there; the caller writes it.
 * @param warn gets a line for what was cut or lost
 */
export function recoverRecord(folder: string, warn: (line: string) => void): Manifest {
  const manifest = readManifest(folder) ?? adoptFiles(folder);
  for (const entry of [...manifest.segments]) {
    const path = segmentPath(folder, entry);
    if (!existsSync(path)) loseSegment(manifest, entry, entry.open ? 'killed' : 'deleted');
    else if (entry.open) closeKilled(folder, manifest, entry, warn);
  }
  return manifest;
}

/** Without a manifest every segment is taken as one that a killed process left. */
function adoptFiles(folder: string): Manifest {
  const manifest = newManifest();
  for (const name of readdirSync(folder).sort()) {
    const found = parseSegmentName(name);
    if (found === undefined) continue;
    manifest.nextSerial = Math.max(manifest.nextSerial, found.serial + 1);
    manifest.segments.push({ ...found, open: true, marked: false, packets: 0, bytes: 0, fromUs: null, toUs: null });
  }
  return manifest;
}

function closeKilled(folder: string, manifest: Manifest, entry: SegmentEntry, warn: (line: string) => void): void {
  const path = segmentPath(folder, entry);
  const cutBytes = indexSegment(path, entry);
  if (cutBytes > 0) warn(`${path}: ${cutBytes} bytes of an unfinished packet were cut`);
  const { recording, serial, toUs } = entry;
  if (toUs === null) {
    manifest.segments = manifest.segments.filter((one) => one !== entry);
    deleteSegment(folder, entry);
    return;
  }
  addGap(manifest, { recording, reason: 'killed', fromUs: toUs, toUs: null, serial });
  settleReplaced(manifest, recording);
}

/**
 * Cuts a segment to its whole blocks, writes its index, and fills in its entry.
 * @returns how many bytes were cut
 */
export function indexSegment(path: string, entry: SegmentEntry): number {
  const descriptor = openSync(path, 'r+');
  try {
    const stretch = new StretchFacts();
    // Keeps the interfaces as the file describes them: the same ones in the same order.
    const interfaces = new PcapngWriter(() => undefined);
    const parser = new PcapngParser({
      frame: (...frame) => {
        stretch.frame(...frame);
        interfaces.frame(...frame);
      },
    });
    const blocks: IndexBlock[] = [];
    let bytes = 0;
    try {
      for (const { offset, bytes: whole } of wholeBlocks(descriptor)) {
        parser.feed(whole);
        bytes = offset + whole.length;
        if (stretch.packets > 0) blocks.push({ offset, bytes: whole.length, ...stretch.take() });
      }
    } catch (error) {
      // Whole blocks that contradict themselves: what is before this stretch stays.
      if (!(error instanceof PipelineError)) throw error;
    }
    const cutBytes = fstatSync(descriptor).size - bytes;
    if (cutBytes > 0) ftruncateSync(descriptor, bytes);
    entry.open = false;
    entry.bytes = bytes;
    entry.packets = blocks.reduce((sum, block) => sum + block.packets, 0);
    entry.fromUs = blocks.length === 0 ? null : Math.min(...blocks.map(({ fromUs }) => fromUs));
    entry.toUs = blocks.length === 0 ? null : Math.max(...blocks.map(({ toUs }) => toUs));
    writeIndex(path, { bytes, interfaces: interfaces.interfaces, blocks });
    return cutBytes;
  } finally {
    closeSync(descriptor);
  }
}

/** What an index says of a stretch, gathered from its frames. */
class StretchFacts implements FrameSink {
  packets = 0;
  #fromUs = Infinity;
  #toUs = -Infinity;
  readonly #keys = new PacketKeys();
  readonly #decoder = new Decoder();
  readonly #columns = allocateColumns();

  frame(...[bytes, offset, captured, wire, timeUs, timeNs, linkType]: Parameters<FrameSink['frame']>): void {
    const row = this.#columns.count;
    this.#decoder.decode(this.#columns, row, bytes, offset, captured, wire, timeUs, timeNs, linkType);
    this.#columns.count = row + 1;
    this.packets += 1;
    this.#fromUs = Math.min(this.#fromUs, timeUs);
    this.#toUs = Math.max(this.#toUs, timeUs);
    if (row + 1 === BATCH_CAPACITY) this.#addKeys();
  }

  take(): Pick<IndexBlock, 'packets' | 'fromUs' | 'toUs' | 'keys'> {
    this.#addKeys();
    const facts = { packets: this.packets, fromUs: this.#fromUs, toUs: this.#toUs, keys: this.#keys.take() };
    this.packets = 0;
    this.#fromUs = Infinity;
    this.#toUs = -Infinity;
    return facts;
  }

  #addKeys(): void {
    this.#keys.add(this.#columns);
    clearColumns(this.#columns, 1);
  }
}
