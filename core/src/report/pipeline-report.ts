/** The JSON of the pipeline's health, version 1: of every sensor whether it is heard, how far its packets got, and what was lost. */
import type { CostReport } from '../cost/cost.ts';
import type { LossHop } from '../ledger/books.ts';
import type { SensorCounters } from '../ledger/heartbeat.ts';
import type { BooksSummary } from './snapshot.ts';

/**
 * `alive`: heartbeats come, as far as anybody has noticed; `blind`: the alert that none come stands; `ended`: every
 * session said goodbye; `silent`: packets came, but never a heartbeat, as from text in a pipe.
 */
export type SensorState = 'alive' | 'blind' | 'ended' | 'silent';

/** The newest heartbeat of one session. */
export interface SessionHealth {
  readonly session: string;
  readonly final: boolean;
  readonly heartbeats: number;
  /** By the clock of the stages. */
  readonly arrivalUs: number;
  /** By the sensor's clock; null where only one of them is known. */
  readonly leftUs: number | null;
  /** Event time before which nothing more is expected. */
  readonly watermarkUs: number | null;
  /** Event time of the newest packet that each hop has accepted; a hop that is not on the way, or has none, is absent. */
  readonly reachedUs: Partial<Readonly<Record<LossHop, number>>>;
  readonly batches: number;
  /** Batches that the broker has not acknowledged, and those that wait in the spool; null without a broker. */
  readonly unpublishedBatches: number | null;
  readonly spooledBatches: number | null;
  readonly cpuPercent: number;
  readonly rssBytes: number;
}

export interface SensorPipeline {
  readonly sensor: string;
  readonly state: SensorState;
  /** Event time since when it has been blind; null = it is not. */
  readonly blindSinceUs: number | null;
  readonly books: BooksSummary;
  /** Sums over its sessions of what the sensors themselves counted. */
  readonly counters: SensorCounters;
  /** Newest first. */
  readonly sessions: readonly SessionHealth[];
  readonly sessionsLeftOff: number;
}

/** What is known of the line beside its rows, each with a sentence that says how, or why not. */
export interface LineFacts {
  /** Messages that nobody could use. */
  readonly deadLetters: { readonly count: number | null; readonly text: string };
  readonly cost: { readonly report: CostReport | null; readonly text: string };
}

export interface PipelineReport {
  readonly version: 1;
  readonly line: LineFacts;
  /** Ascending by name. */
  readonly sensors: readonly SensorPipeline[];
  readonly sensorsLeftOff: number;
}
