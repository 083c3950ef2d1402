/** `tapline eval cicids2017`: the days of CICIDS2017 in order through one data folder, scored per attack. */
import { Option, type Command } from 'commander';
import type { DetectorName } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import { makeScorecard } from '@tapline/core/eval/make-scorecard';
import { historySummary } from '@tapline/functions/stages/history';
import { formatInstant } from '../cli/format.ts';
import { parseCount, parseTimeUs } from '../cli/options.ts';
import {
  cicidsLabels,
  cicidsLimits,
  findDays,
  FREEZE_AFTER,
  LABEL_VARIANTS,
  wrongDate,
  type LabelVariant,
} from '../eval/cicids2017.ts';
import { EvalProgress } from '../eval/eval-progress.ts';
import { EVAL_SENSOR, evaluateCapture } from '../eval/evaluate-capture.ts';
import { commonLimits, evaluateAll, making } from '../eval/evaluate-folder.ts';
import { openStores, openTemporaryStores, type Stores } from '../line/data-folder.ts';
import { addOutputOptions, addRuleOptions, finish, type OutputFlags } from '../cli/eval-options.ts';
import { interruptOnSignal } from '../cli/interrupt.ts';

interface CicidsFlags extends OutputFlags {
  readonly pcap: string;
  readonly labels: LabelVariant;
  readonly data?: string;
  readonly freezeAfter: number;
  readonly detectors?: readonly DetectorName[];
  readonly window: number;
  readonly seed: number;
}

const HELP = `
The folder holds Monday-WorkingHours.pcap to Friday-WorkingHours.pcap (or some of them; also pcapng, .gz, .zst), as the
University of New Brunswick publishes them. Days run in order through one data folder. docs/eval.md has the protocol.`;

export function addCicids2017(command: Command): void {
  const cicids = command
    .command('cicids2017')
    .description('evaluate the days of CICIDS2017 that are in a folder, per attack, by one of three label tables')
    .requiredOption('--pcap <dir>', 'the folder with the captures of the days')
    .addOption(
      new Option('--labels <variant>', 'whose account of what happened when')
        .choices(LABEL_VARIANTS)
        .default('cns2022'),
    )
    .option('--data <dir>', 'keep what the line stores in this new folder (default: a temporary one)')
    .addOption(
      new Option(
        '--freeze-after <time>',
        'the history learns what is usual up to here, and judges what comes later by it',
      )
        .argParser(parseTimeUs)
        .default(parseTimeUs(FREEZE_AFTER), FREEZE_AFTER),
    )
    .option('--seed <n>', 'of the bootstrap', parseCount, 1);
  addOutputOptions(addRuleOptions(cicids)).addHelpText('after', HELP).action(run);
}

async function run(flags: CicidsFlags): Promise<void> {
  const { window: windowUs, detectors, seed, labels: variant, freezeAfter } = flags;
  const { file, byDay } = cicidsLabels(variant);
  const { found, missing } = findDays(flags.pcap);
  for (const day of missing)
    process.stderr.write(`tapline: ${day} is missing in ${flags.pcap}: its attacks are not evaluated\n`);
  const stores = flags.data === undefined ? openTemporaryStores() : openStores(flags.data);
  const progress = new EvalProgress(found.length);
  // Captures under way are left out, and the scorecard of the others is printed.
  const interrupt = interruptOnSignal().signal;
  try {
    if ((await stores.results.sensors()).length > 0) {
      throw new PipelineError('USAGE', `${flags.data} holds data already: name a new folder`);
    }
    const { onProgress, warn } = progress;
    const learned = { windowUs, learnUntilUs: freezeAfter, stores };
    const rules = { ...learned, ...(detectors && { detectors }), interrupt, onProgress, warn };
    // One after the other: what a later one knows comes from those before it.
    const results = await evaluateAll(found, 1, interrupt, async (day) => {
      const job = { path: day.name, file: day.path, labels: byDay.get(day.day) ?? [] };
      const result = await evaluateCapture(job, rules);
      const problem = wrongDate(day, result.judged.truth.firstUs);
      if (problem !== undefined) warn(problem);
      progress.done();
      return result;
    });
    progress.clear();
    const training = await trainingOf(stores, freezeAfter);
    const made = making({ windowUs, ...(detectors && { detectors }), scenario: 'alone', labels: file, seed, training });
    const evaluated = file.labels.filter(({ path }) => found.some(({ day }) => day === path));
    const limits = [...commonLimits('alone'), ...cicidsLimits(variant, missing, evaluated)];
    finish(makeScorecard(results, made, limits), results, found.length, flags);
  } finally {
    progress.clear();
    stores.close();
  }
}

/** What the scorecard says of learning: from when to when, and how much. */
async function trainingOf({ histories }: Stores, freezeAfter: number): Promise<string> {
  const summary = await historySummary(EVAL_SENSOR, { store: histories, falseAlarmsPerDay: 1 });
  const until = formatInstant(freezeAfter);
  const windows = summary?.learnedWindows ?? 0;
  const learned =
    summary?.isLearning === false
      ? `what is usual was learned from ${windows} windows until ${until} and frozen`
      : `what is usual was to be learned until ${until}, and ${windows} windows are too few for it: unlike-history says nothing`;
  return `none for the rules, whose thresholds are fixed in the configuration; ${learned}; what pairs and hosts did is remembered over all days`;
}
