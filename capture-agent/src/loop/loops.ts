/**
 * A capture replayed over and over: each pass is a session of its own, whose packets come after those of the pass before,
 * in event time and on the replay's one absolute schedule.
 */
import type { CapturePiece, CaptureSource } from '@tapline/core/pcap/capture-source';
import type { AgentOptions, AgentResult } from '../agent.ts';
import { Pacer, type ReplaySpeed } from '../pacer.ts';
import { joinResults } from '../session-end.ts';
import { followingSession, type SessionName } from '../session.ts';
import { ShiftedFrames } from './shifted-frames.ts';

export interface LoopPlan {
  /** Passes; Infinity = until it is stopped. */
  readonly count: number;
  /** `shifted`: each pass follows the one before in event time; `original`: all have the times of the capture. */
  readonly times: 'shifted' | 'original';
}

/** What an agent is run with for one pass, beside what all passes share. */
export interface Pass {
  /** From 1. */
  readonly number: number;
  readonly session: string;
  readonly pacer: Pacer;
  readonly through: NonNullable<AgentOptions['through']>;
}

export interface LoopOptions {
  readonly plan: LoopPlan;
  readonly first: SessionName;
  readonly speed: ReplaySpeed;
  /** Opens the capture for another pass. */
  readonly reopen: () => Promise<CaptureSource<CapturePiece>>;
  readonly interrupt: AbortSignal;
  readonly warn: (line: string) => void;
}

/**
 * Awaits `run` for one pass after the other, until all are through, one of them ends with a fault, or the interrupt.
 * @param source open for the first pass
 * @throws what `run` and `reopen` throw
 */
export async function runLoops(
  source: CaptureSource<CapturePiece>,
  options: LoopOptions,
  run: (source: CaptureSource<CapturePiece>, pass: Pass) => Promise<AgentResult>,
): Promise<AgentResult> {
  const { plan, first, speed, reopen, interrupt, warn } = options;
  const pacer = new Pacer(speed);
  let result: AgentResult | undefined;
  let periodUs = 0;
  for (let number = 1; ; number++) {
    const shiftUs = (number - 1) * periodUs;
    // The schedule goes on whatever times the packets keep.
    pacer.aheadUs = plan.times === 'original' ? shiftUs : 0;
    let frames: ShiftedFrames | undefined;
    const session = number === 1 ? first.session : followingSession(first, passKind(plan), number);
    const through: Pass['through'] = (sink, rows) =>
      (frames = new ShiftedFrames(sink, rows, plan.times === 'original' ? 0 : shiftUs));
    const ended = await run(number === 1 ? source : await reopen(), { number, session, pacer, through });
    result = result === undefined ? ended : joinResults(result, ended);
    if (number === plan.count || ended.fault !== undefined || interrupt.aborted) return result;
    if (number === 1) {
      if (frames?.packets === 0) {
        warn('there are no packets to loop over');
        return result;
      }
      periodUs = frames!.periodUs;
    }
  }
}

/** Packets with other times are other packets. */
function passKind({ times }: LoopPlan): string {
  return times === 'original' ? 'original-loop' : 'loop';
}
