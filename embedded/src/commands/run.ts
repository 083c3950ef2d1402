/** `tapline run`: a capture through the whole line in one process, with the report page, or with --exit without it. */
import { fileURLToPath } from 'node:url';
import { Option, type Command } from 'commander';
import { codecs } from '@tapline/adapters/codec/codecs';
import { presentAlerts, type PresentedAlerts } from '@tapline/core/history/present-alerts';
import { PipelineError } from '@tapline/core/errors';
import type { LoopPlan } from '@tapline/capture-agent/loop/loops';
import { PRICES_OF } from '@tapline/core/cost/prices';
import type { LineFacts } from '@tapline/core/report/pipeline-report';
import { createReport, type ReportPorts } from '@tapline/functions/stages/report';
import { readUsual } from '@tapline/functions/stages/read-usual';
import type { FrameShelf } from '@tapline/functions/stages/report/capture';
import { speedText, type ReplaySpeed } from '@tapline/capture-agent/pacer';
import type { RecordPlace } from '@tapline/capture-agent/record/recording';
import { freshSession, replaySession } from '@tapline/capture-agent/session';
import { sourceAddress } from '@tapline/capture-agent/source/source-address';
import { checkFollowable, choiceName, type SourceChoice } from '@tapline/capture-agent/source/source-choice';
import { buildReport, REPORT_DIST } from '../../../report/build.ts';
import { allowOption, openAllowFile, usualOption } from '../cli/allow-file.ts';
import { addInterfaceOptions, chooseSource, type InterfaceFlags } from '../cli/interface-options.ts';
import { PRIVATE_NETWORKS } from '@tapline/core/history/host-place';
import {
  FIELDS_HELP,
  FOLLOW_HELP,
  parseCount,
  parseFalseAlarms,
  parseFields,
  parseName,
  parseNetworks,
  parsePort,
  parseWindowUs,
  SOURCE_HELP,
} from '../cli/options.ts';
import { interruptOnSignal } from '../cli/interrupt.ts';
import { addLoopOptions, loopOf, loopText, type LoopFlags } from '../cli/loop-options.ts';
import { addMirrorOptions, mirrorOf, type MirrorFlags } from '../cli/mirror-options.ts';
import { Progress } from '../cli/progress.ts';
import {
  recordBucketOption,
  recordOption,
  recordPlace,
  recordSizeOption,
  type RecordFlags,
} from '../cli/record-options.ts';
import { runJson, runText } from '../cli/run-output.ts';
import { addSpeedOptions, speedOf, type SpeedFlags } from '../cli/speed-options.ts';
import { openShelf } from '../export/frame-shelf.ts';
import { systemClock } from '../line/clock.ts';
import { openStores, openTemporaryStores, type FolderStores } from '../line/data-folder.ts';
import { CaptureRun, type RunResult } from '../line/run-capture.ts';
import { startServer, type RunningServer } from '../server/http-server.ts';

const BUNDLED = fileURLToPath(new URL('../../../captures/office-under-attack.pcap.zst', import.meta.url));
/** The bundled capture lasts minutes; at this speed its attacks appear within seconds. */
const BUNDLED_SPEED = 12;

