/** `tapline flows`: a row per flow with the statistics of CICFlowMeter, from a capture or from what a run stored. */
import { once } from 'node:events';
import { Option, type Command } from 'commander';
import { codecs } from '@tapline/adapters/codec/codecs';
import { ColumnsSink } from '@tapline/capture-agent/columns-sink';
import { openSource } from '@tapline/capture-agent/source/open-source';
import { sourceName } from '@tapline/capture-agent/source/source-address';
import { PipelineError } from '@tapline/core/errors';
import { FlowExport } from '@tapline/core/flow-statistics/flow-export';
import { FLOW_FORMATS, flowHead, flowLine, type FlowFormat } from '@tapline/core/flow-statistics/flow-rows';
import { allocateColumns } from '@tapline/core/packet/columns';
import { CaptureSetReader } from '@tapline/core/pcap/capture-set-reader';
import { decodeBatch } from '@tapline/core/wire/batch';
import { SOURCE_HELP } from '../cli/options.ts';
import { Progress } from '../cli/progress.ts';
import { openExistingStores } from '../line/data-folder.ts';

interface FlowsFlags {
  readonly format: FlowFormat;
  readonly data?: string;
}

export function addFlows(program: Command): void {
  program
    .command('flows')
    .description('print a row per flow with the 76 statistics of CICFlowMeter, cut as its corrected version cuts')
    .argument('[source]', SOURCE_HELP)
    .option('--data <dir>', 'instead of a source: the folder that "tapline run --data" wrote')
    .addOption(new Option('--format <format>', 'what to print').choices(FLOW_FORMATS).default('cicflowmeter'))
    .action(flows);
}

async function flows(given: string | undefined, { format, data }: FlowsFlags): Promise<void> {
  if ((given === undefined) === (data === undefined)) {
    throw new PipelineError('USAGE', 'name a capture, or the folder of a run with --data DIR, one of the two');
  }
  const interrupt = interruptOnSignal();
  const progress = new Progress(process.stderr.isTTY && !process.stdout.isTTY);
  const lines: string[] = [];
  const flowExport = new FlowExport((flow, table, row) => lines.push(flowLine(format, flow, table, row)));
  const begin = (): void => {
    lines.push(flowHead(format));
  };
  const writeOut = async (): Promise<void> => {
    const text = lines.splice(0).join('');
    if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
  };
  try {
    if (given === undefined) await readData(data!, flowExport, progress, interrupt, begin, writeOut);
    else await readSource(given, flowExport, progress, interrupt, begin, writeOut);
  } finally {
    progress.clear();
    // Flows before a fault or Ctrl-C are the user's.
    flowExport.end();
    await writeOut();
    if (flowExport.evicted > 0) {
      process.stderr.write(`tapline: ${flowExport.evicted} flows were printed before their end: too many at a time\n`);
    }
  }
}

async function readSource(
  given: string,
  flowExport: FlowExport,
  progress: Progress,
  interrupt: AbortSignal,
  begin: () => void,
  writeOut: () => Promise<void>,
): Promise<void> {
  const warn = (line: string): void => {
    progress.clear();
    process.stderr.write(`tapline: ${line}\n`);
  };
  const source = await openSource(given, { signal: interrupt, warn });
  begin();
  const sink = new ColumnsSink((columns) => {
    flowExport.add(columns);
  });
  const reader = new CaptureSetReader(sink);
  try {
    for await (const piece of source) {
      reader.feed(piece);
      await writeOut();
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
    sink.flush();
  }
}

/** Every stored batch, session by session: flow numbers belong to a session. */
async function readData(
  folder: string,
  flowExport: FlowExport,
  progress: Progress,
  interrupt: AbortSignal,
  begin: () => void,
  writeOut: () => Promise<void>,
): Promise<void> {
  const stores = openExistingStores(folder);
  begin();
  const columns = allocateColumns();
  let packets = 0;
  let bytesRead = 0;
  try {
    for (const { sensor, session } of await stores.ledger.sessions()) {
      for await (const { id, count } of stores.packets.sessionBatches(sensor, session)) {
        if (interrupt.aborted) return;
        const wire = await stores.packets.getBatch(id);
        if (wire === undefined) continue;
        decodeBatch(wire, codecs, columns);
        flowExport.add(columns);
        await writeOut();
        packets += count;
        bytesRead += wire.length;
        progress.update({ packets, bytesRead });
      }
      flowExport.end();
      await writeOut();
    }
  } finally {
    stores.close();
  }
}

/** First Ctrl-C: what was read is printed. Second: leave at once. */
function interruptOnSignal(): AbortSignal {
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort();
    });
  }
  return interrupt.signal;
}
