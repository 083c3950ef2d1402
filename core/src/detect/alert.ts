/** Evidence (what one window says against one entity) and Alert (the episode folded from it), with their receipts. */
import type { AlertQuality } from './data-quality.ts';

export const DETECTORS = [
  'syn-flood',
  'udp-flood',
  'icmp-flood',
  'reflection',
  'reflector',
  'horizontal-scan',
  'vertical-scan',
  'brute-force',
  'slow-http',
  'http-flood',
  'beacon',
  'exfiltration',
  'arp-spoofing',
  'dns-tunnel',
  'icmp-tunnel',
  'rarity',
  'unlike-history',
  'sensor-blind',
] as const;
export type DetectorName = (typeof DETECTORS)[number];

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Which packets stand behind an alert; every given field must match, host matches either side. */
export interface PacketFilter {
  readonly fromUs: number;
  readonly toUs: number;
  readonly host?: string;
  readonly peer?: string;
  readonly port?: number;
  /** Lower-case IANA keyword, e.g. `tcp`. */
  readonly protocol?: string;
}

export interface Contributor {
  /** Who or what: an address, a port, `address:port`. */
  readonly key: string;
  readonly value: number;
  readonly unit: string;
}

/** One number of the explanation. */
export interface Reason {
  readonly feature: string;
  readonly value: number;
  readonly unit: string;
  /** The configured floor the value had to reach. */
  readonly floor: number;
  /** What is usual for this entity, or null when nothing is known of that. */
  readonly baseline: number | null;
  /** value / max(floor, baseline), how far beyond the bar. */
  readonly ratio: number;
}

/** A reason of an alert, weighed against the others. */
export interface WeighedReason extends Reason {
  /** Its part of how far the alert is beyond its bars, 0 to 1; the contributions of an alert add up to 1. */
  readonly contribution: number;
}

/** What a detector found in one window, alone. Alerts are a fold over evidence in time order. */
export interface Evidence {
  readonly sensor: string;
  readonly detector: DetectorName;
  readonly entity: string;
  readonly windowStartUs: number;
  readonly windowEndUs: number;
  /** Sums and counts by name; what they mean is the detector's business. */
  readonly features: Readonly<Record<string, number>>;
  /**
   * Hashes of the distinct things this entity touched in the window (hosts for a horizontal scan, ports for a
   * vertical one), ascending, so that windows can be united exactly; empty when the detector does not look back.
   */
  readonly contacts: readonly number[];
  readonly contributors: readonly Contributor[];
  readonly firstPacketUs: number;
  readonly lastPacketUs: number;
  readonly filter: PacketFilter;
}

export interface Alert {
  /** Deterministic: sensor, detector, entity and the first window of the episode. */
  readonly id: string;
  readonly sensor: string;
  readonly detector: DetectorName;
  readonly detectorVersion: number;
  readonly entity: string;
  /** First window start and last window end of the episode. */
  readonly windowStartUs: number;
  readonly windowEndUs: number;
  readonly firstPacketUs: number;
  readonly lastPacketUs: number;
  readonly severity: Severity;
  /** 0 to 1. */
  readonly score: number;
  /** withdrawn: late data took the evidence away. */
  readonly state: 'provisional' | 'confirmed' | 'withdrawn';
  /** Windows that added evidence to this episode. */
  readonly windows: number;
  /** One sentence with the numbers that matter. */
  readonly summary: string;
  readonly reasons: readonly WeighedReason[];
  readonly contributors: readonly Contributor[];
  /** MITRE ATT&CK technique ids. */
  readonly attack: readonly string[];
  /** Whether every window of the episode was complete. */
  readonly complete: boolean;
  /** What is known to be wrong with the data behind it. */
  readonly quality: AlertQuality;
  /** Hash of all thresholds in force: alerts of equal hash were judged alike. */
  readonly config: string;
  readonly filter: PacketFilter;
  /** Raised by the sensor's history (core/src/history), not by the evidence of windows. */
  readonly isFromHistory?: true;
  /** Why it was taken back; only when withdrawn. */
  readonly withdrawal?: string;
}

/** Alerts about the sensor itself come from its heartbeats: not from the evidence of windows, and no part of the digest. */
export function isAboutSensor({ detector }: Pick<Alert, 'detector'>): boolean {
  return detector === 'sensor-blind';
}

/** Alerts that are a fold over the evidence of windows, and change with it. */
export function isFromWindows(alert: Pick<Alert, 'detector' | 'isFromHistory'>): boolean {
  return !isAboutSensor(alert) && alert.isFromHistory !== true;
}
