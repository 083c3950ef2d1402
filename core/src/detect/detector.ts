/** What a detector is: evidence out of one pane, and a verdict over the evidence of one entity in time order. */
import type { DetectorConfig } from './config.ts';
import type { DetectorName, Evidence, Reason } from './alert.ts';
import type { PaneView } from '../window/pane-view.ts';

/** What the evidence of one entity amounts to. Only at or above the floor. */
export interface Verdict {
  /** How far beyond the floor: 1 or more. */
  readonly ratio: number;
  readonly reasons: readonly Reason[];
  /** One sentence with the numbers that matter. */
  readonly summary: string;
  /** MITRE ATT&CK technique ids. */
  readonly attack: readonly string[];
}

/** Evidence as a detector gives it; whose and of which window it is, scorePane adds. */
export type Finding = Omit<Evidence, 'sensor' | 'detector' | 'windowStartUs' | 'windowEndUs'>;

/**
 * A count that a detector raises alerts by, of each host that it can be about, below the floor too: what the history learns
 * the usual from (core/src/history/usual-memory.ts).
 */
export interface Statistic {
  /** The reason of the detector's alerts that it is. */
  readonly feature: string;
  readonly unit: string;
  /** The least value that an alert is raised with. */
  readonly floor: (config: DetectorConfig) => number;
  /** Windows before the present one whose values are summed with it; 0 = each window alone. */
  readonly summedWindows: (config: DetectorConfig) => number;
  /** Whole numbers by host number, those of hosts with nothing left out. */
  readonly measure: (view: PaneView, config: DetectorConfig) => Iterable<readonly [host: number, value: number]>;
}

export interface Detector {
  readonly name: DetectorName;
  /** Raised when the same packets would be judged differently. */
  readonly version: number;
  /** Decades of ratio added for severity: what an alert at the floor already means. */
  readonly gravity: number;
  /** Windows before the present one that count together with it. */
  readonly lookbackWindows: (config: DetectorConfig) => number;
  /** Pure; one finding per entity. Findings below the floor are given too when lookbackWindows is not 0. */
  readonly detect: (view: PaneView, config: DetectorConfig) => Finding[];
  /** Evidence of one entity about one subject, ascending in time, the last one present; null below the floor. */
  readonly judge: (evidence: readonly Evidence[], config: DetectorConfig) => Verdict | null;
  /** What its alerts are compared with, for the host that they are about. */
  readonly statistics: readonly Statistic[];
}

/** Each window alone. */
export const ALONE = (): number => 0;

/** The largest value of each host. */
export function mostByHost(values: Iterable<readonly [host: number, value: number]>): Map<number, number> {
  const most = new Map<number, number>();
  for (const [host, value] of values) if (value > (most.get(host) ?? 0)) most.set(host, value);
  return most;
}

/** A reason without a baseline: how a value compares with its floor. */
export function reason(feature: string, value: number, unit: string, floor: number): Reason {
  return { feature, value: rounded(value), unit, floor, baseline: null, ratio: rounded(value / floor) };
}

/** Three decimals: the digits a person reads, and the same text on every machine. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** `12,345`, for summaries; whole numbers above 10, else up to two decimals. */
export function figure(value: number): string {
  const shown = value >= 10 ? Math.round(value) : Math.round(value * 100) / 100;
  const [whole, fraction] = String(shown).split('.');
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** `10 s`, `5 min` of a time span in microseconds. */
export function spanText(spanUs: number): string {
  const seconds = spanUs / 1e6;
  return seconds >= 120 ? `${figure(seconds / 60)} min` : `${figure(seconds)} s`;
}

/** `host:port`, with brackets for IPv6. */
export function endpoint(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
