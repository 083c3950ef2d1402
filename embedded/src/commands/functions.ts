/** `tapline functions`: the four Cloud Functions on this machine, pushed by the Pub/Sub emulator, until Ctrl-C. */
import { Argument, Option, type Command } from 'commander';
import { PipelineError } from '@tapline/core/errors';
import { readSettings } from '@tapline/core/settings/settings';
import { parseCount, parseDurationUs, parsePort } from '../cli/options.ts';
import { localEnvironment, makeTable, subscribe } from '../functions/local-stack.ts';
import { DEFAULT_PORT_BASE, FUNCTION_NAMES, portOf, urlOf, type FunctionName } from '../functions/plan.ts';
import { Supervisor, type WorkerEvent } from '../functions/supervisor.ts';
import { Sweeper } from '../functions/sweeper.ts';

interface FunctionFlags {
  readonly instances: number;
  readonly portBase: number;
  readonly subscribe: boolean;
  readonly sweepEvery: number;
  readonly json: boolean;
}

const INSTANCES_MAX = 64;

export function addFunctions(program: Command): void {
  program
    .command('functions')
    .description('run the Cloud Functions on this machine, pushed by the Pub/Sub emulator, until Ctrl-C')
    .addArgument(new Argument('[names...]', 'which of them (default: all)').choices(FUNCTION_NAMES))
    .option('--instances <n>', 'instances of each function, a process each', parseCount, 1)
    .option('--port-base <port>', 'port of parse; window, score and report follow', parsePort, DEFAULT_PORT_BASE)
    .option('--no-subscribe', 'make no topics, subscriptions or tables in the emulators')
    .addOption(
      new Option('--sweep-every <time>', 'how often window looks for what has waited long enough')
        .argParser(parseDurationUs)
        .default(5e6, '5s'),
    )
    .option('--json', 'print events and, at the end, the counters, each as a line of JSON', false)
    .addHelpText('after', AFTER_HELP)
    .action((names: FunctionName[], flags: FunctionFlags) => run(names, flags));
}

const AFTER_HELP = `
Start the services first (tapline services up) and the tables (tapline migrate). Settings are read from the environment;
where it names no emulators, those of "tapline services up" are used.`;

async function run(given: readonly FunctionName[], flags: FunctionFlags): Promise<void> {
  const names = FUNCTION_NAMES.filter((name) => given.length === 0 || given.includes(name));
  checkFlags(flags);
  const environment = localEnvironment(process.env);
  const settings = readSettings(environment);
  const plans = names.map((name) => ({ name, port: portOf(name, flags.portBase), instances: flags.instances }));
  const supervisor = new Supervisor(plans, environment, (event) => {
    tellWorker(event, flags.json);
  });
  const interrupted = untilInterrupted(() => {
    supervisor.kill();
  });
  if (flags.subscribe && settings.bigtableEmulator !== undefined) await makeTable(settings);
  await supervisor.start();
  const sweeper = names.includes('window')
    ? new Sweeper(urlOf('window', flags.portBase), flags.sweepEvery / 1000, note)
    : undefined;
  try {
    // Messages that wait already are pushed at once, so the functions are there first.
    if (flags.subscribe && settings.pubsubEmulator !== undefined) await subscribe(settings, names, flags.portBase);
    tellReady(names, supervisor, flags);
    await interrupted;
    note('stopping; requests under way are finished (Ctrl-C again to leave at once)');
  } finally {
    await sweeper?.stop();
    await supervisor.stop();
  }
  if (flags.json) print({ event: 'stopped', counts: supervisor.counts(), processes: supervisor.uses() });
}

function checkFlags({ instances, portBase }: FunctionFlags): void {
  if (instances > INSTANCES_MAX) throw new PipelineError('USAGE', `--instances: at most ${INSTANCES_MAX}`);
  if (portBase < 1 || portOf('report', portBase) > 65_535) {
    throw new PipelineError('USAGE', '--port-base: use a number from 1 to 65532');
  }
}

function note(text: string): void {
  process.stderr.write(`tapline: ${text}\n`);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function tellReady(names: readonly FunctionName[], supervisor: Supervisor, { portBase, json }: FunctionFlags): void {
  const functions = names.map((name) => ({ name, url: urlOf(name, portBase), pids: supervisor.pids(name) }));
  if (json) print({ event: 'ready', functions });
  else for (const { name, url, pids } of functions) note(`${name.padEnd(6)} ${url} (pid ${pids.join(', ')})`);
}

function tellWorker(event: WorkerEvent, json: boolean): void {
  if (json) print(event);
  if (event.event === 'started') return;
  const { name, pid, by, why, restartInMs } = event;
  const reason = why === undefined ? `by ${by}` : `: ${why}`;
  note(`${name}: instance ${pid} died (${reason}); another one starts in ${restartInMs} ms`);
}

/** Resolves at the first Ctrl-C or SIGTERM; at the second one nothing is waited for. */
function untilInterrupted(leave: () => void): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (asked) {
          leave();
          process.exit(130);
        }
        asked = true;
        resolve();
      });
    }
  });
}
