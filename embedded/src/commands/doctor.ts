/** `tapline doctor`: walks from the interface to the row, and names the first hop that is broken and what to do. */
import { Option, type Command } from 'commander';
import { defaultSpoolFolder } from '@tapline/capture-agent/spool/default-folder';
import { PipelineError } from '@tapline/core/errors';
import type { Settings } from '@tapline/core/settings/settings';
import { parseDurationUs, parseName } from '../cli/options.ts';
import { pubsubSettings } from '../cli/pubsub-settings.ts';
import { DEFAULT_PORTS } from '../services/ports.ts';
import { SETTINGS } from '@tapline/core/settings/settings';
import type { CheckResult } from '../doctor/examine.ts';
import { urlOf } from '../functions/plan.ts';

interface DoctorFlags {
  readonly sensor?: string;
  readonly group: string;
  readonly report: string;
  readonly spool?: string;
  readonly deadline: number;
  readonly json: boolean;
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('walk from the interface to the row and name the first hop that is broken: exit code 1 when one is')
    .option('--sensor <name>', 'expect this sensor to be there (default: whatever sensors are known)', parseName)
    .option('--group <name>', 'consumer group of the bridge', 'tapline-bridge')
    .option('--report <url>', 'where the report function answers', urlOf('report'))
    .option('--spool <dir>', 'spool of the sensor on this machine (default: with the state of the user)')
    .addOption(
      new Option('--deadline <time>', 'how long each check may take').argParser(parseDurationUs).default(3e6, '3s'),
    )
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', AFTER_HELP)
    .action(run);
}

const AFTER_HELP = `
A line per hop: ok, warn, FAIL, or skipped when a hop that it depends on is broken; how long it took, what was seen, and
what to do. Where everything is comes from the environment; without project and emulators there, the services of
"tapline services up".`;

async function run(flags: DoctorFlags): Promise<void> {
  const [{ CHECKS }, { examine, firstBroken }] = await Promise.all([
    import('../doctor/checks.ts'),
    import('../doctor/examine.ts'),
  ]);
  const { sensor, group, deadline, json } = flags;
  const options = {
    settings: doctorSettings(process.env),
    sensor,
    group,
    reportUrl: checkUrl(flags.report),
    folders: [flags.spool ?? defaultSpoolFolder(sensor ?? 'instance-1')],
  };
  const results = await examine(CHECKS, options, deadline / 1000, (result) => {
    if (!json) process.stdout.write(resultLine(result));
  });
  const broken = firstBroken(results);
  process.exitCode = broken === undefined ? 0 : 1;
  const end = json
    ? `${JSON.stringify({ ok: broken === undefined, firstBroken: broken?.name ?? null, checks: results })}\n`
    : verdict(broken);
  // Clients of services that do not answer would keep the process for as long as they go on trying.
  process.stdout.write(end, () => process.exit());
}

/** Where the environment names neither a project nor emulators, those of "tapline services up". */
function doctorSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const settings = pubsubSettings(environment);
  const named = [SETTINGS.project.name, SETTINGS.bigtableEmulator.name].some(
    (name) => (environment[name] ?? '') !== '',
  );
  return named ? settings : { ...settings, bigtableEmulator: `127.0.0.1:${DEFAULT_PORTS.bigtable}` };
}

function checkUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new PipelineError('USAGE', `--report ${JSON.stringify(text)}: use for example ${urlOf('report')}`);
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

/** `FAIL     broker         3 ms  127.0.0.1:9092: connection refused → start Kafka …` */
export function resultLine({ outcome, name, tookMs, saw, advice }: CheckResult): string {
  const todo = advice === undefined ? '' : ` → ${advice}`;
  return `${outcome.padEnd(7)}  ${name.padEnd(11)} ${String(tookMs).padStart(5)} ms  ${saw}${todo}\n`;
}

function verdict(broken: CheckResult | undefined): string {
  if (broken === undefined) return 'nothing is broken\n';
  return `the first hop that is broken is ${broken.name}: ${broken.advice ?? broken.saw}\n`;
}
