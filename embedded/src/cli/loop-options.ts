/** The options that say how often a capture is replayed, and whether it is read ahead. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { checkReplayed } from '@tapline/capture-agent/loop/loop-check';
import type { LoopPlan } from '@tapline/capture-agent/loop/loops';
import type { SourceChoice } from '@tapline/capture-agent/source/source-choice';
import { PipelineError } from '@tapline/core/errors';
import { parseCount } from './options.ts';

export interface LoopFlags {
  /** Passes over the source; Infinity = until stopped. */
  readonly loop?: number;
  readonly loopTimes: LoopPlan['times'];
  readonly preload: boolean;
}

export function addLoopOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--loop <n>',
        'replay the capture so often, each time as a session of its own; 0 or forever: until Ctrl-C',
      ).argParser(parseLoops),
    )
    .addOption(
      new Option('--loop-times <times>', 'whether the packets of each loop come after those of the one before')
        .choices(['shifted', 'original'])
        .default('shifted'),
    )
    .option(
      '--preload',
      'read the whole capture into memory before its first packet leaves (at most half of what is free)',
      false,
    );
}

/**
 * As a sensor takes it.
 * @param isLive the source is captured or written now
 * @throws PipelineError USAGE when the source has no end, or cannot be read again
 */
export function loopOf(
  source: SourceChoice,
  { loop, loopTimes, preload }: LoopFlags,
  isLive: boolean,
): { loop?: LoopPlan; preload: boolean } {
  const flag = loop !== undefined ? '--loop' : '--preload';
  if (loop === undefined && !preload) return { preload };
  if (isLive && typeof source === 'string') {
    throw new PipelineError('USAGE', `${flag} is for captures that end, not for --live and --follow`);
  }
  checkReplayed(source, flag, preload);
  return { preload, ...(loop === undefined ? {} : { loop: { count: loop, times: loopTimes } }) };
}

function parseLoops(text: string): number {
  if (text === 'forever' || text === '0') return Infinity;
  try {
    return parseCount(text);
  } catch {
    throw new InvalidArgumentError('use a whole number, or 0 or forever until stopped.');
  }
}

/** `3 of 5`, `7` until stopped. */
export function loopText(done: number, { count }: LoopPlan): string {
  return count === Infinity ? String(done) : `${done} of ${count}`;
}
