/** Reads a segment from its start in stretches of whole pcapng blocks, up to the first that is torn. */
import { readSync } from 'node:fs';
import { MAX_RECORD_BYTES } from '@tapline/core/pcap/record-parser';

const WINDOW_BYTES = 1024 * 1024;
const LEAST_BLOCK_BYTES = 12;

export interface Stretch {
  /** Where it starts in the file. */
  readonly offset: number;
  /** Valid until the next stretch is asked for. */
  readonly bytes: Uint8Array;
}

/** Memory is bounded by one window and the largest block. */
export function* wholeBlocks(descriptor: number): Generator<Stretch> {
  let window = Buffer.allocUnsafe(WINDOW_BYTES);
  let offset = 0;
  for (;;) {
    const filled = readAt(descriptor, window, offset);
    const whole = wholePrefix(window, filled);
    if (whole > 0) {
      yield { offset, bytes: window.subarray(0, whole) };
      offset += whole;
      continue;
    }
    const claimed = filled < 8 ? 0 : window.readUInt32LE(4);
    if (filled < window.length || claimed <= window.length || claimed > MAX_RECORD_BYTES) return;
    window = Buffer.allocUnsafe(claimed);
  }
}

/** Fills `buffer` from `offset` of the file on; the bytes there were. */
export function readAt(descriptor: number, buffer: Buffer, offset: number): number {
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(descriptor, buffer, filled, buffer.length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** Bytes from the start that are whole blocks: their length stands in front and behind. */
function wholePrefix(window: Buffer, filled: number): number {
  let at = 0;
  while (at + LEAST_BLOCK_BYTES <= filled) {
    const length = window.readUInt32LE(at + 4);
    if (length < LEAST_BLOCK_BYTES || length % 4 !== 0 || at + length > filled) break;
    if (window.readUInt32LE(at + length - 4) !== length) break;
    at += length;
  }
  return at;
}
