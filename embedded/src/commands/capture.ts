/** `tapline capture`: a capture file or a live pipe into the sensor's Kafka topics. */
import { Option, type Command } from 'commander';
import { kafkaOptions } from '@tapline/adapters/kafka/client';
import { COMPRESSIONS, type KafkaCompression } from '@tapline/adapters/kafka/producer';
import { capture } from '@tapline/capture-agent/capture-session';
import type { ReplaySpeed } from '@tapline/capture-agent/pacer';
import { freshSession, replaySession } from '@tapline/capture-agent/session';
import { defaultSpoolFolder } from '@tapline/capture-agent/spool/default-folder';
import { PipelineError } from '@tapline/core/errors';
import { numberSetting, readSettings } from '@tapline/core/settings/settings';
import { captureJson, captureText, type CaptureRun } from '../cli/capture-output.ts';
import { parseDurationUs, parseName, parseSize, parseSpeedOption, parseWindowUs } from '../cli/options.ts';
import { Progress } from '../cli/progress.ts';
import { recordOption, recordPlace, recordSizeOption } from '../cli/record-options.ts';

interface CaptureFlags {
  readonly sensor: string;
  readonly session?: string;
  readonly window?: number;
  readonly speed: ReplaySpeed;
  readonly live: boolean;
  readonly spool?: string;
  readonly spoolSize: number;
  readonly record?: string;
  readonly recordSize: number;
  readonly compression: KafkaCompression;
  readonly ensure: boolean;
  readonly patience: number;
  readonly json: boolean;
}

/** Less would be full before a broker that restarts is back. */
const SPOOL_BYTES_LEAST = 4 * 2 ** 20;

export function addCapture(program: Command): void {
  program
    .command('capture')
    .description("take a capture, or what a pipe brings, into the sensor's Kafka topics")
    .argument('<source>', 'capture file (pcap or pcapng, plain, gz or zst), or - for standard input')
    .option('--sensor <name>', 'name of the sensor', parseName, 'instance-1')
    .option(
      '--session <name>',
      'name of the session, or new for a fresh one (default: derived from the capture)',
      parseName,
    )
    .option('--window <length>', 'window length, whole seconds (default: TAPLINE_WINDOW, 10s)', parseWindowUs)
    .option('--speed <speed>', 'recorded, top, or a factor such as 10', parseSpeedOption, 'top')
    .option(
      '--live',
      'the source is captured now: a batch every second, and silence is time that passes (with tcpdump -U -w -)',
      false,
    )
    .option('--spool <dir>', 'where messages wait while the broker is away (default: with the state of the user)')
    .addOption(
      new Option('--spool-size <size>', 'how much may wait there; then the source is held back')
        .argParser(parseSize)
        .default(2 ** 30, '1G'),
    )
    .addOption(recordOption())
    .addOption(recordSizeOption())
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
    .action((source: string, flags: CaptureFlags) => runCapture(source, flags));
}

async function runCapture(source: string, flags: CaptureFlags): Promise<void> {
  const { sensor, live, speed, json } = flags;
  if (live && speed !== 'top') throw new PipelineError('USAGE', '--live sets the pace: leave --speed away');
  if (flags.spoolSize < SPOOL_BYTES_LEAST) throw new PipelineError('USAGE', '--spool-size is less than 4M');
  const settings = readSettings(process.env);
  const windowUs = flags.window ?? parseWindowUs(`${settings.window}s`);
  const session = sessionOf(source, windowUs, flags);
  const record = recordPlace(flags);
  const progress = new Progress();
  const warn = (line: string): void => {
    progress.clear();
    process.stderr.write(`tapline: ${line}\n`);
  };
  const startedMs = performance.now();
  const spoolFolder = flags.spool ?? defaultSpoolFolder(sensor);
  const result = await capture(
    {
      source,
      sensor,
      session,
      windowUs,
      allowedLatenessUs: numberSetting(settings, 'lateness') * 1e6,
      speed,
      live,
      kafka: kafkaOptions(settings, `tapline-capture-${sensor}`),
      compression: flags.compression,
      ensureTopics: flags.ensure,
      spoolFolder,
      spoolBytes: flags.spoolSize,
      patienceMs: flags.patience / 1000,
      ...(record === undefined ? {} : { record }),
      warn,
    },
    interruptOnSignals(warn),
    ({ packets, source: { bytesRead, sizeBytes }, spooled, away }) => {
      progress.update({
        packets,
        bytesRead,
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
        waiting: { batches: spooled, away },
      });
    },
  ).finally(() => {
    progress.clear();
  });
  const run: CaptureRun = { source, sensor, session, result, elapsedMs: performance.now() - startedMs };
  process.stdout.write(json ? `${JSON.stringify(captureJson(run))}\n` : captureText(run));
  if (result.fault !== undefined) warn(`${source}: ${result.fault.message}`);
  if (!result.complete) {
    warn(
      `the broker did not answer: ${result.spooled} batches wait in ${spoolFolder}; the next tapline capture with this spool sends them first`,
    );
  }
  if (result.fault !== undefined || !result.complete) process.exitCode = 1;
}

function sessionOf(source: string, windowUs: number, { session, live }: CaptureFlags): string {
  if (session !== undefined && session !== 'new') return session;
  // Where the wall clock cuts batches, a second run is another session.
  return session === 'new' || live ? freshSession() : replaySession(source, windowUs);
}

/** First Ctrl-C: send what was read and say goodbye. Second: leave at once; the spool keeps what was not sent. */
function interruptOnSignals(warn: (line: string) => void): AbortController {
  const interrupt = new AbortController();
  let asked = false;
  const stop = (): void => {
    if (asked) process.exit(130);
    asked = true;
    warn('stopping; what was read is being sent (Ctrl-C again to leave at once: the spool keeps it)');
    interrupt.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return interrupt;
}
