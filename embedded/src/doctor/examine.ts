/**
 * Runs checks one after the other, each within its time. One that needs a broken one is skipped, so that the first that is
 * broken is a cause and not a consequence. Whatever a check does, it neither ends the others nor holds them up.
 */
import type { Check, Finding, Outcome, Visit, VisitOptions } from './check.ts';

export interface CheckResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly tookMs: number;
  readonly saw: string;
  readonly advice?: string;
}

/** Of the time of a check. */
const REQUEST_SHARE = 0.8;
/** What is left open is given this long to close. */
const CLOSE_MS = 1_000;

/** @param tell hears of each result as soon as it is there */
export async function examine(
  checks: readonly Check[],
  options: VisitOptions,
  deadlineMs: number,
  tell: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const closers: (() => Promise<unknown>)[] = [];
  const requestMs = REQUEST_SHARE * deadlineMs;
  const visit: Visit = { ...options, requestMs, closeAtEnd: (close) => closers.push(close) };
  const results: CheckResult[] = [];
  for (const check of checks) {
    const broken = results.find(({ name, outcome }) => check.needs.includes(name) && isBroken(outcome));
    const result = broken === undefined ? await examineOne(check, visit, deadlineMs) : skipped(check, broken, results);
    results.push(result);
    tell(result);
  }
  await within(CLOSE_MS, Promise.allSettled(closers.map(async (close) => close())));
  return results;
}

/** The first hop that is broken; undefined when none is. */
export function firstBroken(results: readonly CheckResult[]): CheckResult | undefined {
  return results.find(({ outcome }) => outcome === 'FAIL');
}

const isBroken = (outcome: Outcome): boolean => outcome === 'FAIL' || outcome === 'skipped';

function skipped({ name }: Check, broken: CheckResult, results: readonly CheckResult[]): CheckResult {
  const cause = broken.outcome === 'FAIL' ? broken : results.find((one) => broken.saw === because(one.name));
  return { name, outcome: 'skipped', tookMs: 0, saw: because(cause?.name ?? broken.name) };
}

const because = (name: string): string => `because ${name} is broken`;

async function examineOne(check: Check, visit: Visit, deadlineMs: number): Promise<CheckResult> {
  const startMs = performance.now();
  const finding = await findingOf(check, visit, deadlineMs);
  return { name: check.name, tookMs: Math.round(performance.now() - startMs), ...finding };
}

async function findingOf(check: Check, visit: Visit, deadlineMs: number): Promise<Finding> {
  const { advice } = check;
  try {
    const finding = await within(deadlineMs, check.examine(visit));
    return finding ?? { outcome: 'FAIL', saw: `no answer within ${deadlineMs / 1000} s`, advice };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { outcome: 'FAIL', saw: text.replace(/\s+/g, ' ').slice(0, 300), advice };
  }
}

/** Undefined when it takes longer; what becomes of it then is nobody's business. */
async function within<T>(timeMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeMs, undefined);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
