/** Captures with labels, some at a time, into one scorecard. */
import { sha256 } from '@tapline/adapters/hash/sha256';
import type { DetectorName } from '@tapline/core/detect/alert';
import { configHash, DETECTOR_CONFIG } from '@tapline/core/detect/config';
import { DETECTOR_LIST } from '@tapline/core/detect/registry';
import { canonical } from '@tapline/core/digest/canonical';
import { DEFAULT_CONFIDENCE } from '@tapline/core/eval/intervals';
import type { EvaluatedCapture } from '@tapline/core/eval/make-scorecard';
import type { ScorecardMaking } from '@tapline/core/eval/scorecard';
import { version } from '../cli/version.ts';
import type { LabelFile } from './label-file.ts';

/** What the scorecard says of learning where captures are evaluated alone. */
export const NO_TRAINING =
  'none for the rules, whose thresholds are fixed in the configuration; the history learns from the windows before, attacks or not';

export interface MakingOptions {
  readonly windowUs: number;
  readonly detectors?: readonly DetectorName[];
  readonly scenario: 'alone' | 'mixed';
  readonly labels: LabelFile;
  readonly seed: number;
  readonly training?: string;
}

/** What decides the result besides the captures. */
export function making({
  windowUs,
  detectors,
  scenario,
  labels,
  seed,
  training = NO_TRAINING,
}: MakingOptions): ScorecardMaking {
  const used = DETECTOR_LIST.filter(({ name }) => detectors?.includes(name) ?? true).map(({ name, version: of }) => ({
    name,
    version: of,
  }));
  return {
    tapline: version(),
    configHash: sha256(canonical({ config: DETECTOR_CONFIG, detectors: used, windowUs })),
    thresholds: configHash(DETECTOR_CONFIG),
    detectors: used,
    windowS: windowUs / 1e6,
    scenario,
    labels: { name: labels.name, sha256: labels.sha256 },
    seed,
    confidence: DEFAULT_CONFIDENCE,
    training,
  };
}

/**
 * Runs `evaluate` over all jobs, at most `atOnce` at a time.
 * @returns results in the order of the jobs, up to the interruption
 */
export async function evaluateAll<Job>(
  jobs: readonly Job[],
  atOnce: number,
  interrupt: AbortSignal,
  evaluate: (job: Job) => Promise<EvaluatedCapture>,
): Promise<EvaluatedCapture[]> {
  const results = new Array<EvaluatedCapture | undefined>(jobs.length);
  let next = 0;
  const isInterrupted = (): boolean => interrupt.aborted;
  const worker = async (): Promise<void> => {
    while (next < jobs.length && !isInterrupted()) {
      const at = next++;
      const result = await evaluate(jobs[at]!);
      // What was cut short says nothing about the detectors.
      if (!isInterrupted()) results[at] = result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, jobs.length) }, worker));
  return results.filter((result) => result !== undefined);
}

/** What is true of any evaluation of captures alone or mixed. */
export function commonLimits(scenario: 'alone' | 'mixed'): string[] {
  const shared = [
    'Detection is from packet headers and windows: Heartbleed, SQL injection, XSS, web log-in guessing, tunnels and beacons are reported and not claimed.',
    'Benign means that nobody found an attack in it.',
  ];
  return scenario === 'alone'
    ? [...shared, 'An attack alone in its capture is a share of attack that no real network has.']
    : [
        ...shared,
        'Mixed: an attack was shifted into a benign capture and its addresses mapped; checksums of mapped packets were not made again.',
      ];
}
