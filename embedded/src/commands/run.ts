/** `tapline run`: a capture through the whole line in one process, with the report page, or with --exit without it. */
import { fileURLToPath } from 'node:url';
import { Option, type Command } from 'commander';
import { codecs } from '@tapline/adapters/codec/codecs';
import { inspect } from '@tapline/adapters/file/source';
import { PipelineError } from '@tapline/core/errors';
import { createReport } from '@tapline/functions/stages/report';
import type { ReplaySpeed } from '@tapline/capture-agent/pacer';
import type { RecordPlace } from '@tapline/capture-agent/record/recording';
import { freshSession } from '@tapline/capture-agent/session';
import { buildReport, REPORT_DIST } from '../../../report/build.ts';
import { parseCount, parseName, parsePort, parseSpeedOption, parseWindowUs } from '../cli/options.ts';
import { Progress } from '../cli/progress.ts';
import { recordOption, recordPlace, recordSizeOption } from '../cli/record-options.ts';
import { runJson, runText } from '../cli/run-output.ts';
import { openStores, openTemporaryStores, type Stores } from '../line/data-folder.ts';
import { CaptureRun, type RunResult } from '../line/run-capture.ts';
import { startServer, type RunningServer } from '../server/http-server.ts';

const BUNDLED = fileURLToPath(new URL('../../../captures/office-under-attack.pcap.zst', import.meta.url));
/** The bundled capture lasts minutes; at this speed its attacks appear within seconds. */
const BUNDLED_SPEED = 12;

interface RunFlags {
  readonly on: 'embedded' | 'services';
  readonly speed?: ReplaySpeed;
  readonly window: number;
  readonly port: number;
  readonly data?: string;
  readonly sensor: string;
  readonly session?: string;
  readonly instances: number;
  readonly record?: string;
  readonly recordSize: number;
  readonly exit: boolean;
  readonly json: boolean;
}

export function addRun(program: Command): void {
  program
    .command('run')
    .description('take a capture through the whole line in one process and serve the report page')
    .argument(
      '[source]',
      'capture file (pcap or pcapng, plain, gz or zst), or - for standard input; default: the bundled capture',
    )
    .addOption(new Option('--on <where>', 'where the stages run').choices(['embedded', 'services']).default('embedded'))
    .option(
      '--speed <speed>',
      'recorded, top, or a factor such as 10 (default: top; the bundled capture: 12)',
      parseSpeedOption,
    )
    .addOption(
      new Option('--window <length>', 'window length, whole seconds').argParser(parseWindowUs).default(10e6, '10s'),
    )
    .option('--port <port>', 'port of the report page on 127.0.0.1', parsePort, 8080)
    .option('--data <dir>', 'keep everything in this folder (default: a temporary one)')
    .option('--sensor <name>', 'name of the sensor', parseName, 'instance-1')
    .option(
      '--session <name>',
      'name of the session, or new for a fresh one (default: derived from the capture)',
      parseName,
    )
    .addOption(recordOption())
    .addOption(recordSizeOption())
    .option('--instances <n>', 'of each function, with --on services', parseCount, 1)
    .option('--exit', 'no page: end when the capture is through', false)
    .option('--json', 'print the result as one JSON object', false)
    .action((source: string | undefined, flags: RunFlags) => run(source, flags));
}

async function run(given: string | undefined, flags: RunFlags): Promise<void> {
  const source = given ?? BUNDLED;
  inspect(source);
  const speed = flags.speed ?? (given === undefined && !flags.exit ? BUNDLED_SPEED : 'top');
  if (flags.on === 'services') {
    if (flags.data !== undefined) {
      throw new PipelineError('USAGE', '--data is for --on embedded: the services keep data of their own');
    }
    if (flags.record !== undefined) {
      throw new PipelineError('USAGE', '--record is for --on embedded, and for tapline capture');
    }
    // Its clients take a second to load and memory that a run in one process is not to have.
    const { runServices } = await import('./run-on-services.ts');
    await runServices({ ...flags, source, speed: String(speed) });
    return;
  }
  const record = recordPlace(flags);
  const session = flags.session === 'new' ? freshSession() : flags.session;
  const stores = flags.data === undefined ? openTemporaryStores() : openStores(flags.data);
  try {
    const chosen = { source, speed, ...(session === undefined ? {} : { session }) };
    await runWith(stores, record === undefined ? chosen : { ...chosen, record }, flags);
  } finally {
    stores.close();
  }
}

interface Chosen {
  readonly source: string;
  readonly speed: ReplaySpeed;
  readonly session?: string;
  readonly record?: RecordPlace;
}

async function runWith(stores: Stores, chosen: Chosen, flags: RunFlags): Promise<void> {
  const progress = new Progress();
  let current: CaptureRun | undefined;
  const server = flags.exit ? undefined : await serve(stores, flags.port, () => current);
  try {
    const warn = (line: string): void => {
      progress.clear();
      process.stderr.write(`tapline: ${line}\n`);
    };
    current = new CaptureRun(stores, { ...chosen, sensor: flags.sensor, windowUs: flags.window, warn }, (run) => {
      progress.update({ packets: run.packets, ...run.position });
    });
    const interrupted = onInterrupt(current, progress);
    const result = await current.finish();
    progress.clear();
    print(result, chosen.source, flags);
    if (server !== undefined && !interrupted.aborted) {
      process.stderr.write(`tapline: the report is at ${server.url} until Ctrl-C\n`);
      await new Promise((resolve) => {
        interrupted.addEventListener('abort', resolve);
      });
    }
  } finally {
    progress.clear();
    await server?.close();
  }
}

async function serve(stores: Stores, port: number, current: () => CaptureRun | undefined): Promise<RunningServer> {
  await buildReport();
  const api = createReport(
    {
      ...stores,
      codecs,
      run: () => current()?.status() ?? { state: 'waiting', progress: null, source: null, speed: null },
    },
    (error) => process.stderr.write(`tapline: report: ${error instanceof Error ? error.message : String(error)}\n`),
  );
  const server = await startServer({ port, api, staticDir: REPORT_DIST });
  process.stderr.write(`tapline: the report is at ${server.url}\n`);
  return server;
}

/** First Ctrl-C: drain and print the books. Second: leave at once. */
function onInterrupt(run: CaptureRun, progress: Progress): AbortSignal {
  const interrupted = new AbortController();
  const stop = (): void => {
    if (interrupted.signal.aborted) process.exit(130);
    progress.clear();
    process.stderr.write('tapline: stopping; what was read is being stored (Ctrl-C again to leave at once)\n');
    interrupted.abort();
    run.stop();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return interrupted.signal;
}

function print(result: RunResult, source: string, flags: RunFlags): void {
  process.stdout.write(
    flags.json ? `${JSON.stringify(runJson(result, source, flags.sensor))}\n` : runText(result, source),
  );
  if (result.fault !== undefined) {
    process.stderr.write(`tapline: ${source}: ${result.fault.message}\n`);
    process.exitCode = 1;
  }
}
