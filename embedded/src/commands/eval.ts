/** `tapline eval`: labelled captures through the real line, and how well the alerts fit the labels. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DETECTORS, type DetectorName } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import { makeScorecard, type EvaluatedCapture } from '@tapline/core/eval/make-scorecard';
import type { Scorecard } from '@tapline/core/eval/scorecard';
import { parseCount, parseWindowUs } from '../cli/options.ts';
import { EvalProgress } from '../eval/eval-progress.ts';
import { evaluateCapture } from '../eval/evaluate-capture.ts';
import { commonLimits, evaluateAll, making } from '../eval/evaluate-folder.ts';
import { capturesOf, findLabelFile, readLabelFile } from '../eval/label-file.ts';
import { scorecardHtml } from '../eval/scorecard-html.ts';
import { scorecardText } from '../eval/scorecard-text.ts';

export interface OutputFlags {
  readonly out?: string;
  readonly html?: string;
  readonly json: boolean;
}

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
}

export function addRuleOptions(command: Command): Command {
  return command
    .addOption(new Option('--detectors <names>', 'only these count, comma-separated').argParser(parseDetectors))
    .addOption(
      new Option('--window <length>', 'window length, whole seconds').argParser(parseWindowUs).default(10e6, '10s'),
    )
    .option('--jobs <n>', 'captures at a time', parseCount, 2);
}

export function addOutputOptions(command: Command): Command {
  return command
    .option('--out <dir>', 'also write scorecard.json and scorecard.html into this folder')
    .option('--html <file>', 'also write the scorecard as one HTML file, without scripts')
    .option('--json', 'print the scorecard as JSON instead of a table', false);
}

function parseDetectors(text: string): DetectorName[] {
  return text.split(',').map((name) => {
    const known = DETECTORS.find((one) => one === name.trim());
    if (known === undefined) throw new InvalidArgumentError(`choose from ${DETECTORS.join(', ')}.`);
    return known;
  });
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

/** Prints and writes what was asked for; exit code 1 when not everything could be evaluated. */
export function finish(card: Scorecard, results: readonly EvaluatedCapture[], jobs: number, flags: OutputFlags): void {
  const json = `${JSON.stringify(card, undefined, 2)}\n`;
  if (flags.out !== undefined) {
    const folder = flags.out;
    writing(folder, () => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'scorecard.json'), json);
      writeFileSync(join(folder, 'scorecard.html'), scorecardHtml(card));
    });
  }
  if (flags.html !== undefined) {
    const file = flags.html;
    writing(file, () => {
      writeFileSync(file, scorecardHtml(card));
    });
  }
  process.stdout.write(flags.json ? json : scorecardText(card));
  if (results.length < jobs) {
    process.stderr.write(`tapline: interrupted after ${results.length} of ${jobs} captures\n`);
    process.exitCode = 1;
  }
  for (const { path, fault, unexplained } of results) {
    if (fault !== undefined) process.stderr.write(`tapline: ${path}: ${fault}\n`);
    if (unexplained !== 0) process.stderr.write(`tapline: ${path}: ${unexplained} packets are not accounted for\n`);
    if (fault !== undefined || unexplained !== 0) process.exitCode = 1;
  }
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw new PipelineError('USAGE', `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** First Ctrl-C: captures under way are left out, and the scorecard of the others is printed. Second: leave at once. */
export function interruptOnSignal(): AbortSignal {
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort();
    });
  }
  return interrupt.signal;
}