interface RunFlags extends InterfaceFlags, SpeedFlags, LoopFlags, MirrorFlags, RecordFlags {
  readonly on: 'embedded' | 'services';
  readonly window: number;
  readonly port: number;
  readonly data?: string;
  readonly sensor: string;
  readonly session?: string;
  readonly follow: boolean;
  readonly fields?: string[];
  readonly instances: number;
  readonly falseAlarmsPerDay?: number;
  readonly internal?: string;
  readonly allow?: string;
  readonly usual: boolean;
  readonly exit: boolean;
  readonly json: boolean;
}

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description(
      'take a capture, or what an interface sees, through the whole line in one process and serve the report page',
    )
    .argument('[source...]', `${SOURCE_HELP}; with -i a filter expression; default: the bundled capture`);
  addInterfaceOptions(command).addOption(
    new Option('--on <where>', 'where the stages run').choices(['embedded', 'services']).default('embedded'),
  );
  addSpeedOptions(command, 'top; the bundled capture: 12');
  addLoopOptions(command);
  addMirrorOptions(command)
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
    .option('--follow', FOLLOW_HELP, false)
    .option('--fields <names>', FIELDS_HELP, parseFields)
    .addOption(allowOption())
    .addOption(usualOption())
    .addOption(recordOption())
    .addOption(recordSizeOption())
    .addOption(recordBucketOption())
    .addOption(
      new Option(
        '--false-alarms-per-day <n>',
        'that the detector unlike-history may raise, per sensor (default: 1)',
      ).argParser(parseFalseAlarms),
    )
    .option('--internal <networks>', 'networks of our own, comma-separated (default: private ranges)', parseNetworks)
    .option('--instances <n>', 'of each function, with --on services', parseCount, 1)
    .option('--exit', 'no page: end when the capture is through', false)
    .option('--json', 'print the result as one JSON object', false)
    .action((words: string[], flags: RunFlags) => run(words, flags));
}

async function run(words: readonly string[], flags: RunFlags): Promise<void> {
  const source = chooseSource(words, flags, BUNDLED);
  if (typeof source !== 'string') refuseWithInterface(flags);
  else sourceAddress(source);
  if (flags.follow) checkFollowable(source);
  const isBundled = words.length === 0 && flags.interface === undefined;
  const speed = speedOf(flags) ?? (isBundled && !flags.exit ? BUNDLED_SPEED : 'top');
  const loop = loopOf(source, flags, flags.follow);
  if (flags.on === 'services' && typeof source === 'string') {
    if (flags.data !== undefined) {
      throw new PipelineError('USAGE', '--data is for --on embedded: the services keep data of their own');
    }
    if (flags.record !== undefined) {
      throw new PipelineError('USAGE', '--record is for --on embedded, and for tapline capture');
    }
    if (loop.loop !== undefined) {
      throw new PipelineError(
        'USAGE',
        '--loop is for --on embedded, and for tapline capture: a run on the services waits for the books of one session',
      );
    }
    // Its clients take a second to load and memory that a run in one process is not to have.
    const { runServices } = await import('./run-on-services.ts');
    await runServices({ ...flags, ...mirrorOf(flags, false), source, speed: speedText(speed) });
    return;
  }
  const record = recordPlace(flags);
  const session = await sessionOf(source, flags);
  const stores = flags.data === undefined ? openTemporaryStores() : openStores(flags.data);
  try {
    await runWith(stores, { source, speed, session, ...loop, ...(record && { record }) }, flags);
  } finally {
    stores.close();
  }
}

function refuseWithInterface(flags: RunFlags): void {
  if (speedOf(flags) !== undefined) throw new PipelineError('USAGE', '--interface sets the pace: leave the speed away');
  if (flags.on === 'services') {
    throw new PipelineError('USAGE', '--interface with --on services is: tapline capture --interface NAME');
  }
}

interface Chosen {
  readonly source: SourceChoice;
  readonly speed: ReplaySpeed;
  readonly session: string;
  readonly loop?: LoopPlan;
  readonly preload: boolean;
  readonly record?: RecordPlace;
}

async function sessionOf(source: SourceChoice, flags: RunFlags): Promise<string> {
  const { session, follow, window: windowUs } = flags;
  if (session !== undefined && session !== 'new') return session;
  // What is captured now, or still being written, has no identity.
  if (session === 'new' || follow || typeof source !== 'string') return freshSession();
  return replaySession(source, { windowUs, ...mirrorOf(flags, false) });
}

