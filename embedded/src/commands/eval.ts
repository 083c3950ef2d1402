/** `tapline eval`: labelled captures through the real line, and how well the alerts fit the labels. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { DetectorName } from '@tapline/core/detect/alert';
import { makeScorecard } from '@tapline/core/eval/make-scorecard';
import { addOutputOptions, addRuleOptions, finish, interruptOnSignal, type OutputFlags } from '../cli/eval-options.ts';
import { parseCount } from '../cli/options.ts';
import { EvalProgress } from '../eval/eval-progress.ts';
import { evaluateCapture } from '../eval/evaluate-capture.ts';
import { commonLimits, evaluateAll, making } from '../eval/evaluate-folder.ts';
import { capturesOf, findLabelFile, readLabelFile } from '../eval/label-file.ts';
import { addCicids2017 } from './eval-cicids2017.ts';

interface EvalFlags extends OutputFlags {
  readonly labels?: string;
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
  tapline eval my-captures --labels mine.tsv --out card  # card/scorecard.json and card/scorecard.html`;

export function addEval(program: Command): void {
  const command = program
    .command('eval')
    .description('run labelled captures through the line and print how well the alerts fit the labels')
    .enablePositionalOptions()
    .argument('<folder>', 'holds the captures that the labels name')
    .option('--labels <file>', 'the label table (default: LABELS.tsv in the folder, or the only *.labels.tsv)')
    .option('--seed <n>', 'of the bootstrap', parseCount, 1);
  addOutputOptions(addRuleOptions(command))
    .addHelpText('after', HELP)
    .action((folder: string, flags: EvalFlags) => run(folder, flags));
  addCicids2017(command);
}

async function run(folder: string, flags: EvalFlags): Promise<void> {
  const table = flags.labels ?? findLabelFile(folder);
  const labelFile = readLabelFile(table);
  const { window: windowUs, detectors, seed } = flags;
  const interrupt = interruptOnSignal();
  const captures = capturesOf(folder, labelFile.labels, table);
  const jobs = [...captures].map(([path, labels]) => ({ path, file: join(folder, path), labels }));
  const progress = new EvalProgress(jobs.length);
  const { onProgress, warn } = progress;
  const rules = { windowUs, ...(detectors && { detectors }), interrupt, onProgress, warn };
  const results = await evaluateAll(jobs, flags.jobs, interrupt, async (job) => {
    const result = await evaluateCapture(job, rules);
    progress.done();
    return result;
  }).finally(() => {
    progress.clear();
  });
  const made = making({ windowUs, ...(detectors && { detectors }), scenario: 'alone', labels: labelFile, seed });
  finish(makeScorecard(results, made, commonLimits('alone')), results, jobs.length, flags);
}
