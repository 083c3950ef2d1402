/** Sums judged captures up to a scorecard. Pure: the same judgements give the same scorecard, byte for byte. */
import { isAboutSensor } from '../detect/alert.ts';
import { rounded } from '../detect/detector.ts';
import { formatTime } from '../packet/time.ts';
import { blockBootstrap } from './block-bootstrap.ts';
import { clopperPearson, garwood, type Interval } from './intervals.ts';
import { benignUnits, type AttackOutcome, type JudgedAlert, type JudgedCapture } from './judge-alerts.ts';
import { averagePrecision, type ScoredUnit } from './precision-recall.ts';
import {
  SCORECARD_VERSION,
  type AlertScore,
  type AttackScore,
  type CaptureScore,
  type ClassScore,
  type HeldOut,
  type MixNote,
  type Overall,
  type Rate,
  type Scorecard,
  type ScorecardMaking,
  type Share,
  type WindowScore,
} from './scorecard.ts';

/** One evaluated capture. */
export interface EvaluatedCapture {
  readonly path: string;
  readonly judged: JudgedCapture;
  readonly unexplained: number;
  readonly fault?: string;
  readonly mix?: MixNote;
}

/** What was kept from learning, and what the alarms that were learned were to keep to. */
export interface HoldOut {
  /** Nothing was learned from windows that end after it. */
  readonly fromUs: number;
  readonly falseAlarmsPerDay: number;
}

const HOUR_US = 3600e6;
/** What belongs together in the bootstrap: five minutes. */
const BLOCK_US = 300e6;

export function makeScorecard(
  captures: readonly EvaluatedCapture[],
  made: ScorecardMaking,
  limits: readonly string[],
  holdOut?: HoldOut,
): Scorecard {
  const scoring: Scoring = { seed: made.seed, blockLength: Math.max(1, Math.round(BLOCK_US / (made.windowS * 1e6))) };
  return {
    schema: 'tapline-scorecard',
    version: SCORECARD_VERSION,
    made,
    limits,
    overall: { ...overallOf(captures), ...(holdOut && { heldOut: heldOutOf(captures, holdOut) }) },
    classes: classesOf(captures, scoring),
    captures: captures.map((one) => captureScore(one, scoring)),
  };
}

interface Scoring {
  readonly seed: number;
  readonly blockLength: number;
}

function overallOf(captures: readonly EvaluatedCapture[]): Overall {
  const attacks = captures.flatMap(({ judged }) => judged.attacks);
  const claimed = attacks.filter(({ truth }) => !truth.label.optional);
  const optional = attacks.filter(({ truth }) => truth.label.optional);
  const benign = captures.filter(({ judged }) => isBenign(judged));
  const attacked = captures.filter(({ judged }) => !isBenign(judged));
  const alerts = captures.flatMap(alertsOf).filter(({ verdict }) => verdict !== 'ignored');
  return {
    detected: share(claimed.filter(({ detected }) => detected).length, claimed.length),
    optionalDetected: share(optional.filter(({ detected }) => detected).length, optional.length),
    misnamed: attacks.filter(({ detected, otherwise }) => !detected && otherwise.length > 0).length,
    benignAlarmed: share(benign.filter((one) => falseAlertsOf(one).length > 0).length, benign.length),
    falseAlerts: quietRate(benign),
    falseAlertsBesideAttacks: quietRate(attacked),
    alertPrecision: share(alerts.filter(({ verdict }) => verdict === 'hit').length, alerts.length),
  };
}

function heldOutOf(captures: readonly EvaluatedCapture[], { fromUs, falseAlarmsPerDay }: HoldOut): HeldOut {
  const benign = captures.filter(({ judged }) => isBenign(judged));
  const alerts = benign.flatMap(falseAlertsOf).filter(({ alarms }) => Math.min(...alarms.keys()) > fromUs);
  const windows = benign.flatMap(({ judged: { truth } }) =>
    truth.traffic.map((start) => ({ endUs: start + truth.windowUs, lengthUs: truth.windowUs })),
  );
  const lengths = windows.filter(({ endUs }) => endUs > fromUs).map(({ lengthUs }) => lengthUs);
  const rateIn = (of: readonly JudgedAlert[]): Rate => rate(of.length, lengths.length, sum(lengths) / HOUR_US);
  return {
    from: formatTime(fromUs, 0),
    falseAlerts: rateIn(alerts),
    unlikeHistory: rateIn(alerts.filter(({ alert }) => alert.detector === 'unlike-history')),
    allowedPerHour: rounded(falseAlarmsPerDay / 24),
  };
}

function classesOf(captures: readonly EvaluatedCapture[], scoring: Scoring): ClassScore[] {
  const benign = captures.map(({ judged }) => judged).filter(isBenign);
  const byClass = Map.groupBy(
    captures.flatMap(({ judged }) => judged.attacks),
    ({ truth }) => truth.label.className,
  );
  return [...byClass]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attacks]) => classScore(name, attacks, benign, scoring));
}

function classScore(
  name: string,
  attacks: readonly AttackOutcome[],
  benign: readonly JudgedCapture[],
  scoring: Scoring,
): ClassScore {
  const accepted = [...new Set(attacks.flatMap(({ truth }) => truth.label.accepted))];
  const detected = attacks.filter((one) => one.detected);
  const times = detected
    .flatMap(({ timeToAlertS }) => timeToAlertS ?? [])
    .map(rounded)
    .sort((a, b) => a - b);
  return {
    class: name,
    optional: attacks.every(({ truth }) => truth.label.optional),
    accepted,
    detected: share(detected.length, attacks.length),
    medianTimeToAlertS: times.length === 0 ? null : median(times),
    longestTimeToAlertS: times.at(-1) ?? null,
    alertsPerAttack:
      detected.length === 0 ? null : rounded(sum(detected.map(({ alerts }) => alerts)) / detected.length),
    windows: windowScore(
      [...attacks.flatMap(({ units }) => units), ...benign.flatMap((one) => benignUnits(one, accepted))],
      scoring,
    ),
  };
}

