/**
 * How records lie in a spool file. Integers are little-endian.
 *
 *   file   = "TLSPOOL1" frame*
 *   frame  = marker "TLr:" | length u32 of the payload | crc32 u32 over kind and payload | kind u8 | payload
 *
 * The marker lets a reader find the next whole frame behind a damaged one.
 */
import { crc32 } from 'node:zlib';

export const FILE_HEADER = new TextEncoder().encode('TLSPOOL1');
export const FRAME_HEADER_BYTES = 13;
/** A payload is at most this long: a batch, a heartbeat, and some room. */
export const PAYLOAD_BYTES_MAX = 1_048_576;

const MARKER = Buffer.from('TLr:', 'latin1');
const KINDS = ['batch', 'heartbeat'] as const;
export type RecordKind = (typeof KINDS)[number];

export interface Frame {
  readonly kind: RecordKind;
  readonly payload: Uint8Array;
  /** Where the frame starts and ends in the buffer. */
  readonly start: number;
  readonly end: number;
}

/** The header that goes before `payload`. */
export function frameHeader(kind: RecordKind, payload: Uint8Array): Uint8Array {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  MARKER.copy(header, 0);
  header.writeUInt32LE(payload.length, 4);
  header.writeUInt32LE(checksum(header, KINDS.indexOf(kind), payload), 8);
  return header;
}

/** Writes the kind into the last byte of `header`, and sums it and the payload. */
function checksum(header: Buffer, kind: number, payload: Uint8Array): number {
  header[FRAME_HEADER_BYTES - 1] = kind;
  return crc32(payload, crc32(header.subarray(FRAME_HEADER_BYTES - 1)));
}

/** The frame at `offset`, or undefined when there is no whole, undamaged one. */
export function frameAt(bytes: Buffer, offset: number): Frame | undefined {
  const start = offset + FRAME_HEADER_BYTES;
  if (start > bytes.length || bytes.compare(MARKER, 0, MARKER.length, offset, offset + MARKER.length) !== 0) {
    return undefined;
  }
  const end = start + bytes.readUInt32LE(offset + 4);
  const kind = KINDS[bytes[start - 1]!];
  if (kind === undefined || end > bytes.length || end - start > PAYLOAD_BYTES_MAX) return undefined;
  if (crc32(bytes.subarray(start - 1, end)) !== bytes.readUInt32LE(offset + 8)) return undefined;
  return { kind, payload: bytes.subarray(start, end), start: offset, end };
}

export interface Scan {
  readonly frames: Frame[];
  /** Bytes that belong to no whole frame, behind the last whole frame and before it. */
  readonly tornBytes: number;
  readonly damagedBytes: number;
}

/** Every whole frame of a file from `offset` on. */
export function scanFrames(bytes: Buffer, offset: number): Scan {
  const frames: Frame[] = [];
  let damagedBytes = 0;
  let goodTo = offset;
  for (let at = offset; at < bytes.length;) {
    const frame = frameAt(bytes, at);
    if (frame === undefined) {
      at = bytes.indexOf(MARKER, at + 1);
      if (at < 0) break;
      continue;
    }
    damagedBytes += at - goodTo;
    frames.push(frame);
    at = goodTo = frame.end;
  }
  return { frames, tornBytes: bytes.length - goodTo, damagedBytes };
}
