/**
 * The allow-list: what an operator knows to be harmless, with a reason and a day on which that ends. Alerts are suppressed
 * when they are shown, never when they are scored: a rule works at once on everything that is stored, taking it back brings
 * everything back, and the digest of a capture does not depend on it.
 */
import { PipelineError } from '../errors.ts';
import { parseAddress } from '../packet/address.ts';
import { parseNetwork, type HostRange } from '../packet/host-range.ts';
import { parseTime } from '../packet/time.ts';
import { DETECTORS, type Alert, type DetectorName } from './alert.ts';

export interface AllowRule {
  /** Absent = every detector. */
  readonly detector?: DetectorName;
  /** Network that the alert's entity must be in: an address or a CIDR block. Absent = every entity. */
  readonly entity?: string;
  /** Service port of the alert; absent = every port. */
  readonly port?: number;
  readonly sensor?: string;
  /** Why it is harmless; shown beside what it suppresses. */
  readonly reason: string;
  /** The rule says nothing of alerts that begin at this time or later; ISO 8601. */
  readonly until: string;
}

export type AllowList = readonly AllowRule[];

/** A rule, and how many of the alerts it explains. */
export interface Suppressed {
  readonly rule: AllowRule;
  readonly alerts: number;
}

/** Alerts split by an allow-list, in the order they came. */
export interface Allowed {
  readonly shown: readonly Alert[];
  /** Rules that suppressed any, in the order of the list. */
  readonly suppressed: readonly Suppressed[];
}

const FIELDS = ['detector', 'entity', 'port', 'sensor', 'reason', 'until'];

/**
 * @param json `[{"detector": "horizontal-scan", "entity": "10.0.0.7/32", "reason": "vulnerability scanner", "until": "2027-01-01"}]`
 * @throws PipelineError USAGE naming the rule, counted from 1, and what is wrong with it
 */
export function parseAllowList(json: string): AllowList {
  let rules: unknown;
  try {
    rules = JSON.parse(json);
  } catch (cause) {
    throw new PipelineError('USAGE', `the allow-list is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (!Array.isArray(rules)) throw new PipelineError('USAGE', 'the allow-list must be a JSON array of rules');
  return rules.map((rule: unknown, place) => parseRule(rule, place + 1));
}

function parseRule(value: unknown, place: number): AllowRule {
  const wrong = (what: string): PipelineError => new PipelineError('USAGE', `rule ${place} of the allow-list: ${what}`);
  if (typeof value !== 'object' || value === null) throw wrong('is no object');
  const rule = value as Record<string, unknown>;
  const unknown = Object.keys(rule).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw wrong(`"${unknown}" is none of ${FIELDS.join(', ')}`);
  const { detector, entity, port, sensor, reason, until } = rule;
  if (typeof reason !== 'string' || reason.trim() === '') throw wrong('a "reason" must say why it is harmless');
  if (typeof until !== 'string' || untilUs(until) === undefined) {
    throw wrong('"until" must be a day or a time such as 2027-01-31 or 2027-01-31T12:00:00Z: no rule is for ever');
  }
  if (detector !== undefined && !DETECTORS.includes(detector as DetectorName)) {
    throw wrong(`there is no detector ${JSON.stringify(detector)}; there are: ${DETECTORS.join(', ')}`);
  }
  if (entity !== undefined && (typeof entity !== 'string' || parseNetwork(entity) === undefined)) {
    throw wrong('"entity" must be an address or a network such as 10.0.0.7 or 10.0.0.0/8');
  }
  if (port !== undefined && !(Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65_535)) {
    throw wrong('"port" must be a number from 0 to 65535');
  }
  if (sensor !== undefined && typeof sensor !== 'string') throw wrong('"sensor" must be a name');
  if (detector === undefined && entity === undefined) throw wrong('needs a "detector" or an "entity"');
  return rule as unknown as AllowRule;
}

/** A day without a time ends at its beginning, UTC. */
function untilUs(text: string): number | undefined {
  return parseTime(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)?.timeUs;
}

/** Splits alerts into those to be shown and those that a rule explains. */
export function applyAllowList(alerts: readonly Alert[], list: AllowList): Allowed {
  const shown: Alert[] = [];
  const counts = list.map(() => 0);
  for (const alert of alerts) {
    const place = list.findIndex((rule) => covers(rule, alert));
    if (place < 0) shown.push(alert);
    else counts[place]!++;
  }
  const suppressed = list.map((rule, place) => ({ rule, alerts: counts[place]! }));
  return { shown, suppressed: suppressed.filter(({ alerts }) => alerts > 0) };
}

function covers(rule: AllowRule, alert: Alert): boolean {
  if (rule.detector !== undefined && rule.detector !== alert.detector) return false;
  if (rule.sensor !== undefined && rule.sensor !== alert.sensor) return false;
  if (rule.port !== undefined && rule.port !== alert.filter.port) return false;
  if (alert.firstPacketUs >= untilUs(rule.until)!) return false;
  return rule.entity === undefined || isWithin(parseNetwork(rule.entity)!, alert.filter.host ?? alert.entity);
}

function isWithin(range: HostRange, host: string): boolean {
  const address = parseAddress(host);
  return address !== undefined && range.matches(address.words, 0, address.type);
}
