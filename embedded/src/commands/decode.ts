/** `tapline decode`: the decoder alone, a row per packet on standard output. */
import { Option, type Command } from 'commander';
import { ColumnsSink } from '@tapline/capture-agent/columns-sink';
import { openSource } from '@tapline/capture-agent/source/open-source';
import { sourceName } from '@tapline/capture-agent/source/source-address';
import { PipelineError } from '@tapline/core/errors';
import { CaptureSetReader } from '@tapline/core/pcap/capture-set-reader';
import { arrowRows } from '@tapline/core/rows/arrow';
import { csvRows } from '@tapline/core/rows/csv';
import { ndjsonRows } from '@tapline/core/rows/ndjson';
import type { RowWriter } from '@tapline/core/rows/row-writer';
import { interruptOnSignal } from '../cli/interrupt.ts';
import { FIELDS_HELP, parseFields, SOURCE_HELP } from '../cli/options.ts';
import { Progress } from '../cli/progress.ts';
import { writeOut } from '../cli/write-out.ts';

const WRITERS = { ndjson: ndjsonRows, csv: csvRows, arrow: arrowRows } satisfies Record<string, () => RowWriter>;
type Format = keyof typeof WRITERS;

export function addDecode(program: Command): void {
  program
    .command('decode')
    .description(
      'print a row per packet: number, time, source, destination, protocol, length, flags, ports, and the rest',
    )
    .argument('<source>', SOURCE_HELP)
    .addOption(new Option('--format <format>', 'what to print').choices(Object.keys(WRITERS)).default('ndjson'))
    .option('--fields <names>', FIELDS_HELP, parseFields)
    .action(decode);
}

async function decode(given: string, flags: { format: Format; fields?: string[] }): Promise<void> {
  if (flags.format === 'arrow' && process.stdout.isTTY) {
    throw new PipelineError('USAGE', 'Arrow is binary: send it to a file or a program, for example > packets.arrow');
  }
  const writer = WRITERS[flags.format]();
  const interrupt = interruptOnSignal();
  const progress = new Progress(process.stderr.isTTY && !process.stdout.isTTY);
  const warn = (line: string): void => {
    progress.clear();
    process.stderr.write(`tapline: ${line}\n`);
  };
  const source = await openSource(given, { signal: interrupt, warn });
  const pending: Uint8Array[] = [writer.head()];
  const sink = new ColumnsSink((columns) => pending.push(writer.rows(columns)));
  const { fields } = flags;
  const reader = new CaptureSetReader(sink, undefined, {
    rows: (columns) => {
      sink.rows(columns);
    },
    arrivalUs: () => Date.now() * 1000,
    ...(fields && { fields }),
  });
  try {
    for await (const piece of source) {
      try {
        reader.feed(piece);
      } finally {
        await writeOut(pending);
      }
      const { bytesRead, sizeBytes } = source;
      progress.update({ packets: sink.packets, bytesRead, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
    }
    reader.end();
    if (reader.fault !== undefined) throw reader.fault;
  } catch (error) {
    if (interrupt.aborted) return;
    if (!(error instanceof PipelineError)) throw error;
    throw new PipelineError(error.code, `${sourceName(given)}: ${error.message}`, { cause: error });
  } finally {
    progress.clear();
    // Rows before a fault are the user's, so they and the end of the document are written whatever happened.
    sink.flush();
    pending.push(writer.end());
    await writeOut(pending);
  }
}
