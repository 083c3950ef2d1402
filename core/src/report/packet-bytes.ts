/** The JSON of the bytes of one packet, version 1: what a hex dump is drawn from. */
import type { HeaderSpan } from '../decode/header-spans.ts';

/** More of a frame is not shown; the download of a capture has all of it. */
export const PACKET_BYTES_MOST = 4096;

export interface PacketBytes {
  readonly version: 1;
  /** Where the frame was found, e.g. `the flight record` or a file's name; null when it was not. */
  readonly from: string | null;
  /** A sentence that says why there are no bytes, and how there would be; null when there are. */
  readonly reason: string | null;
  /** The first bytes of the frame, two digits each; empty when it was not found. */
  readonly hex: string;
  /** Bytes that were captured of it, and that it had on the wire. */
  readonly capturedLength: number;
  readonly length: number;
  /** From the outside in; they may reach beyond the bytes that are shown. */
  readonly layers: readonly HeaderSpan[];
  /** How many frames of that moment have these headers: with more than one, this is the first of them. */
  readonly alike: number;
}
