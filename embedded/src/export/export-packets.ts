/** Takes packets out of a record and writes them as a capture. */
import { setImmediate } from 'node:timers/promises';
import type { PacketFilter } from '@tapline/core/detect/alert';
import { PcapWriter } from '@tapline/core/pcap/pcap-writer';
import { PcapngWriter } from '@tapline/core/pcap/pcapng-writer';
import type { MissingRange, RecordReader } from '@tapline/capture-agent/record/record-reader';
import { BpfFrames } from './bpf-frames.ts';
import { CountedFrames } from './counted-frames.ts';
import { searchRecord, type SearchedRecord } from './frame-search.ts';
import { openOutlet } from './outlet.ts';

export interface ExportOptions {
  /** Of one sensor. */
  readonly record: SearchedRecord;
  /** All of which a packet must match; at least one. */
  readonly filters: readonly PacketFilter[];
  /** A BPF expression that it must match, too. */
  readonly expression?: string;
  readonly format: 'pcap' | 'pcapng';
  /** A file, or `-`. */
  readonly output: string;
}

export interface ExportResult {
  readonly packets: number;
  /** Captured bytes of the packets. */
  readonly bytes: number;
  /** Event time of the oldest and the newest of them; meaningless without packets. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly missing: readonly MissingRange[];
  /** Of the whole record. */
  readonly span: RecordReader['span'];
  /** Whether the record is still written, or its process was killed. */
  readonly isOpen: boolean;
  readonly interrupted: boolean;
}

export interface ExportProgress {
  readonly packets: number;
  readonly bytesRead: number;
  readonly sizeBytes: number;
}

/**
 * @param interrupt aborting it ends the search; what was found is written
 * @throws PipelineError USAGE when there is no record, the output cannot be made, the format cannot hold the packets or
 *   the expression is none; then no file is left
 */
export async function exportPackets(
  options: ExportOptions,
  interrupt: AbortSignal,
  onProgress: (progress: ExportProgress) => void,
): Promise<ExportResult> {
  const { filters, expression, format, output } = options;
  const outlet = openOutlet(output);
  const take = (bytes: Uint8Array): void => {
    outlet.write(bytes);
  };
  const writer = format === 'pcap' ? new PcapWriter(take) : new PcapngWriter(take);
  const counted = new CountedFrames(writer);
  let bpf: BpfFrames | undefined;
  try {
    if (expression !== undefined) bpf = new BpfFrames(expression, counted, () => outlet.drain());
    const reader = searchRecord(options.record, filters, bpf ?? counted);
    const stretches = reader.read();
    while ((await stretches.next()).done !== true) {
      await (bpf ?? outlet).drain();
      onProgress({ packets: counted.packets, bytesRead: reader.bytesRead, sizeBytes: reader.sizeBytes });
      // Reading blocks, so Ctrl-C gets its turn here.
      await setImmediate();
      if (interrupt.aborted || bpf?.ended === true) await stretches.return(undefined);
    }
    await bpf?.finish();
    writer.flush();
    await outlet.finish();
    const { packets, bytes, fromUs, toUs } = counted;
    const missing = reader.missing.sort((a, b) => a.fromUs - b.fromUs);
    const { span, isOpen } = reader;
    return { packets, bytes, fromUs, toUs, missing, span, isOpen, interrupted: interrupt.aborted };
  } catch (error) {
    bpf?.abandon();
    outlet.abandon();
    throw error;
  }
}