function captureScore(one: EvaluatedCapture, scoring: Scoring): CaptureScore {
  const { path, judged, unexplained, fault, mix } = one;
  return {
    path,
    ...(mix === undefined ? {} : { mix }),
    kind: isBenign(judged) ? 'benign' : 'attack',
    packets: judged.truth.packets,
    durationS: rounded(durationUs(judged) / 1e6),
    windows: judged.truth.traffic.length,
    unexplained,
    ...(fault === undefined ? {} : { fault }),
    attacks: judged.attacks.map((attack) => attackScore(attack, scoring)),
    absent: judged.absent.map(({ label: { line, name } }) => ({ line, name })),
    alerts: alertsOf(one).map(alertScore),
  };
}

function attackScore(attack: AttackOutcome, scoring: Scoring): AttackScore {
  const { truth, detected, by, otherwise, timeToAlertS, alerts, units } = attack;
  const { label, basis, packets, firstUs, lastUs } = truth;
  const remark = remarkOn(attack);
  return {
    line: label.line,
    name: label.name,
    class: label.className,
    optional: label.optional,
    confidence: label.confidence,
    first: firstUs === Infinity ? null : formatTime(firstUs, 0),
    last: firstUs === Infinity ? null : formatTime(lastUs, 0),
    packets,
    basis,
    detected,
    by,
    otherwise,
    timeToAlertS: timeToAlertS === null ? null : rounded(timeToAlertS),
    alerts,
    windows: windowScore(units, scoring),
    ...(remark === undefined ? {} : { remark }),
  };
}

function remarkOn({ truth: { label, packets, basis } }: AttackOutcome): string | undefined {
  if (basis === 'interval') return 'its packets cannot be told from headers: windows are those of its interval';
  if (label.attackPackets === undefined || label.attackPackets === packets) return undefined;
  return `the label says ${label.attackPackets} packets, its filter selects ${packets}`;
}

function alertScore({ alert, alarms, verdict, lines }: JudgedAlert): AlertScore {
  const { id, detector, entity, severity, score, windowStartUs, windowEndUs, summary } = alert;
  const raised = formatTime(Math.min(...alarms.keys()), 0);
  const windowStart = formatTime(windowStartUs, 0);
  return {
    id,
    detector,
    entity,
    severity,
    score,
    raised,
    windowStart,
    windowEnd: formatTime(windowEndUs, 0),
    summary,
    verdict,
    lines,
  };
}

function windowScore(units: readonly ScoredUnit[], { seed, blockLength }: Scoring): WindowScore {
  const positives = units.filter(({ positive }) => positive).length;
  const alarmed = units.filter(({ score }) => score > 0);
  const hits = alarmed.filter(({ positive }) => positive).length;
  // Where every window is attacked any score is perfect, and where nothing was alarmed all draws are alike.
  const isTold = positives > 0 && positives < units.length;
  const interval = !isTold || hits === 0 ? null : blockBootstrap(units, averagePrecision, { blockLength, seed });
  return {
    units: units.length,
    positives,
    alarmed: alarmed.length,
    hits,
    precision: alarmed.length === 0 ? null : rounded(hits / alarmed.length),
    recall: positives === 0 ? null : rounded(hits / positives),
    prAuc: isTold ? roundedOrNull(averagePrecision(units)) : null,
    prAucInterval: roundedInterval(interval),
  };
}

/** Alerts about traffic: those about the sensor are no part of an evaluation. */
function alertsOf({ judged }: EvaluatedCapture): JudgedAlert[] {
  return judged.alerts.filter(({ alert }) => !isAboutSensor(alert));
}

function falseAlertsOf(capture: EvaluatedCapture): JudgedAlert[] {
  return alertsOf(capture).filter(({ verdict }) => verdict === 'false');
}

function isBenign({ truth }: JudgedCapture): boolean {
  return truth.labels.every(({ label }) => label.treatment === 'benign');
}

function durationUs({ truth: { packets, firstUs, lastUs } }: JudgedCapture): number {
  return packets === 0 ? 0 : lastUs - firstUs;
}

function share(count: number, of: number): Share {
  return { count, of, interval: roundedInterval(clopperPearson(count, of)) };
}

/** In the windows that no label claims. */
function quietRate(captures: readonly EvaluatedCapture[]): Rate {
  const windows = sum(captures.map(({ judged }) => judged.quietWindows));
  const hours = sum(captures.map(({ judged }) => judged.quietWindows * judged.truth.windowUs)) / HOUR_US;
  return rate(captures.flatMap(falseAlertsOf).length, windows, hours);
}

function rate(count: number, windows: number, hours: number): Rate {
  return {
    count,
    hours: rounded(hours),
    perHour: hours > 0 ? rounded(count / hours) : null,
    interval: roundedInterval(garwood(count, hours)),
    windows,
    per1000Windows: windows > 0 ? rounded((1000 * count) / windows) : null,
  };
}

function median(ascending: readonly number[]): number {
  const middle = (ascending.length - 1) / 2;
  return rounded((ascending[Math.floor(middle)]! + ascending[Math.ceil(middle)]!) / 2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function roundedOrNull(value: number | null): number | null {
  return value === null ? null : rounded(value);
}

function roundedInterval(interval: Interval | null): Interval | null {
  return interval === null ? null : { low: rounded(interval.low), high: rounded(interval.high) };
}
