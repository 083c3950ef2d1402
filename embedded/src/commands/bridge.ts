/** `tapline bridge`: Kafka to Pub/Sub, until Ctrl-C. Several bridges share the work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Bridge } from '@tapline/capture-agent/bridge/bridge';
import { bridgeJson, bridgeProgress, bridgeText, topicLags, type TopicLag } from '../cli/bridge-output.ts';
import { parseDurationUs } from '../cli/options.ts';
import { pubsubSettings } from '../cli/pubsub-settings.ts';

interface BridgeFlags {
  readonly topics?: RegExp[];
  readonly group: string;
  readonly fromBeginning: boolean;
  readonly exitWhenIdle?: number;
  readonly giveUp: number;
  readonly memberTimeout: number;
  readonly json: boolean;
}

export function addBridge(program: Command): void {
  program
    .command('bridge')
    .description('carry batches, heartbeats and raw records from Kafka to Pub/Sub, until Ctrl-C')
    .option(
      '--topics <names>',
      'Kafka topics, comma-separated, * for any text (default: *-pcap,*-heartbeat)',
      parseTopics,
    )
    .option('--group <name>', 'consumer group; bridges of one group share the work', parseGroup, 'tapline-bridge')
    .option('--no-from-beginning', 'of topics that the group has never read, take only what comes from now on')
    .option('--exit-when-idle <time>', 'end when nothing has come for this long, e.g. 5s', parseDurationUs)
    .addOption(
      new Option('--give-up <time>', 'fail when Kafka or Pub/Sub is away for this long')
        .argParser(parseDurationUs)
        .default(60e6, '60s'),
    )
    .addOption(
      new Option('--member-timeout <time>', 'others take over the work of a bridge that is silent this long')
        .argParser(parseTimeout)
        .default(10e6, '10s'),
    )
    .option('--json', 'print the result as one JSON object', false)
    .addHelpText('after', AFTER_HELP)
    .action((flags: BridgeFlags) => run(flags));
}

const AFTER_HELP = `
New topics that match are found while it runs. Offsets are committed only after Pub/Sub has acknowledged everything, so a
bridge that is killed loses nothing: the next one repeats what was under way. What nobody can use goes to the dead
letters (tapline dlq). Brokers, project and topic prefix are read from the environment (TAPLINE_KAFKA_BROKERS,
GOOGLE_CLOUD_PROJECT, TAPLINE_TOPIC_PREFIX); without project and emulator there, the emulator of "tapline services up".`;

async function run(flags: BridgeFlags): Promise<void> {
  const { Bridge } = await import('@tapline/capture-agent/bridge/bridge');
  const progress = new BridgeProgress();
  const bridge = new Bridge(pubsubSettings(process.env), {
    groupId: flags.group,
    ...(flags.topics === undefined ? {} : { topics: flags.topics }),
    fromBeginning: flags.fromBeginning,
    giveUpMs: flags.giveUp / 1000,
    sessionTimeoutMs: flags.memberTimeout / 1000,
    warn: (line) => {
      progress.tell(line);
    },
  });
  const startedMs = performance.now();
  const release = onSignals(() => {
    progress.tell('stopping: what is in flight is being finished (Ctrl-C again to leave at once, nothing is lost)');
    bridge.stop();
  });
  const over = new AbortController();
  const watching = progress.watch(bridge, flags.exitWhenIdle, over.signal);
  let lags: TopicLag[] | undefined;
  try {
    await bridge.run(async (failed) => {
      over.abort();
      await watching;
      if (!failed) lags = await lagsOf(bridge);
    });
  } finally {
    release();
  }
  const result = { stats: bridge.stats(), elapsedMs: performance.now() - startedMs, lags };
  process.stdout.write(flags.json ? `${JSON.stringify(bridgeJson(result))}\n` : bridgeText(result));
}

/** First Ctrl-C: finish and commit. Second: leave at once. */
function onSignals(stop: () => void): () => void {
  let asked = false;
  const onSignal = (): void => {
    if (asked) process.exit(130);
    asked = true;
    stop();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  };
}

async function lagsOf(bridge: Bridge): Promise<TopicLag[] | undefined> {
  // Brokers that are away are what the run itself is about.
  return bridge.positions().then(topicLags, () => undefined);
}

const LINE_MS = 500;
const LAG_EVERY_MS = 5_000;
/** Where nobody watches, a line for the log now and then. */
const LOG_EVERY_MS = 60_000;

/** The line on stderr, and the eye on idleness. */
class BridgeProgress {
  readonly #live = process.stderr.isTTY;
  #shown = false;

  tell(line: string): void {
    this.#clear();
    process.stderr.write(`tapline: ${line}\n`);
  }

  /** Until `over`; stops the bridge when it has been idle for `idleUs`. */
  async watch(bridge: Bridge, idleUs: number | undefined, over: AbortSignal): Promise<void> {
    let lags = await lagsOf(bridge);
    let lagsMs = performance.now();
    let before = bridge.stats();
    let beforeMs = performance.now();
    const lineMs = this.#live ? LINE_MS : LOG_EVERY_MS;
    while (!over.aborted) {
      await sleep(LINE_MS / 2, undefined, { signal: over }).catch(() => undefined);
      const nowMs = performance.now();
      if (nowMs - lagsMs > LAG_EVERY_MS) {
        lags = await lagsOf(bridge);
        lagsMs = performance.now();
      }
      if (nowMs - beforeMs >= lineMs) {
        const now = bridge.stats();
        this.#line(bridgeProgress(now, before, (nowMs - beforeMs) / 1000, lags));
        before = now;
        beforeMs = nowMs;
      }
      if (idleUs !== undefined && (await isIdle(bridge, idleUs / 1000))) bridge.stop();
    }
    this.#clear();
  }

  #line(text: string): void {
    if (!this.#live) {
      process.stderr.write(`tapline: bridge: ${text}\n`);
      return;
    }
    process.stderr.write(`\r\x1b[2K${text}`);
    this.#shown = true;
  }

  #clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K');
    this.#shown = false;
  }
}

/** Nothing came for so long, and nothing is there that could. */
async function isIdle(bridge: Bridge, idleMs: number): Promise<boolean> {
  if (bridge.idleMs() < idleMs) return false;
  const untaken = await bridge.untaken().catch(() => Infinity);
  return untaken === 0 && bridge.idleMs() >= idleMs;
}

/** Names in which `*` stands for any text, as patterns of whole names. */
function parseTopics(text: string): RegExp[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[A-Za-z0-9._*-]{1,249}$/.test(name))) {
    throw new InvalidArgumentError('use names of letters, digits, dots, dashes and underscores; * for any text.');
  }
  return names.map((name) => new RegExp(`^${name.replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
}

function parseGroup(text: string): string {
  if (!/^[A-Za-z0-9._-]{1,255}$/.test(text)) throw new InvalidArgumentError('use letters, digits, dots and dashes.');
  return text;
}

/** Brokers take six seconds to half an hour. */
function parseTimeout(text: string): number {
  const us = parseDurationUs(text);
  if (us < 6e6 || us > 1800e6) throw new InvalidArgumentError('use 6s to 30m.');
  return us;
}
