/** What a check of `tapline doctor` is: one hop of the line, looked at in a moment, and what is to be done about it. */
import type { Settings } from '@tapline/core/settings/settings';
import type { PushedKind } from '@tapline/core/settings/topics';
import type { Client } from 'cassandra-driver';
import type { Admin } from 'kafkajs';

export type Outcome = 'ok' | 'warn' | 'FAIL' | 'skipped';

export interface Finding {
  readonly outcome: Exclude<Outcome, 'skipped'>;
  /** What was seen, one line. */
  readonly saw: string;
  /** What to do about it; absent when nothing is to be done. */
  readonly advice?: string;
}

export interface Check {
  readonly name: string;
  /** Names of checks without which this one can say nothing. */
  readonly needs: readonly string[];
  /** What to do when it does not answer in time, or fails in a way that nobody thought of. */
  readonly advice: string;
  examine(visit: Visit): Promise<Finding>;
}

export interface VisitOptions {
  readonly settings: Settings;
  /** Undefined: every sensor that is known. */
  readonly sensor: string | undefined;
  /** Consumer group of the bridge. */
  readonly group: string;
  /** Where the report function answers, with a slash at the end. */
  readonly reportUrl: string;
  /** Folders that are written to on this machine. */
  readonly folders: readonly string[];
}

/** What the checks of one run share: what was asked for, and clients and facts of the checks before. */
export interface Visit extends VisitOptions {
  /** How long a request may take, so that its check has something to say before its time is over. */
  readonly requestMs: number;
  /** Something to close at the end; it may still be opening. */
  closeAtEnd(close: () => Promise<unknown>): void;
  kafka?: Admin;
  /** Sensors that have topics, ascending. */
  sensorsWithTopics?: readonly string[];
  /** URL that each topic is pushed to. */
  endpoints?: ReadonlyMap<PushedKind, string>;
  cassandra?: Client;
}

export const ok = (saw: string): Finding => ({ outcome: 'ok', saw });
export const warn = (saw: string, advice: string): Finding => ({ outcome: 'warn', saw, advice });
export const fail = (saw: string, advice: string): Finding => ({ outcome: 'FAIL', saw, advice });
