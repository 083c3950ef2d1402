/** `tapline capture`: a capture, what a pipe brings, or what an interface sees into the sensor's Kafka topics. */
import { Option, type Command } from 'commander';
import { kafkaOptions } from '@tapline/adapters/kafka/client';
import { COMPRESSIONS, type KafkaCompression } from '@tapline/adapters/kafka/producer';
import { capture } from '@tapline/capture-agent/capture-session';
import { freshSession, replaySession } from '@tapline/capture-agent/session';
import { sourceAddress } from '@tapline/capture-agent/source/source-address';
import { checkFollowable, choiceName, type SourceChoice } from '@tapline/capture-agent/source/source-choice';
import { defaultSpoolFolder } from '@tapline/capture-agent/spool/default-folder';
import { PipelineError } from '@tapline/core/errors';
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import { numberSetting, readSettings } from '@tapline/core/settings/settings';
import { captureJson, captureText, type CaptureRun } from '../cli/capture-output.ts';
import { addInterfaceOptions, chooseSource, type InterfaceFlags } from '../cli/interface-options.ts';
import { interruptOnSignal } from '../cli/interrupt.ts';
import { addLoopOptions, loopOf, loopText, type LoopFlags } from '../cli/loop-options.ts';
import { addMirrorOptions, mirrorOf, type MirrorFlags } from '../cli/mirror-options.ts';
import {
  FIELDS_HELP,
  FOLLOW_HELP,
  parseFields,
  parseDurationUs,
  parseName,
  parseSize,
  parseWindowUs,
  SOURCE_HELP,
} from '../cli/options.ts';
import { Progress } from '../cli/progress.ts';
import {
  markAlertsOption,
  recordBucketOption,
  recordOption,
  recordPlace,
  recordSizeOption,
  type RecordFlags,
} from '../cli/record-options.ts';
import { addSpeedOptions, speedOf, type SpeedFlags } from '../cli/speed-options.ts';
import { CaptureMarks } from '../line/capture-marks.ts';
import { captureSenders } from './capture-senders.ts';

interface CaptureFlags extends InterfaceFlags, SpeedFlags, LoopFlags, MirrorFlags, RecordFlags {
  readonly sensor: string;
  readonly session?: string;
  readonly window?: number;
  readonly live: boolean;
  readonly follow: boolean;
  readonly fields?: string[];
  readonly spool?: string;
  readonly spoolSize: number;
  readonly markAlerts: boolean;
  readonly compression: KafkaCompression;
  readonly ensure: boolean;
  readonly patience: number;
  readonly json: boolean;
}

/** Less would be full before a broker that restarts is back. */
const SPOOL_BYTES_LEAST = 4 * 2 ** 20;

export function addCapture(program: Command): void {
  const command = program
    .command('capture')
    .description("take a capture, what a pipe brings, or what an interface sees into the sensor's Kafka topics")
    .argument('[source...]', `${SOURCE_HELP}; with -i a filter expression`)
    .option('--sensor <name>', 'name of the sensor', parseName, 'instance-1')
    .option(
      '--session <name>',
      'name of the session, or new for a fresh one (default: derived from the capture)',
      parseName,
    )
    .option('--window <length>', 'window length, whole seconds (default: TAPLINE_WINDOW, 10s)', parseWindowUs);
  addInterfaceOptions(command);
  addSpeedOptions(command, 'top');
  addLoopOptions(command);
  addMirrorOptions(command)
    .option(
      '--live',
      'the source is captured now: a batch every second, and silence is time that passes (with tcpdump -U -w -); with listen://, a session for each sender, until Ctrl-C',
      false,
    )
    .option('--follow', `${FOLLOW_HELP}; it is live then`, false)
    .option('--fields <names>', FIELDS_HELP, parseFields)
    .option('--spool <dir>', 'where messages wait while the broker is away (default: with the state of the user)')
    .addOption(
      new Option('--spool-size <size>', 'how much may wait there; then the source is held back')
        .argParser(parseSize)
        .default(2 ** 30, '1G'),
    )
    .addOption(recordOption())
    .addOption(recordSizeOption())
    .addOption(recordBucketOption())
    .addOption(markAlertsOption())
    .addOption(
      new Option('--compression <codec>', "Kafka's own, on top of that of the batches")
        .choices(COMPRESSIONS)
        .default('none'),
    )
    .option('--no-ensure', 'do not make topics that are missing')
    .addOption(
      new Option('--patience <time>', 'how long to wait at the end for a broker that does not answer')
        .argParser(parseDurationUs)
        .default(30e6, '30s'),
    )
    .option('--json', 'print the result as one JSON object', false)
    .addHelpText(
      'after',
      '\nThe broker is named by TAPLINE_KAFKA_BROKERS (127.0.0.1:9092), TLS and login by the other TAPLINE_KAFKA_ variables.',
    )
    .action((words: string[], flags: CaptureFlags) => runCapture(chooseSource(words, flags), flags));
}

