/** `tapline decode`: the decoder alone, a row per packet on standard output. */
import { once } from 'node:events';
import { Option, type Command } from 'commander';
import { openCapture } from '@tapline/adapters/file/source';
import { ColumnsSink } from '@tapline/capture-agent/columns-sink';
import { PipelineError } from '@tapline/core/errors';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { arrowRows } from '@tapline/core/rows/arrow';
import { csvRows } from '@tapline/core/rows/csv';
import { ndjsonRows } from '@tapline/core/rows/ndjson';
import type { RowWriter } from '@tapline/core/rows/row-writer';
import { Progress } from '../cli/progress.ts';

const WRITERS = { ndjson: ndjsonRows, csv: csvRows, arrow: arrowRows } satisfies Record<string, () => RowWriter>;
type Format = keyof typeof WRITERS;

export function addDecode(program: Command): void {
  program
    .command('decode')
    .description(
      'print a row per packet: number, time, source, destination, protocol, length, flags, ports, and the rest',
    )
    .argument('<source>', 'capture file (pcap or pcapng, plain, gz or zst), or - for standard input')
    .addOption(new Option('--format <format>', 'what to print').choices(Object.keys(WRITERS)).default('ndjson'))
    .action(decode);
}

async function decode(path: string, flags: { format: Format }): Promise<void> {
  if (flags.format === 'arrow' && process.stdout.isTTY) {
    throw new PipelineError('USAGE', 'Arrow is binary: send it to a file or a program, for example > packets.arrow');
  }
  const writer = WRITERS[flags.format]();
  const source = openCapture(path);
  const pending: Uint8Array[] = [writer.head()];
  const sink = new ColumnsSink((columns) => pending.push(writer.rows(columns)));
  const reader = new CaptureReader(sink);
  const progress = new Progress(process.stderr.isTTY && !process.stdout.isTTY);
  try {
    for await (const chunk of source) {
      try {
        reader.feed(chunk);
      } finally {
        await writeOut(pending);
      }
      const { bytesRead, sizeBytes } = source;
      progress.update({ packets: sink.packets, bytesRead, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    throw new PipelineError(error.code, `${path}: ${error.message}`, { cause: error });
  } finally {
    progress.clear();
    // Rows before a fault are the user's, so they and the end of the document are written whatever happened.
    sink.flush();
    pending.push(writer.end());
    await writeOut(pending);
  }
}

async function writeOut(pending: Uint8Array[]): Promise<void> {
  for (const bytes of pending.splice(0)) {
    if (bytes.length > 0 && !process.stdout.write(bytes)) await once(process.stdout, 'drain');
  }
}
