/** `tapline eval`: labelled captures through the real line, and how well the alerts fit the labels. */
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import type { DetectorName } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import type { Label } from '@tapline/core/eval/labels';
import { makeScorecard, type EvaluatedCapture } from '@tapline/core/eval/make-scorecard';
import { addOutputOptions, addRuleOptions, finish, type OutputFlags } from '../cli/eval-options.ts';
import { interruptOnSignal } from '../cli/interrupt.ts';
import { parseCount } from '../cli/options.ts';
import { EvalProgress } from '../eval/eval-progress.ts';
import { evaluateCapture, type EvaluationRules } from '../eval/evaluate-capture.ts';
import { commonLimits, evaluateAll, making } from '../eval/evaluate-folder.ts';
import { evaluateMixed, mixJobs } from '../eval/evaluate-mixed.ts';
import { capturesOf, findLabelFile, readLabelFile } from '../eval/label-file.ts';
import { addCicids2017 } from './eval-cicids2017.ts';

interface EvalFlags extends OutputFlags {
  readonly labels?: string;
  readonly mixed: boolean;
  readonly benign?: string;
  readonly detectors?: readonly DetectorName[];
  readonly window: number;
  readonly seed: number;
  readonly jobs: number;
}

const HELP = `
A label table is tab-separated with a head; docs/eval.md describes its columns. Needed are path (relative to the folder) and
class (benign, or the class of an attack). Exit code 0: everything was evaluated; 1: a capture is damaged, or it was
interrupted; 2: the command or the label table cannot be understood.

  tapline eval captures                                  # the bundled capture
  tapline eval my-captures --mixed --seed 7              # each attack inside ordinary traffic
  tapline eval my-captures --labels mine.tsv --out card  # card/scorecard.json and card/scorecard.html`;

export function addEval(program: Command): void {
  const command = program
    .command('eval')
    .description('run labelled captures through the line and print how well the alerts fit the labels')
    .enablePositionalOptions()
    .argument('<folder>', 'holds the captures that the labels name')
    .option('--labels <file>', 'the label table (default: LABELS.tsv in the folder, or the only *.labels.tsv)')
    .option('--mixed', 'shift each attack into a benign capture, its hosts mapped to hosts there', false)
    .option(
      '--benign <file>',
      'with --mixed: the benign capture (default: drawn from those that the labels call benign)',
    )
    .option('--seed <n>', 'of the mixes and the bootstrap', parseCount, 1);
  addOutputOptions(addRuleOptions(command))
    .addHelpText('after', HELP)
    .action((folder: string, flags: EvalFlags) => run(folder, flags));
  addCicids2017(command);
}

async function run(folder: string, flags: EvalFlags): Promise<void> {
  const table = flags.labels ?? findLabelFile(folder);
  const labelFile = readLabelFile(table);
  const { window: windowUs, detectors, seed } = flags;
  // Captures under way are left out, and the scorecard of the others is printed.
  const interrupt = interruptOnSignal().signal;
  if (flags.benign !== undefined && !flags.mixed) throw new PipelineError('USAGE', '--benign is for --mixed');
  const captures = capturesOf(folder, labelFile.labels, table);
  const rules = { windowUs, ...(detectors && { detectors }), interrupt };
  const scenario = flags.mixed ? 'mixed' : 'alone';
  const { results, jobs, notes } = await (flags.mixed ? mixed : alone)(folder, captures, flags, rules);
  const made = making({ windowUs, ...(detectors && { detectors }), scenario, labels: labelFile, seed });
  finish(makeScorecard(results, made, [...commonLimits(scenario), ...notes]), results, jobs, flags);
}

interface Evaluated {
  readonly results: readonly EvaluatedCapture[];
  /** How many there were to be. */
  readonly jobs: number;
  /** What else is to be said of them. */
  readonly notes: readonly string[];
}

type Captures = ReadonlyMap<string, readonly Label[]>;
type Rules = Pick<EvaluationRules, 'windowUs' | 'detectors' | 'interrupt'>;

async function alone(folder: string, captures: Captures, flags: EvalFlags, rules: Rules): Promise<Evaluated> {
  const jobs = [...captures].map(([path, labels]) => ({ path, file: join(folder, path), labels }));
  const results = await withProgress(jobs, flags, rules, evaluateCapture);
  return { results, jobs: jobs.length, notes: [] };
}

async function mixed(folder: string, captures: Captures, flags: EvalFlags, rules: Rules): Promise<Evaluated> {
  const labels = [...captures.values()].flat();
  const labelled = [...captures].filter(([, of]) => of.every(({ treatment }) => treatment === 'benign'));
  const benign =
    flags.benign === undefined
      ? labelled.map(([path]) => [path, join(folder, path)] as const)
      : [[basename(flags.benign), flags.benign] as const];
  const { jobs, left } = await mixJobs(folder, labels, benign, flags.seed, rules.interrupt);
  const results = await withProgress(jobs, flags, rules, evaluateMixed);
  const names = [...new Set(left.map(({ name }) => name))].join(', ');
  const notes = left.length === 0 ? [] : [`Not mixed, because headers do not tell their packets: ${names}.`];
  return { results, jobs: jobs.length, notes };
}

async function withProgress<Job>(
  jobs: readonly Job[],
  flags: EvalFlags,
  rules: Rules,
  evaluate: (job: Job, rules: EvaluationRules) => Promise<EvaluatedCapture>,
): Promise<EvaluatedCapture[]> {
  const progress = new EvalProgress(jobs.length);
  const { onProgress, warn } = progress;
  return evaluateAll(jobs, flags.jobs, rules.interrupt, async (job) => {
    const result = await evaluate(job, { ...rules, onProgress, warn });
    progress.done();
    return result;
  }).finally(() => {
    progress.clear();
  });
}
