/** A FrameSink that writes a classic pcap file (microseconds, little-endian) in large blocks and constant memory. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';

const BLOCK_BYTES = 4 << 20;
const RECORD_HEADER = 16;
const LARGEST_FRAME = 65536;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const LINKTYPE_ETHERNET = 1;

export class CaptureWriter implements FrameSink {
  packets = 0;
  /** Bytes written so far, the file header included. */
  fileBytes = 24;
  private readonly file: number;
  private readonly block = Buffer.alloc(BLOCK_BYTES);
  private used = 24;

  constructor(path: string) {
    this.file = openSync(path, 'w');
    const { block } = this;
    block.writeUInt32LE(MAGIC_MICROSECONDS, 0);
    block.writeUInt16LE(2, 4);
    block.writeUInt16LE(4, 6);
    block.writeUInt32LE(LARGEST_FRAME, 16);
    block.writeUInt32LE(LINKTYPE_ETHERNET, 20);
  }

  frame(bytes: Uint8Array, offset: number, capturedLength: number, wireLength: number, timeUs: number): void {
    if (this.used + RECORD_HEADER + capturedLength > BLOCK_BYTES) this.flush();
    const { block, used } = this;
    const seconds = Math.floor(timeUs / 1e6);
    write32(block, used, seconds);
    write32(block, used + 4, timeUs - seconds * 1e6);
    write32(block, used + 8, capturedLength);
    write32(block, used + 12, wireLength);
    block.set(bytes.subarray(offset, offset + capturedLength), used + RECORD_HEADER);
    this.used = used + RECORD_HEADER + capturedLength;
    this.fileBytes += RECORD_HEADER + capturedLength;
    this.packets++;
  }

  close(): void {
    this.flush();
    closeSync(this.file);
  }

  private flush(): void {
    let written = 0;
    while (written < this.used) written += writeSync(this.file, this.block, written, this.used - written);
    this.used = 0;
  }
}

function write32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}
