/** What the agent's thread and the stages' thread say to each other. */
import type { AgentMessage } from '@tapline/capture-agent/batcher';
import type { ReplayLag, ReplaySpeed } from '@tapline/capture-agent/pacer';
import type { RecordSummary } from '@tapline/capture-agent/record/recorder';
import type { RecordPlace } from '@tapline/capture-agent/record/recording';
import type { SourceChoice } from '@tapline/capture-agent/source/source-choice';
import type { ErrorCode } from '@tapline/core/errors';
import type { Heartbeat, SensorCounters } from '@tapline/core/ledger/heartbeat';

/** What the agent's thread is started with. */
export interface AgentJob {
  readonly source: SourceChoice;
  /** A directory is followed. */
  readonly follow: boolean;
  readonly sensor: string;
  readonly session: string;
  readonly windowUs: number;
  readonly duplicatesWithinUs?: number;
  readonly allowedLatenessUs: number;
  readonly speed: ReplaySpeed;
  /** As AgentOptions has it. */
  readonly fields?: readonly string[];
  /** Where the frames are kept, if they are. */
  readonly record?: RecordPlace;
}

export interface SourcePosition {
  readonly bytesRead: number;
  readonly sizeBytes?: number;
}

export type FromAgent =
  | (Extract<AgentMessage, { kind: 'batch' }> & { readonly position: SourcePosition })
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat; readonly position: SourcePosition }
  /** A line for people; nobody answers it. */
  | { readonly kind: 'warning'; readonly line: string }
  /** The session could not be run; nothing follows. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  | {
      readonly kind: 'end';
      readonly counters: SensorCounters;
      readonly lag?: ReplayLag;
      readonly record?: RecordSummary;
      readonly fault?: { code: ErrorCode; message: string };
    };

/**
 * `done`: one message was dealt with, another may come. `stop`: end the session cleanly now. `mark`: an alert stands on
 * packets of this event time, so the recorder is to keep them.
 */
export type ToAgent =
  | { readonly kind: 'done' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'mark'; readonly fromUs: number; readonly toUs: number };
