/** Every attack of a label table shifted into a benign capture, evaluated there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import type { Label } from '@tapline/core/eval/labels';
import type { EvaluatedCapture } from '@tapline/core/eval/make-scorecard';
import { Prng } from '@tapline/core/eval/prng';
import { evaluateCapture, type EvaluationRules } from './evaluate-capture.ts';
import { examineTimeline, mixCaptures, type Timeline } from './mix-captures.ts';

export interface MixJob {
  readonly label: Label;
  readonly file: string;
  readonly timeline: Timeline;
  readonly seed: number;
}

/** A benign capture that is shorter, or longer, is used only when there is no other. */
const TIMELINE_S = { least: 60, most: 7200 };
const TIMELINE_PACKETS = 100;

/**
 * One job per attack whose packets can be told from headers, each with a timeline drawn from the benign captures.
 * @param benign captures that attacks may be shifted into: name and file
 * @throws PipelineError USAGE when there is nothing to mix
 */
export async function mixJobs(
  folder: string,
  labels: readonly Label[],
  benign: readonly (readonly [path: string, file: string])[],
  seed: number,
  signal: AbortSignal,
): Promise<{ jobs: MixJob[]; left: Label[] }> {
  if (benign.length === 0) {
    throw new PipelineError(
      'USAGE',
      '--mixed needs a benign capture: label one in the table, or name it with --benign FILE',
    );
  }
  const attacks = labels.filter(({ treatment }) => treatment === 'attack');
  const mixable = attacks.filter(({ selects }) => selects !== undefined);
  if (mixable.length === 0)
    throw new PipelineError('USAGE', 'no label of an attack has a filter that could tell its packets');
  const timelines: Timeline[] = [];
  for (const [path, file] of benign) timelines.push(await examineTimeline(path, file, signal));
  const fitting = timelines.filter(isFitting);
  const choice = fitting.length > 0 ? fitting : timelines;
  const jobs = mixable.map((label) => {
    // Each attack has a seed of its own, so that another line in the table changes nothing for the others.
    const own = seed * 1_000_003 + label.line;
    return { label, file: join(folder, label.path), timeline: choice[new Prng(own).below(choice.length)]!, seed: own };
  });
  return { jobs, left: attacks.filter((label) => !mixable.includes(label)) };
}

function isFitting({ packets, firstUs, lastUs }: Timeline): boolean {
  const lengthS = (lastUs - firstUs) / 1e6;
  return packets >= TIMELINE_PACKETS && lengthS >= TIMELINE_S.least && lengthS <= TIMELINE_S.most;
}

/** Mixes one attack into its timeline and runs the mix through the line. */
export async function evaluateMixed(
  { label, file, timeline, seed }: MixJob,
  rules: EvaluationRules,
): Promise<EvaluatedCapture> {
  const folder = mkdtempSync(join(tmpdir(), 'tapline-mix-'));
  try {
    const output = join(folder, 'mix.pcapng');
    const random = new Prng(seed + 1);
    const how = { windowUs: rules.windowUs, signal: rules.interrupt };
    const mixed = await mixCaptures({ file, label }, timeline, random, output, how);
    if (mixed === undefined)
      throw new PipelineError('USAGE', `line ${label.line}: ${label.path} holds no packet of the attack`);
    const result = await evaluateCapture(
      {
        path: `${label.path} in ${timeline.path}`,
        file: output,
        labels: [],
        truthOf: (counted) => ({ ...counted, labels: [mixed.truth] }),
      },
      rules,
    );
    return { ...result, mix: { attack: label.path, timeline: timeline.path, seed, ...mixed.note } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
