/** One segment being written: a pcapng file that Wireshark opens at any time, and its index once it is sealed. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { PcapngWriter } from '@tapline/core/pcap/pcapng-writer';
import { ANY_KEYS, type PacketKeys } from '@tapline/core/record/packet-keys';
import { writeIndex, type IndexBlock } from './segment-index.ts';

/** A stretch of the index is at least this long: reading less costs as much. */
const BLOCK_BYTES = 256 * 1024;

export class Segment {
  readonly path: string;
  /** Frames taken so far, and their oldest and newest event time. */
  packets = 0;
  fromUs = Infinity;
  toUs = -Infinity;
  readonly #descriptor: number;
  readonly #writer: PcapngWriter;
  readonly #blocks: IndexBlock[] = [];
  #written = 0;
  #offset: number;
  #blockPackets = 0;
  #blockFromUs = Infinity;
  #blockToUs = -Infinity;

  /** Makes the file. Throws what the file system says, as every method does. */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'wx');
    this.#writer = new PcapngWriter((bytes) => {
      this.#append(bytes);
    });
    this.#offset = this.#writer.bytes;
  }

  /** Length of the file with what waits to be written. */
  get bytes(): number {
    return this.#writer.bytes;
  }

  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    timeUs: number,
    timeNs: number,
    linkType: number,
  ): void {
    this.#writer.frame(bytes, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
    if (timeUs < this.#blockFromUs) this.#blockFromUs = timeUs;
    if (timeUs > this.#blockToUs) this.#blockToUs = timeUs;
    if (timeUs < this.fromUs) this.fromUs = timeUs;
    if (timeUs > this.toUs) this.toUs = timeUs;
    this.packets += 1;
    this.#blockPackets += 1;
  }

  /** Writes out what waits. All frames so far are described by `keys`: ends a stretch if it is long enough. */
  endBatch(keys: PacketKeys): void {
    this.#writer.flush();
    if (this.bytes - this.#offset >= BLOCK_BYTES) this.#endBlock(keys.take());
  }

  /**
   * Ends the segment and writes its index.
   * @param keys undefined when not all frames since the last stretch are in them
   */
  seal(keys: PacketKeys | undefined): void {
    this.#writer.flush();
    if (this.#blockPackets > 0) this.#endBlock(keys?.take() ?? ANY_KEYS);
    writeIndex(this.path, { bytes: this.bytes, interfaces: this.#writer.interfaces, blocks: this.#blocks });
    closeSync(this.#descriptor);
  }

  /** Closes the file after a write that failed, cut to the whole packets before it. */
  abandon(): void {
    try {
      ftruncateSync(this.#descriptor, this.#written);
    } finally {
      closeSync(this.#descriptor);
    }
  }

  #endBlock(keys: Uint8Array): void {
    const offset = this.#offset;
    const block = { offset, bytes: this.bytes - offset, packets: this.#blockPackets, keys };
    this.#blocks.push({ ...block, fromUs: this.#blockFromUs, toUs: this.#blockToUs });
    this.#offset = this.bytes;
    this.#blockPackets = 0;
    this.#blockFromUs = Infinity;
    this.#blockToUs = -Infinity;
  }

  #append(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) done += writeSync(this.#descriptor, bytes, done, bytes.length - done);
    this.#written += bytes.length;
  }
}
