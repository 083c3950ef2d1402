/** `tapline decode`: the decoder alone, a row per packet on standard output. */
import { Option, type Command } from 'commander';
import { PipelineError } from '@tapline/core/errors';
import { arrowRows } from '@tapline/core/rows/arrow';
import { csvRows } from '@tapline/core/rows/csv';
import { ndjsonRows } from '@tapline/core/rows/ndjson';
import type { RowWriter } from '@tapline/core/rows/row-writer';
import { interruptOnSignal } from '../cli/interrupt.ts';
import { FIELDS_HELP, parseFields, SOURCE_HELP } from '../cli/options.ts';
import { Progress } from '../cli/progress.ts';
import { openRows } from '../cli/open-rows.ts';
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
  const interrupt = interruptOnSignal().signal;
  const progress = new Progress(process.stderr.isTTY && !process.stdout.isTTY);
  const warn = (line: string): void => {
    progress.clear();
    process.stderr.write(`tapline: ${line}\n`);
  };
  const pending: Uint8Array[] = [writer.head()];
  const { fields } = flags;
  const read = await openRows(given, {
    interrupt,
    progress,
    warn,
    take: (columns) => pending.push(writer.rows(columns)),
    drain: () => writeOut(pending),
    ...(fields && { fields }),
  });
  try {
    await read();
  } finally {
    progress.clear();
    // The end of the document, too, is written whatever happened.
    pending.push(writer.end());
    await writeOut(pending);
  }
}
