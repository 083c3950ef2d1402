/** The allow-list of `--allow FILE`, read again when the file changes, so that a rule works without a restart. */
import { readFileSync, statSync } from 'node:fs';
import { Option } from 'commander';
import { parseAllowList, type AllowList } from '@tapline/core/detect/allow-list';
import { PipelineError } from '@tapline/core/errors';

export const allowOption = (): Option =>
  new Option('--allow <file>', 'leave out alerts that this allow-list explains, and count them (docs/alerts.md)');

export const usualOption = (): Option =>
  new Option(
    '--usual',
    'show alerts that are usual for their host, too, instead of counting them (docs/alerts.md)',
  ).default(false);

/**
 * @param warn told when a changed file is no allow-list any more; the rules that were read before stay in force
 * @returns the rules as they are now
 * @throws PipelineError USAGE when the file cannot be read or understood the first time
 */
export function openAllowFile(file: string | undefined, warn: (line: string) => void): () => AllowList {
  if (file === undefined) return () => [];
  let list = readAllowFile(file);
  let readMs = statSync(file).mtimeMs;
  return () => {
    const changedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? readMs;
    if (changedMs === readMs) return list;
    readMs = changedMs;
    try {
      list = readAllowFile(file);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      warn(`${error.message}; the rules read before stay in force`);
    }
    return list;
  };
}

function readAllowFile(file: string): AllowList {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PipelineError('USAGE', `cannot read the allow-list ${file}: ${(cause as Error).message}`, { cause });
  }
  try {
    return parseAllowList(text);
  } catch (cause) {
    throw new PipelineError('USAGE', `${file}: ${(cause as Error).message}`, { cause });
  }
}
