/** Makes a long capture of a short one: its records again and again, event time going on where the pass before ended. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const BLOCK_BYTES = 8 << 20;
/** Microseconds between the last packet of one pass and the first of the next. */
const GAP_US = 1000;
const MAGIC = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d } as const;

/**
 * How far each pass is behind the one before. A whole number of ten-second windows, so that every pass falls into windows
 * the same way as the first.
 */
export function passUs(firstUs: number, lastUs: number): number {
  return Math.ceil((lastUs - firstUs + GAP_US) / 1e7) * 1e7;
}

interface Extent {
  packets: number;
  bytes: number;
  firstUs: number;
  lastUs: number;
}

/**
 * Writes `times` passes of the little-endian pcap `from` to `to`. With `from === to` the file is extended in place.
 * Memory is one block, whatever the sizes. Throws when the file is not such a pcap or a record is larger than a block.
 */
export function repeatCapture(from: string, to: string, times: number): { packets: number; fileBytes: number } {
  const input = openSync(from, 'r');
  const output = openSync(to, from === to ? 'r+' : 'w');
  try {
    const header = Buffer.alloc(FILE_HEADER);
    readSync(input, header, 0, FILE_HEADER, 0);
    const magic = header.readUInt32LE(0);
    if (magic !== MAGIC.microseconds && magic !== MAGIC.nanoseconds)
      throw new Error(`${from} is not a little-endian pcap`);
    const extent = measure(input, magic === MAGIC.nanoseconds ? 1000 : 1);
    writeSync(output, header, 0, FILE_HEADER, 0);
    const stepSeconds = passUs(extent.firstUs, extent.lastUs) / 1e6;
    let at = FILE_HEADER;
    for (let pass = 0; pass < times; pass++) {
      if (pass === 0 && from === to) at += extent.bytes;
      else at = writePass(input, output, at, extent.bytes, pass * stepSeconds);
    }
    return { packets: extent.packets * times, fileBytes: at };
  } finally {
    closeSync(input);
    closeSync(output);
  }
}

/** Calls `visit` with blocks that hold whole records only, up to `limit` bytes behind the file header. */
function eachBlock(file: number, limit: number, visit: (block: Buffer, used: number) => void): void {
  const block = Buffer.alloc(BLOCK_BYTES);
  let at = FILE_HEADER;
  const end = FILE_HEADER + limit;
  while (at < end) {
    const got = readSync(file, block, 0, Math.min(BLOCK_BYTES, end - at), at);
    let used = 0;
    while (used + RECORD_HEADER <= got) {
      const next = used + RECORD_HEADER + block.readUInt32LE(used + 8);
      if (next > got) break;
      used = next;
    }
    if (used === 0) return;
    visit(block, used);
    at += used;
  }
}

function measure(file: number, unitsPerUs: number): Extent {
  const extent: Extent = { packets: 0, bytes: 0, firstUs: Infinity, lastUs: -Infinity };
  eachBlock(file, Infinity, (block, used) => {
    for (let at = 0; at < used; at += RECORD_HEADER + block.readUInt32LE(at + 8)) {
      const timeUs = block.readUInt32LE(at) * 1e6 + Math.floor(block.readUInt32LE(at + 4) / unitsPerUs);
      extent.firstUs = Math.min(extent.firstUs, timeUs);
      extent.lastUs = Math.max(extent.lastUs, timeUs);
      extent.packets++;
    }
    extent.bytes += used;
  });
  if (extent.packets === 0) throw new Error('there is no packet to repeat');
  return extent;
}

function writePass(input: number, output: number, start: number, bytes: number, shiftSeconds: number): number {
  let position = start;
  eachBlock(input, bytes, (block, used) => {
    for (let at = 0; at < used; at += RECORD_HEADER + block.readUInt32LE(at + 8)) {
      block.writeUInt32LE(block.readUInt32LE(at) + shiftSeconds, at);
    }
    for (let written = 0; written < used;) {
      written += writeSync(output, block, written, used - written, position + written);
    }
    position += used;
  });
  return position;
}
