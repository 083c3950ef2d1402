/** A label table from disk, and the captures it is about. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sha256 } from '@tapline/adapters/hash/sha256';
import { PipelineError } from '@tapline/core/errors';
import { parseLabels, type Label } from '@tapline/core/eval/labels';

export interface LabelFile {
  readonly name: string;
  readonly sha256: string;
  readonly labels: readonly Label[];
}

/** @throws PipelineError USAGE that names file and line */
export function readLabelFile(path: string): LabelFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PipelineError('USAGE', `cannot read the label table ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    return { name: basename(path), sha256: sha256(text), labels: parseLabels(text) };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    throw new PipelineError(error.code, `${path}, ${error.message}`, { cause: error });
  }
}

/** The label table of a folder: LABELS.tsv, or the only one named *.labels.tsv. */
export function findLabelFile(folder: string): string {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new PipelineError('USAGE', `${folder} is no folder: name the one that holds the captures`);
  }
  const plain = join(folder, 'LABELS.tsv');
  if (existsSync(plain)) return plain;
  const named = readdirSync(folder).filter((name) => name.endsWith('.labels.tsv'));
  if (named.length === 1) return join(folder, named[0]!);
  const found = named.length === 0 ? 'no label table' : `several label tables (${named.sort().join(', ')})`;
  throw new PipelineError('USAGE', `${folder} has ${found}: name one with --labels FILE`);
}

/** Labels by capture, in the order of the table. A capture that is not there is a USAGE error that names the line. */
export function capturesOf(folder: string, labels: readonly Label[], table: string): Map<string, Label[]> {
  const captures = Map.groupBy(labels, ({ path }) => path);
  for (const [path, [first]] of captures) {
    if (!existsSync(join(folder, path))) {
      throw new PipelineError('USAGE', `${table}, line ${first!.line}: ${path} is not in ${folder}`);
    }
  }
  return captures;
}
