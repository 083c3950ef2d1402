/** Rows of a record that is a whole pcap or pcapng file. */
import { Decoder } from '../decode/decoder.ts';
import { PipelineError } from '../errors.ts';
import { QUALITY } from '../packet/columns.ts';
import { CaptureReader } from '../pcap/capture-reader.ts';
import type { FrameSink } from '../pcap/frame-sink.ts';
import { NO_LINES } from './raw-format.ts';
import type { RowFiller } from './row-filler.ts';

const decoder = new Decoder();

/**
 * One row per packet. What ends the capture early, a cut or a contradiction, is one more row that says so; it has the time
 * of the packet before it.
 * @throws PipelineError CAPTURE_* when there is no packet before the fault
 */
export function captureRows(bytes: Uint8Array, rows: RowFiller): void {
  let last = 0;
  const sink: FrameSink = {
    frame(frame, offset, capturedLength, wireLength, timeUs, timeNs, linkType) {
      const row = rows.next();
      decoder.decode(rows.columns, row, frame, offset, capturedLength, wireLength, timeUs, timeNs, linkType);
      rows.done();
      last = timeUs;
    },
  };
  const reader = new CaptureReader(sink);
  try {
    reader.feed(bytes);
    reader.end();
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    if (rows.rows === 0) throw withAdvice(error);
    const row = rows.next();
    rows.columns.timeUs[row] = last;
    rows.columns.quality[row] = QUALITY.malformedLink | QUALITY.timeInferred;
    rows.done();
  }
}

/** A file without its first packet was probably cut by what sent it. */
function withAdvice(error: PipelineError): PipelineError {
  if (error.code !== 'CAPTURE_TRUNCATED') return error;
  return new PipelineError(error.code, `${error.message}; ${NO_LINES}`, { cause: error });
}
