/** The errors of the capture readers in one form: what, which record, at which byte, and how far reading came. */
import { PipelineError } from '../errors.ts';

const HEADLINE = {
  CAPTURE_FORMAT: 'unreadable capture',
  CAPTURE_TRUNCATED: 'truncated capture',
  CAPTURE_CORRUPT: 'corrupt capture',
} as const;

export interface FaultPlace {
  /** Number of the record from 1 (pcap: the packet; pcapng: the block), 0 for the file header of a pcap. */
  readonly record: number;
  /** Where that record starts, in bytes from the start of the (decompressed) capture. */
  readonly byteOffset: number;
  /** Packets delivered before the fault. */
  readonly packets: number;
}

/** A PipelineError that reads `truncated capture: record 18 at byte 1234 wants 74 bytes, 12 left (17 packets read)`. */
export function captureFault(code: keyof typeof HEADLINE, place: FaultPlace, problem: string): PipelineError {
  const what = place.record === 0 ? 'file header' : `record ${place.record}`;
  const read = `${place.packets} ${place.packets === 1 ? 'packet' : 'packets'} read`;
  return new PipelineError(code, `${HEADLINE[code]}: ${what} at byte ${place.byteOffset} ${problem} (${read})`);
}

/** The fault of files that were pasted together: a file header where a record should be. */
export function anotherCapture(kind: 'pcap' | 'pcapng', place: FaultPlace): PipelineError {
  const problem = `is not a record: another capture starts at byte ${place.byteOffset} (${kind}); split the file there`;
  return captureFault('CAPTURE_CORRUPT', place, problem);
}
