/** What `tapline run` says at the end: the contract's JSON object, or the same for people. */
import type { ExplainedAlert } from '@tapline/core/history/explain-usual';
import type { HistorySummary } from '@tapline/core/history/history';
import type { PresentedAlerts } from '@tapline/core/history/present-alerts';
import type { AuditReport } from '@tapline/functions/stages/audit';
import type { RunResult } from '../line/run-capture.ts';
import { usualHiddenText } from './alert-output.ts';
import { formatBytes, formatCount, formatInstant, formatLag, formatSeconds } from './format.ts';
import { healthJson, healthLines } from './health-text.ts';
import { loopText } from './loop-options.ts';
import { mirrorText } from './mirror-options.ts';
import { recordLines } from './record-options.ts';
import { ownUse } from './process-use.ts';

/** The object of `--json` (design §10); scripts outside this repository read it, so fields are only ever added. */
export function runJson(result: RunResult, presented: PresentedAlerts, source: string, sensor: string): object {
  const { audit, session, wireBytes, batchBytes, windows, digest, elapsedMs, lag, loops, mirror, record } = result;
  const { health, history, preloaded, fault } = result;
  const { shown, suppressed, usualHidden } = presented;
  return {
    sensor,
    session,
    source,
    ledger: audit.totals,
    wireBytes,
    batchBytes,
    windows,
    alerts: shown.map(alertJson),
    suppressed,
    usualHidden,
    health: health.map(healthJson),
    digest,
    elapsedMs: Math.round(elapsedMs),
    packetsPerSecond: Math.round(packetsPerSecond(result)),
    ...ownUse(),
    ...(history && { history: historyJson(history) }),
    sessions: audit.sessions.map((books) => ({ session: books.session, ledger: books.totals, final: books.final })),
    ...loopsJson(loops),
    ...(mirror && { mirror }),
    ...(preloaded && { preloadedBytes: preloaded.bytes }),
    ...(lag && { lag }),
    ...(record && { record }),
    ...(fault === undefined ? {} : { error: { code: fault.code, message: fault.message } }),
  };
}

function historyJson({ learnedWindows, neededWindows, isLearning, folded }: HistorySummary): object {
  return { state: isLearning ? 'learning' : 'judging', learnedWindows, neededWindows, folded };
}

function historyLine({ learnedWindows, neededWindows, isLearning }: HistorySummary): string {
  const windows = formatCount(learnedWindows);
  return isLearning
    ? `history  learning: ${windows} of ${formatCount(neededWindows)} windows until unlike-history judges`
    : `history  judging, from ${windows} windows`;
}

/** For `run` and `capture` alike; `of` null = until it was stopped. */
export function loopsJson(loops: RunResult['loops']): object {
  if (loops === undefined) return {};
  const { count, times } = loops.plan;
  return { loops: { done: loops.done, of: count === Infinity ? null : count, times } };
}

/** An alert as scripts get it. */
export function alertJson(alert: ExplainedAlert): object {
  const { id, detector, entity, windowStartUs, windowEndUs, score, severity, attack, state, summary, quality } = alert;
  return {
    id,
    detector,
    entity,
    windowStart: formatInstant(windowStartUs),
    windowEnd: formatInstant(windowEndUs),
    score,
    severity,
    attack,
    state,
    summary,
    confidence: quality.confidence,
    doubts: quality.doubts.map(({ text }) => text),
    ...(alert.usual && { usual: alert.usual }),
  };
}

/** The books, the alerts and the digest, a few lines for a terminal. */
export function runText(result: RunResult, allowed: PresentedAlerts, source: string): string {
  const { totals } = result.audit;
  const lines = [
    `${source}: ${formatCount(totals.offered)} packets in ${formatSeconds(result.elapsedMs / 1000)}, ` +
      `${formatCount(packetsPerSecond(result))} packets/s, peak memory ${formatBytes(ownUse().peakRssBytes)}`,
    ...replayLines(result),
    ...booksLines(result.audit),
    ...(result.mirror === undefined ? [] : [`         ${mirrorText(result.mirror)}`]),
    ...healthLines(result.health),
    `windows  ${formatCount(result.windows)}`,
    ...alertLines(allowed),
    ...(result.history === undefined ? [] : [historyLine(result.history)]),
    ...(result.record === undefined ? [] : recordLines(result.record)),
    `digest   ${result.digest}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** How a capture was replayed, for a terminal: nothing when once and as fast as it went. */
export function replayLines({ preloaded, loops, lag }: Pick<RunResult, 'preloaded' | 'loops' | 'lag'>): string[] {
  const lines: string[] = [];
  if (preloaded !== undefined) {
    lines.push(`preload  ${formatBytes(preloaded.bytes)} read into memory in ${Math.round(preloaded.elapsedMs)} ms`);
  }
  if (loops !== undefined) {
    lines.push(`loops    ${loopText(loops.done, loops.plan)}, each a session with books of its own`);
  }
  if (lag !== undefined) lines.push(`replay   ${formatLag(lag)}`);
  return lines;
}

/** The books of a run, three lines. */
export function booksLines({ totals, balanced }: AuditReport): string[] {
  const { published, bridged } = totals;
  const carried =
    published === undefined ? '' : `published ${formatCount(published)}, bridged ${formatCount(bridged ?? 0)}, `;
  return [
    `books    offered ${formatCount(totals.offered)} = dropped ${formatCount(totals.kernelDropped)} + self ${formatCount(totals.self)}` +
      ` + filtered ${formatCount(totals.filtered)} + duplicate ${formatCount(totals.duplicate)} + sent ${formatCount(totals.sent)}`,
    `         ${carried}parsed ${formatCount(totals.parsed)}, windowed ${formatCount(totals.windowed)}, stored ${formatCount(totals.stored)}, ` +
      `malformed ${formatCount(totals.malformed)}, unexplained ${formatCount(totals.unexplained)}`,
    `         ${balanced ? 'closed: every packet is accounted for' : 'NOT balanced: tapline audit names what is missing'}`,
  ];
}

/** The alerts for a terminal, and how many are not shown. */
export function alertLines({ shown, suppressed, usualHidden }: PresentedAlerts): string[] {
  return [
    `alerts   ${shown.length}`,
    ...shown.map(alertLine),
    ...suppressed.map(
      ({ rule, alerts }) => `  suppressed ${formatCount(alerts)}: ${rule.reason} (until ${rule.until})`,
    ),
    ...(usualHidden === 0 ? [] : [`  ${usualHiddenText(usualHidden)}`]),
  ];
}

/** One alert for a terminal. */
export function alertLine({ severity, detector, summary, quality: { confidence, doubts } }: ExplainedAlert): string {
  const doubt = doubts.length === 0 ? '' : ` [confidence ${confidence}: ${doubts.map(({ text }) => text).join('; ')}]`;
  return `  ${severity.padEnd(8)} ${detector.padEnd(15)} ${summary}${doubt}`;
}

function packetsPerSecond(result: RunResult): number {
  return result.elapsedMs > 0 ? (result.audit.totals.offered / result.elapsedMs) * 1000 : 0;
}
