/** What the forms of `tapline eval` have in common on the command line: options, and where the scorecard goes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DETECTORS, type DetectorName } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import type { EvaluatedCapture } from '@tapline/core/eval/make-scorecard';
import type { Scorecard } from '@tapline/core/eval/scorecard';
import { scorecardHtml } from '../eval/scorecard-html.ts';
import { scorecardText } from '../eval/scorecard-text.ts';
import { parseWindowUs, parseCount } from './options.ts';

export interface OutputFlags {
  readonly out?: string;
  readonly html?: string;
  readonly json: boolean;
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
  for (const { path, fault, unexplained, judged } of results) {
    for (const { label } of judged.absent) {
      const where = `${card.made.labels.name}, line ${label.line}`;
      process.stderr.write(`tapline: ${path} holds no packet of ${label.name} (${where}): left out\n`);
    }
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