async function runCapture(choice: SourceChoice, flags: CaptureFlags): Promise<void> {
  const { follow, session } = flags;
  const isInterface = typeof choice !== 'string';
  const live = flags.live || follow || isInterface;
  const address = isInterface ? undefined : sourceAddress(choice);
  if (live && speedOf(flags) !== undefined) {
    const cause = isInterface ? '--interface' : follow ? '--follow' : '--live';
    throw new PipelineError('USAGE', `${cause} sets the pace: leave the speed away`);
  }
  if (follow) checkFollowable(choice);
  if (flags.spoolSize < SPOOL_BYTES_LEAST) throw new PipelineError('USAGE', '--spool-size is less than 4M');
  if (flags.markAlerts && flags.record === undefined) {
    throw new PipelineError('USAGE', '--mark-alerts needs the folder that packets are kept in: --record DIR');
  }
  loopOf(choice, flags, live);
  const taking = new Taking({ ...flags, live });
  if (address?.kind === 'listen' && live && (session === undefined || session === 'new')) {
    await captureSenders(address, taking.interrupt, taking.warn, (sender, interrupt) =>
      taking.take(sender, sender.name, freshSession(), interrupt),
    );
    return;
  }
  await taking.take(choice, choiceName(choice), await taking.sessionOf(choice), taking.interrupt);
}

/** What captures have in common that one command takes one after the other. */
class Taking {
  readonly interrupt: AbortController;
  readonly #flags: CaptureFlags;
  readonly #settings = readSettings(process.env);
  readonly #windowUs: number;
  readonly #progress = new Progress();
  #turn: (() => void) | undefined;
  readonly warn = (line: string): void => {
    this.#progress.clear();
    process.stderr.write(`tapline: ${line}\n`);
  };

  constructor(flags: CaptureFlags) {
    this.#flags = flags;
    this.#windowUs = flags.window ?? parseWindowUs(`${this.#settings.window}s`);
    this.interrupt = interruptOnSignal(() => {
      this.warn('stopping; what was read is being sent (Ctrl-C again to leave at once: the spool keeps it)');
    });
    // Elsewhere the signal ends the process, as it does everywhere.
    if (flags.live && !flags.follow) process.on('SIGHUP', () => this.#turn?.());
  }

  async sessionOf(choice: SourceChoice): Promise<string> {
    const { session, live } = this.#flags;
    if (session !== undefined && session !== 'new') return session;
    // Where the wall clock cuts batches, a second run is another session.
    if (session === 'new' || live || typeof choice !== 'string') return freshSession();
    return replaySession(choice, { windowUs: this.#windowUs, ...mirrorOf(this.#flags, false) });
  }

  /** Takes one capture to its end and prints what became of it; what went wrong sets the exit code. */
  async take(
    source: SourceChoice | CaptureSource<CapturePiece>,
    name: string,
    session: string,
    interrupt: AbortController,
  ): Promise<void> {
    const flags = this.#flags;
    const { sensor, live, follow, compression } = flags;
    const startedMs = performance.now();
    const spoolFolder = flags.spool ?? defaultSpoolFolder(sensor);
    const record = recordPlace(flags);
    // A sender that is open already is live.
    const loop = typeof source === 'string' ? loopOf(source, flags, live) : { preload: false };
    const marks =
      record && flags.markAlerts
        ? new CaptureMarks(this.#settings, { sensor, folder: record.folder, warn: this.warn })
        : undefined;
    await marks?.begin();
    const result = await capture(
      {
        sensor,
        live,
        follow,
        compression,
        ...(flags.fields && { fields: flags.fields }),
        ...(record && { record }),
        ...mirrorOf(flags, live && !follow),
        turns: live && !follow,
        onTurn: (turn) => {
          this.#turn = turn;
        },
        ...(marks && {
          onMarker: (mark) => {
            marks.follow({ mark });
          },
        }),
        source,
        session,
        isChosen: flags.session !== undefined && flags.session !== 'new',
        ...loop,
        windowUs: this.#windowUs,
        speed: speedOf(flags) ?? 'top',
        allowedLatenessUs: numberSetting(this.#settings, 'lateness') * 1e6,
        kafka: kafkaOptions(this.#settings, `tapline-capture-${sensor}`),
        ensureTopics: flags.ensure,
        spoolFolder,
        spoolBytes: flags.spoolSize,
        patienceMs: flags.patience / 1000,
        warn: this.warn,
      },
      interrupt,
      ({ packets, source: { pass, ...position }, spooled, away }) => {
        this.#progress.update({
          packets,
          ...position,
          ...(loop.loop === undefined || pass === undefined ? {} : { loop: loopText(pass, loop.loop) }),
          waiting: { batches: spooled, away },
        });
      },
    ).finally(async () => {
      this.#progress.clear();
      await marks?.end();
    });
    const elapsedMs = performance.now() - startedMs;
    const run: CaptureRun = { source: name, sensor, session, result, elapsedMs, ...loop };
    process.stdout.write(flags.json ? `${JSON.stringify(captureJson(run))}\n` : captureText(run));
    if (result.fault !== undefined) this.warn(`${name}: ${result.fault.message}`);
    if (!result.complete) {
      this.warn(
        `the broker did not answer: ${result.spooled} batches wait in ${spoolFolder}; the next tapline capture with this spool sends them first`,
      );
    }
    if (result.fault !== undefined || !result.complete) process.exitCode = 1;
  }
}
