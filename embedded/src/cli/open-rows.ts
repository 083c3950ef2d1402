/** The rows of a source, decoded, for commands that want no line behind the decoder. */
import { ColumnsSink } from '@tapline/capture-agent/columns-sink';
import { openSource } from '@tapline/capture-agent/source/open-source';
import { sourceName } from '@tapline/capture-agent/source/source-address';
import { PipelineError } from '@tapline/core/errors';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { CaptureSetReader } from '@tapline/core/pcap/capture-set-reader';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import type { Progress } from './progress.ts';

export interface RowReading {
  /** Ends the reading, without an error. */
  readonly interrupt: AbortSignal;
  readonly progress: Progress;
  readonly warn: (line: string) => void;
  /** Names for the columns of a table of text (`tshark -T fields`). */
  readonly fields?: readonly string[];
  /** Up to BATCH_CAPACITY rows, which are valid only during the call. */
  readonly take: (columns: PacketColumns) => void;
  /** Called after each piece of the source: writes what was made of it, and waits while its reader is behind. */
  readonly drain: () => Promise<void>;
}

/**
 * Opens a source: a file, a directory, an address, or `-`.
 * @returns what reads it. It resolves when every row was taken; rows before a fault are the user's, so they are taken
 * whatever happens, and the error begins with the source's name
 * @throws PipelineError when there is no such source, before anything is read or written
 */
export async function openRows(given: string, reading: RowReading): Promise<() => Promise<void>> {
  const { interrupt, warn } = reading;
  const source = await openSource(given, { signal: interrupt, warn });
  return () => readRows(source, sourceName(given), reading);
}

async function readRows(source: CaptureSource<CapturePiece>, name: string, reading: RowReading): Promise<void> {
  const { interrupt, progress, fields, take, drain } = reading;
  const sink = new ColumnsSink(take);
  const reader = new CaptureSetReader(sink, undefined, {
    rows: (columns) => {
      sink.rows(columns);
    },
    arrivalUs: () => Date.now() * 1000,
    ...(fields && { fields }),
  });
  try {
    for await (const piece of source) {
      reader.feed(piece);
      await drain();
      const { bytesRead, sizeBytes } = source;
      progress.update({ packets: sink.packets, bytesRead, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
    }
    reader.end();
    if (reader.fault !== undefined) throw reader.fault;
  } catch (error) {
    if (interrupt.aborted) return;
    if (!(error instanceof PipelineError)) throw error;
    throw new PipelineError(error.code, `${name}: ${error.message}`, { cause: error });
  } finally {
    sink.flush();
  }
}
