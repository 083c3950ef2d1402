/** What the agent's thread and the stages' thread say to each other. */
import type { AgentMessage } from '@tapline/capture-agent/batcher';
import type { LoopPlan } from '@tapline/capture-agent/loop/loops';
import type { ReplaySpeed } from '@tapline/capture-agent/pacer';
import type { RecordPlace } from '@tapline/capture-agent/record/recording';
import type { Position, RunSourceResult } from '@tapline/capture-agent/run-source';
import type { SourceChoice } from '@tapline/capture-agent/source/source-choice';
import type { ErrorCode } from '@tapline/core/errors';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';

/** What the agent's thread is started with. */
export interface AgentJob {
  readonly source: SourceChoice;
  /** A directory is followed. */
  readonly follow: boolean;
  readonly sensor: string;
  readonly session: string;
  /** As RunSourceOptions has them. */
  readonly isChosen: boolean;
  readonly loop?: LoopPlan;
  readonly preload: boolean;
  readonly windowUs: number;
  readonly duplicatesWithinUs?: number;
  readonly reorderWithinUs?: number;
  readonly allowedLatenessUs: number;
  readonly speed: ReplaySpeed;
  /** As AgentOptions has it. */
  readonly fields?: readonly string[];
  /** Where the frames are kept, if they are. */
  readonly record?: RecordPlace;
}

export type FromAgent =
  | (Extract<AgentMessage, { kind: 'batch' }> & { readonly position: Position })
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat; readonly position: Position }
  /** A line for people; nobody answers it. */
  | { readonly kind: 'warning'; readonly line: string }
  /** The session could not be run; nothing follows. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  | {
      readonly kind: 'end';
      readonly result: Omit<RunSourceResult, 'fault'>;
      /** Between threads an error keeps its text only. */
      readonly fault?: { code: ErrorCode; message: string };
    };

/**
 * `done`: one message was dealt with, another may come. `stop`: end the session cleanly now. `turn`: end it, and begin another. `mark`: an alert stands on
 * packets of this event time, so the recorder is to keep them.
 */
export type ToAgent =
  | { readonly kind: 'done' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'turn' }
  | { readonly kind: 'mark'; readonly fromUs: number; readonly toUs: number };
