/** Holds the alerts of a capture against its truth: which attack each is about, and what became of each attack. */
import type { Alert, DetectorName } from '../detect/alert.ts';
import { parseAddress } from '../packet/address.ts';
import { entitySide } from './attack-classes.ts';
import { splitEndpoint, type HostRange } from '../packet/host-range.ts';
import type { ScoredUnit } from './precision-recall.ts';
import type { CaptureTruth, LabelTruth } from './truth.ts';

/** An alert, and when it was raised. */
export interface RaisedAlert {
  readonly alert: Alert;
  /** Its score as it stood at the end of each window that raised it or kept it up, by the end of the window. */
  readonly alarms: ReadonlyMap<number, number>;
}

/**
 * - `hit`: an accepted detector, the right entity, in the attack's time.
 * - `misnamed`: about an attack's hosts in its time, but by another detector, or about the wrong side.
 * - `ignored`: about something that the labels leave out.
 * - `false`: about none of it.
 */
export type Verdict = 'hit' | 'misnamed' | 'ignored' | 'false';

export interface JudgedAlert extends RaisedAlert {
  readonly verdict: Verdict;
  /** Lines of the labels it is about. */
  readonly lines: readonly number[];
}

/** What became of one attack. */
export interface AttackOutcome {
  readonly truth: LabelTruth;
  readonly detected: boolean;
  /** Detectors that named it rightly, ascending. */
  readonly by: readonly DetectorName[];
  /** Detectors that saw its hosts but named them otherwise, ascending. */
  readonly otherwise: readonly DetectorName[];
  /** Alerts about it, right or not. */
  readonly alerts: number;
  /** From the first packet of the attack to the end of the first window that raised a right alert, event time. */
  readonly timeToAlertS: number | null;
  /** One per window, in time order, then the false alarms of its detectors: what window precision and recall come from. */
  readonly units: readonly ScoredUnit[];
}

export interface JudgedCapture {
  readonly truth: CaptureTruth;
  readonly alerts: readonly JudgedAlert[];
  readonly attacks: readonly AttackOutcome[];
  /** Attacks of which the capture holds no packet: nothing can be said about them. */
  readonly absent: readonly LabelTruth[];
  /** Windows with traffic that no label claims, not even as ignored. */
  readonly quietWindows: number;
}

export function judgeCapture(truth: CaptureTruth, raised: readonly RaisedAlert[]): JudgedCapture {
  const alerts = raised.map((one) => judgeAlert(one, truth));
  const claiming = truth.labels.filter(({ label }) => label.treatment !== 'benign');
  const attacks = claiming.filter(({ label }) => label.treatment === 'attack');
  return {
    truth,
    alerts,
    attacks: attacks.filter(isPresent).map((attack) => outcomeOf(attack, truth, alerts)),
    absent: attacks.filter((attack) => !isPresent(attack)),
    quietWindows: truth.traffic.filter((start) => !claiming.some((label) => claims(label, start, truth.windowUs)))
      .length,
  };
}

function isPresent({ windows }: LabelTruth): boolean {
  return windows.size > 0;
}

function judgeAlert(one: RaisedAlert, { labels, windowUs }: CaptureTruth): JudgedAlert {
  const about = labels.filter((label) => isAbout(one, label, windowUs));
  const hit = about.filter((label) => label.label.treatment === 'attack' && namesRightly(one.alert, label));
  const ignored = about.some(({ label }) => label.treatment === 'ignore');
  const verdict = hit.length > 0 ? 'hit' : ignored ? 'ignored' : about.length > 0 ? 'misnamed' : 'false';
  return { ...one, verdict, lines: (hit.length > 0 ? hit : about).map(({ label }) => label.line) };
}

