/**
 * The scorecard: what `tapline eval` says, as one object that a page or a script can read. docs/eval.md documents every
 * field; a change that is not an addition raises SCORECARD_VERSION. Times are ISO 8601 in UTC, event time; shares are 0 to 1.
 */
import type { DetectorName, Severity } from '../detect/alert.ts';
import type { Interval } from './intervals.ts';
import type { Verdict } from './judge-alerts.ts';

export const SCORECARD_VERSION = 1;

export interface Scorecard {
  readonly schema: 'tapline-scorecard';
  readonly version: typeof SCORECARD_VERSION;
  readonly made: ScorecardMaking;
  /** What was and was not evaluated, in sentences that are true of this scorecard. */
  readonly limits: readonly string[];
  readonly overall: Overall;
  /** Ascending by class. */
  readonly classes: readonly ClassScore[];
  /** In the order of the labels. */
  readonly captures: readonly CaptureScore[];
}

/** Everything that decides the result besides the captures. */
export interface ScorecardMaking {
  readonly tapline: string;
  /** SHA-256 over thresholds, detectors and their versions, and the window. */
  readonly configHash: string;
  /** Hash of the thresholds alone, as every alert carries it. */
  readonly thresholds: string;
  readonly detectors: readonly { readonly name: DetectorName; readonly version: number }[];
  readonly windowS: number;
  /** alone: each capture as it is. mixed: each attack shifted into a benign capture. */
  readonly scenario: 'alone' | 'mixed';
  /** Name and SHA-256 of the label table. */
  readonly labels: { readonly name: string; readonly sha256: string };
  /** Of the mixes and the bootstrap. */
  readonly seed: number;
  readonly confidence: number;
  /** What a detector may have learned from. */
  readonly training: string;
}

export interface Share {
  readonly count: number;
  readonly of: number;
  /** Exact (Clopper-Pearson); null without any. */
  readonly interval: Interval | null;
}

export interface Rate {
  readonly count: number;
  /** Windows with traffic times their length: silence between packets is no time without alerts. */
  readonly hours: number;
  /** null without any time. */
  readonly perHour: number | null;
  /** Exact (Garwood). */
  readonly interval: Interval | null;
  readonly windows: number;
  readonly per1000Windows: number | null;
}

export interface Overall {
  /** Attacks of the classes that are claimed. */
  readonly detected: Share;
  /** Attacks of classes that headers and windows cannot show, or not reliably: reported, not claimed. */
  readonly optionalDetected: Share;
  /** Attacks, claimed or not, of which a detector saw the hosts but named it otherwise. */
  readonly misnamed: number;
  /** Benign captures with any alert. */
  readonly benignAlarmed: Share;
  /** In benign captures, by the windows with traffic. */
  readonly falseAlerts: Rate;
  /** In captures with attacks, outside of these: by the windows with traffic that no label claims. */
  readonly falseAlertsBesideAttacks: Rate;
  /** Right alerts of all alerts, those about what labels leave out not counted. */
  readonly alertPrecision: Share;
  /** Where a part of what is benign was kept from learning. */
  readonly heldOut?: HeldOut;
}

/** False alerts in benign windows that nothing was learned from, in whose time nothing was learned any more. */
export interface HeldOut {
  /** They end after it. */
  readonly from: string;
  /** Of all detectors. */
  readonly falseAlerts: Rate;
  /** Of unlike-history alone, whose threshold is learned. */
  readonly unlikeHistory: Rate;
  /** What unlike-history was asked to keep to. */
  readonly allowedPerHour: number;
}

export interface WindowScore {
  /** Windows with packets of the attack; those with too few to tell are left out. */
  readonly positives: number;
  /** All windows that count, positive or not; for a class those of the benign captures, too. */
  readonly units: number;
  readonly alarmed: number;
  /** Alarmed and positive. */
  readonly hits: number;
  readonly precision: number | null;
  readonly recall: number | null;
  /** Area under the precision-recall curve, average precision; null where no window could be alarmed wrongly. */
  readonly prAuc: number | null;
  /** Circular block bootstrap over stretches of five minutes. */
  readonly prAucInterval: Interval | null;
}

export interface ClassScore {
  readonly class: string;
  readonly optional: boolean;
  readonly accepted: readonly DetectorName[];
  readonly detected: Share;
  readonly medianTimeToAlertS: number | null;
  readonly longestTimeToAlertS: number | null;
  /** Mean over the detected attacks. */
  readonly alertsPerAttack: number | null;
  readonly windows: WindowScore;
}

export interface CaptureScore {
  readonly path: string;
  /** The benign capture an attack was shifted into, and how. */
  readonly mix?: MixNote;
  readonly kind: 'benign' | 'attack';
  readonly packets: number;
  readonly durationS: number;
  readonly windows: number;
  /** Packets that the line cannot account for: 0 in a run that counts. */
  readonly unexplained: number;
  /** Why the capture was not read to its end, if it was not. */
  readonly fault?: string;
  readonly attacks: readonly AttackScore[];
  /** Labelled attacks of which the capture holds no packet: they count nowhere. */
  readonly absent: readonly { readonly line: number; readonly name: string }[];
  readonly alerts: readonly AlertScore[];
}

export interface MixNote {
  readonly attack: string;
  readonly timeline: string;
  readonly seed: number;
  /** Seconds from the first benign packet to the first of the attack. */
  readonly offsetS: number;
  readonly attackFrames: number;
  /** How many addresses of the attack were mapped to hosts of the timeline. */
  readonly mappedAddresses: number;
}

export interface AttackScore {
  /** Of the label table. */
  readonly line: number;
  readonly name: string;
  readonly class: string;
  readonly optional: boolean;
  readonly confidence: string;
  readonly first: string | null;
  readonly last: string | null;
  readonly packets: number;
  /** Whether its packets were counted one by one, or only its interval is known. */
  readonly basis: 'packets' | 'interval';
  readonly detected: boolean;
  readonly by: readonly DetectorName[];
  readonly otherwise: readonly DetectorName[];
  readonly timeToAlertS: number | null;
  readonly alerts: number;
  readonly windows: WindowScore;
  /** What is odd about the label, such as a count that its filter does not give. */
  readonly remark?: string;
}

export interface AlertScore {
  readonly id: string;
  readonly detector: DetectorName;
  readonly entity: string;
  readonly severity: Severity;
  readonly score: number;
  /** End of the window that raised it. */
  readonly raised: string;
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly summary: string;
  readonly verdict: Verdict;
  /** Lines of the label table it is about. */
  readonly lines: readonly number[];
}
