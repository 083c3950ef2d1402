/** `tapline flows`: a row per flow with the 76 statistics of CICFlowMeter, from a capture or from a run's stored batches. */
import { Option, type Command } from 'commander';
import { codecs } from '@tapline/adapters/codec/codecs';
import { PipelineError } from '@tapline/core/errors';
import { FlowExporter } from '@tapline/core/flow-statistics/flow-exporter';
import { cicflowmeterFlows, csvFlows, ndjsonFlows, NO_LABEL } from '@tapline/core/flow-statistics/flow-writer';
import { allocateColumns, type PacketColumns } from '@tapline/core/packet/columns';
import { decodeBatch } from '@tapline/core/wire/batch';
import { readFlowLabels } from '../cli/flow-labels.ts';
import { formatCount } from '../cli/format.ts';
import { interruptOnSignal } from '../cli/interrupt.ts';
import { FIELDS_HELP, parseFields, parseName, SOURCE_HELP } from '../cli/options.ts';
import { Progress } from '../cli/progress.ts';
import { openRows } from '../cli/open-rows.ts';
import { writeOut } from '../cli/write-out.ts';
import { openExistingStores } from '../line/data-folder.ts';

const WRITERS = { cicflowmeter: cicflowmeterFlows, ndjson: ndjsonFlows, csv: csvFlows } as const;

interface FlowsFlags {
  readonly data?: string;
  readonly sensor?: string;
  readonly format: keyof typeof WRITERS;
  readonly label?: string;
  readonly fields?: string[];
}

const HELP = `
Flows are cut as the corrected CICFlowMeter (Engelen 2021) cuts them: 120 s after their first packet, or at a new SYN after
FIN-FIN-ACK or RST. docs/flows.md says what every column means and where the two tools differ.

  tapline flows my.pcap > flows.csv
  tapline flows --data day --format ndjson
  tapline flows attack.pcap --label LABELS.tsv > labelled.csv`;

export function addFlows(program: Command): void {
  program
    .command('flows')
    .description('print a row per flow: addresses, ports, and the 76 statistics of CICFlowMeter')
    .argument('[source]', SOURCE_HELP)
    .option('--data <dir>', 'instead of a source: the batches in the folder that "tapline run --data" wrote')
    .option('--sensor <name>', 'only this sensor of the data folder', parseName)
    .addOption(
      new Option('--format <format>', 'cicflowmeter: its 84 columns; csv and ndjson: names of this project')
        .choices(Object.keys(WRITERS))
        .default('cicflowmeter'),
    )
    .option('--label <file>', 'a table of labelled captures (path, class, filter) that says what the flows are')
    .option('--fields <names>', FIELDS_HELP, parseFields)
    .addHelpText('after', HELP)
    .action(flows);
}

async function flows(source: string | undefined, flags: FlowsFlags): Promise<void> {
  const { data, label } = flags;
  if (source === undefined && data === undefined) throw new PipelineError('USAGE', 'name a source, or --data DIR');
  if (source !== undefined && data !== undefined) {
    throw new PipelineError('USAGE', 'name a source or a data folder, not both');
  }
  if (label !== undefined && source === undefined) {
    throw new PipelineError('USAGE', '--label needs the capture: the label file names flows by its path');
  }
  const output = new FlowOutput(flags, source);
  if (source === undefined) await storedFlows(flags, output);
  else await captureFlows(source, flags, output);
}

/** Flows on their way to standard output, and what is said of them on stderr. */
class FlowOutput {
  readonly interrupt: AbortSignal;
  readonly progress = new Progress(process.stderr.isTTY && !process.stdout.isTTY);
  #pending: Uint8Array[];
  readonly #make: () => FlowExporter;
  #exporter: FlowExporter;
  #counts = { flows: 0, skipped: 0, shed: 0 };

  constructor(flags: FlowsFlags, source: string | undefined) {
    const labels = flags.label === undefined ? undefined : readFlowLabels(flags.label, source!);
    for (const filter of labels?.unmapped ?? []) {
      this.warn(`this filter cannot be told of a flow, so its flows have no label: ${filter}`);
    }
    this.interrupt = interruptOnSignal().signal;
    const writer = WRITERS[flags.format]();
    this.#pending = [Buffer.from(writer.head)];
    this.#make = () =>
      new FlowExporter((statistics, row) => {
        const label = labels?.of(statistics, row) ?? NO_LABEL;
        this.#pending.push(Buffer.from(writer.flow(statistics, row, label)));
      });
    this.#exporter = this.#make();
  }

  take(columns: PacketColumns): void {
    this.#exporter.take(columns);
  }

  async drain(): Promise<void> {
    const lines = Buffer.concat(this.#pending);
    this.#pending = [];
    await writeOut([lines]);
  }

  /** Flow numbers begin anew in every session. */
  async endSession(): Promise<void> {
    while (!this.#exporter.finish()) await this.drain();
    const { flows: given, skipped, shed } = this.#exporter;
    this.#counts.flows += given;
    this.#counts.skipped += skipped;
    this.#counts.shed += shed;
    this.#exporter = this.#make();
    await this.drain();
  }

  warn(line: string): void {
    this.progress.clear();
    process.stderr.write(`tapline: ${line}\n`);
  }

  /** What a reader of the rows must know of what is not in them. */
  conclude(): void {
    this.progress.clear();
    const { skipped, shed } = this.#counts;
    if (skipped > 0) this.warn(`${formatCount(skipped)} packets without an IP header belong to no flow`);
    if (shed > 0) {
      this.warn(
        `${formatCount(shed)} flows were ended early, because more were open than fit: some may be in two rows`,
      );
    }
  }
}

async function captureFlows(given: string, { fields }: FlowsFlags, output: FlowOutput): Promise<void> {
  const { interrupt, progress } = output;
  const read = await openRows(given, {
    interrupt,
    progress,
    warn: (line) => {
      output.warn(line);
    },
    take: (columns) => {
      output.take(columns);
    },
    drain: () => output.drain(),
    ...(fields && { fields }),
  });
  try {
    await read();
  } finally {
    // Flows of the packets before a fault are the user's, so they are written whatever happened.
    await output.endSession();
    output.conclude();
  }
}

async function storedFlows({ data, sensor: only }: FlowsFlags, output: FlowOutput): Promise<void> {
  const stores = openExistingStores(data!);
  const columns = allocateColumns();
  try {
    const sessions = (await stores.ledger.sessions()).filter(({ sensor }) => only === undefined || sensor === only);
    if (sessions.length === 0) {
      throw new PipelineError(
        'USAGE',
        `${data!} holds no packets${only === undefined ? '' : ` of the sensor ${only}`}`,
      );
    }
    const total = { packets: 0, bytesRead: 0 };
    for (const { sensor, session } of sessions) {
      for await (const batch of stores.packets.sessionBatches(sensor, session)) {
        if (output.interrupt.aborted) break;
        const wire = await stores.packets.getBatch(batch.id);
        if (wire === undefined) throw new PipelineError('STORE', `batch ${batch.id} is gone from ${data!}`);
        decodeBatch(wire, codecs, columns);
        output.take(columns);
        await output.drain();
        total.packets += columns.count;
        total.bytesRead += wire.length;
        output.progress.update(total);
      }
      await output.endSession();
    }
  } finally {
    output.conclude();
    stores.close();
  }
}
