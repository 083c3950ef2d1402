/** What the agent's thread and the stages' thread say to each other. */
import type { AgentMessage } from '@tapline/capture-agent/batcher';
import type { SourceChoice } from '@tapline/capture-agent/source/source-choice';
import type { ReplayLag, ReplaySpeed } from '@tapline/capture-agent/pacer';
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
}

export interface SourcePosition {
  readonly bytesRead: number;
  readonly sizeBytes?: number;
}

export type FromAgent =
  | (Extract<AgentMessage, { kind: 'batch' }> & { readonly position: SourcePosition })
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat; readonly position: SourcePosition }
  /** There is nothing to read. */
  | { readonly kind: 'refused'; readonly error: { code: ErrorCode; message: string } }
  | {
      readonly kind: 'end';
      readonly counters: SensorCounters;
      readonly lag?: ReplayLag;
      readonly fault?: { code: ErrorCode; message: string };
    };

/** `done`: one message was dealt with, another may come. `stop`: end the session cleanly now. */
export type ToAgent = { readonly kind: 'done' } | { readonly kind: 'stop' };
