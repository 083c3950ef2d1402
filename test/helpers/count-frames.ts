/** Reads a whole stored capture and keeps only sums, for comparing with other tools' sums over large sets of files. */
import { readFileSync } from 'node:fs';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { PipelineError } from '@tapline/core/errors';

export interface FrameCount {
  packets: number;
  wireBytes: number;
  capturedBytes: number;
  minTimeUs: number;
  maxTimeUs: number;
  /** Packets by link type. */
  readonly linkTypes: Map<number, number>;
  /** Undefined when the file ended as it should. */
  fault: PipelineError | undefined;
}

/** Anything thrown that is not a PipelineError is thrown on: that would be a crash. */
export function countFrames(file: string | Uint8Array, chunkBytes = 65_536): FrameCount {
  const bytes = typeof file === 'string' ? readFileSync(file) : file;
  const count: FrameCount = {
    packets: 0,
    wireBytes: 0,
    capturedBytes: 0,
    minTimeUs: Infinity,
    maxTimeUs: -Infinity,
    linkTypes: new Map(),
    fault: undefined,
  };
  const reader = new CaptureReader({
    frame(_bytes, _offset, capturedLength, wireLength, timeUs, _timeNs, linkType) {
      count.packets++;
      count.wireBytes += wireLength;
      count.capturedBytes += capturedLength;
      count.minTimeUs = Math.min(count.minTimeUs, timeUs);
      count.maxTimeUs = Math.max(count.maxTimeUs, timeUs);
      count.linkTypes.set(linkType, (count.linkTypes.get(linkType) ?? 0) + 1);
    },
  });
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes) reader.feed(bytes.subarray(at, at + chunkBytes));
    reader.end();
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    count.fault = error;
  }
  return count;
}

/** Microseconds as capinfos prints them: seconds with six decimals, cut, not rounded. */
export function secondsText(timeUs: number): string {
  const magnitude = Math.abs(timeUs);
  const seconds = `${Math.floor(magnitude / 1e6)}.${String(magnitude % 1e6).padStart(6, '0')}`;
  return timeUs < 0 ? `-${seconds}` : seconds;
}