async function runWith(stores: FolderStores, chosen: Chosen, flags: RunFlags): Promise<void> {
  const progress = new Progress();
  let current: CaptureRun | undefined;
  const warn = (line: string): void => {
    progress.clear();
    process.stderr.write(`tapline: ${line}\n`);
  };
  const allowList = openAllowFile(flags.allow, warn);
  const server = flags.exit
    ? undefined
    : await serve(stores, flags.port, {
        allowList,
        frames: await shelfOf(chosen, flags),
        line: () => ONE_PROCESS,
        early: (sensor) => current?.early(sensor) ?? Promise.resolve([]),
        run: () => current?.status() ?? { state: 'waiting', progress: null, source: null, speed: null },
      });
  try {
    const {
      follow,
      fields,
      sensor,
      window: windowUs,
      falseAlarmsPerDay = 1,
      internal: internalNetworks = PRIVATE_NETWORKS,
    } = flags;
    const rules = { windowUs, falseAlarmsPerDay, internalNetworks };
    const isChosen = flags.session !== undefined && flags.session !== 'new';
    const options = {
      ...chosen,
      ...mirrorOf(flags, typeof chosen.source !== 'string'),
      ...rules,
      ...(fields && { fields }),
      isChosen,
      follow,
      sensor,
      warn,
    };
    current = new CaptureRun(stores, options, (run) => {
      const { loop } = chosen;
      const { pass } = run.position;
      const passes = loop !== undefined && pass !== undefined ? { loop: loopText(pass, loop) } : {};
      progress.update({ packets: run.packets, ...run.position, ...passes });
    });
    if (typeof chosen.source !== 'string') process.on('SIGHUP', current.turn.bind(current));
    const interrupted = onInterrupt(current, progress);
    const result = await current.finish();
    progress.clear();
    const presented = presentAlerts(result.alerts, {
      allowList: allowList(),
      usual: await readUsual(result.alerts, stores.results),
      withUsual: flags.usual,
    });
    print(result, presented, choiceName(chosen.source), flags);
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

/** Batches are handed from stage to stage: there is no queue that could give one up, and nothing that is paid for by use. */
const ONE_PROCESS: LineFacts = {
  deadLetters: {
    count: 0,
    text: 'In one process nothing waits in a queue, so nothing is given up: what cannot be decoded is a row that says so, and what cannot be stored ends the run with an error.',
  },
  cost: {
    report: { pricesOf: PRICES_OF, lines: [], usd: 0, usdPerMillionPackets: 0, fixed: [] },
    text: 'A run in one process uses nothing but this machine, whose own cost is not counted. What the same packets cost on the services, tapline run --on services counts.',
  },
};

function shelfOf({ source, record }: Chosen, { follow }: RunFlags): Promise<FrameShelf> {
  return openShelf({ source, follow, ...(record && { record }) });
}

async function serve(
  stores: FolderStores,
  port: number,
  more: Pick<ReportPorts, 'allowList' | 'frames' | 'run' | 'line' | 'early'>,
): Promise<RunningServer> {
  await buildReport();
  const api = createReport({ ...stores, clock: systemClock, codecs, ...more }, (error) =>
    process.stderr.write(`tapline: report: ${error instanceof Error ? error.message : String(error)}\n`),
  );
  const server = await startServer({ port, api, staticDir: REPORT_DIST });
  process.stderr.write(`tapline: the report is at ${server.url}\n`);
  return server;
}

/** First Ctrl-C: drain and print the books. Second: leave at once. */
function onInterrupt(run: CaptureRun, progress: Progress): AbortSignal {
  return interruptOnSignal(() => {
    progress.clear();
    process.stderr.write('tapline: stopping; what was read is being stored (Ctrl-C again to leave at once)\n');
    run.stop();
  }).signal;
}

function print(result: RunResult, allowed: PresentedAlerts, source: string, flags: RunFlags): void {
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(runJson(result, allowed, source, flags.sensor))}\n`
      : runText(result, allowed, source),
  );
  if (result.fault !== undefined) {
    process.stderr.write(`tapline: ${source}: ${result.fault.message}\n`);
    process.exitCode = 1;
  }
}