function outcomeOf(attack: LabelTruth, truth: CaptureTruth, alerts: readonly JudgedAlert[]): AttackOutcome {
  const { windowUs } = truth;
  const about = alerts.filter((one) => isAbout(one, attack, windowUs));
  const hits = about.filter(({ alert }) => namesRightly(alert, attack));
  const ends = hits.flatMap(({ alarms }) => [...alarms.keys()]).filter((end) => isDuring(end, attack, windowUs));
  return {
    truth: attack,
    detected: hits.length > 0,
    by: detectorsOf(hits),
    otherwise: detectorsOf(about.filter((one) => !hits.includes(one) && one.verdict !== 'hit')),
    alerts: about.filter((one) => hits.includes(one) || one.verdict !== 'hit').length,
    timeToAlertS: hits.length === 0 ? null : (Math.min(...ends) - attack.firstUs) / 1e6,
    units: unitsOf(attack, truth, hits, alerts),
  };
}

function unitsOf(
  attack: LabelTruth,
  { traffic, windowUs, labels }: CaptureTruth,
  hits: readonly RaisedAlert[],
  alerts: readonly JudgedAlert[],
): ScoredUnit[] {
  const { label, windows } = attack;
  const units: ScoredUnit[] = [];
  for (const start of traffic) {
    const packets = windows.get(start) ?? 0;
    const positive = packets >= label.windowPackets;
    if (!positive && claims(attack, start, windowUs)) continue;
    const alarming = hits.filter(({ alarms }) => alarms.has(start + windowUs));
    // One alert may be about several attacks of the same host, each in its time.
    const others = labels.filter((other) => other !== attack && claims(other, start, windowUs));
    if (!positive && alarming.some(({ alert }) => others.some((other) => namesRightly(alert, other)))) continue;
    units.push({ score: Math.max(0, ...alarming.map(({ alarms }) => alarms.get(start + windowUs)!)), positive });
  }
  for (const { alert, alarms, verdict } of alerts) {
    if (verdict !== 'false' || !label.accepted.includes(alert.detector)) continue;
    for (const score of alarms.values()) units.push({ score, positive: false });
  }
  return units;
}

/** The windows of a benign capture as negatives for these detectors. */
export function benignUnits({ truth, alerts }: JudgedCapture, accepted: readonly DetectorName[]): ScoredUnit[] {
  const said = alerts.filter(({ alert }) => accepted.includes(alert.detector));
  return truth.traffic.map((start) => {
    const score = Math.max(0, ...said.map(({ alarms }) => alarms.get(start + truth.windowUs) ?? 0));
    return { score, positive: false };
  });
}

/** Whether a window holds packets of the label, or is the first after it: an alert may still be open there. */
function claims({ windows, lastUs }: LabelTruth, start: number, windowUs: number): boolean {
  return windows.has(start) || (start > lastUs && start - windowUs <= lastUs);
}

/** Whether the alert was up during the attack and names one of its hosts. */
function isAbout({ alert, alarms }: RaisedAlert, attack: LabelTruth, windowUs: number): boolean {
  if (!names(alert, [...attack.attackers, ...attack.victims])) return false;
  for (const end of alarms.keys()) if (isDuring(end, attack, windowUs)) return true;
  return false;
}

/** Whether the window that ends at `end` overlaps the attack, or is the first after it. */
function isDuring(end: number, { firstUs, lastUs }: LabelTruth, windowUs: number): boolean {
  return end > firstUs && end - windowUs <= lastUs + windowUs;
}

function namesRightly(alert: Alert, { label, attackers, victims }: LabelTruth): boolean {
  const side = entitySide(alert.detector) === 'victim' ? victims : attackers;
  return label.accepted.includes(alert.detector) && names(alert, side);
}

function names({ entity }: Alert, ranges: readonly HostRange[]): boolean {
  const { host, port } = splitEndpoint(entity);
  const address = parseAddress(host);
  if (address === undefined) return false;
  const { words, type } = address;
  return ranges.some(
    (range) => range.matches(words, 0, type) && (port === undefined || range.port === undefined || range.port === port),
  );
}

function detectorsOf(alerts: readonly RaisedAlert[]): DetectorName[] {
  return [...new Set(alerts.map(({ alert }) => alert.detector))].sort();
}
