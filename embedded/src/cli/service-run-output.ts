/** What `tapline run --on services` says at the end: the contract's JSON object with more of it, or the same for people. */
import type { CostReport } from '@tapline/core/cost/cost';
import type { PresentedAlerts } from '@tapline/core/history/present-alerts';
import type { ServiceRunResult } from '../service-line/service-run.ts';
import { formatBytes, formatCount, formatSeconds } from './format.ts';
import { healthJson, healthLines } from './health-text.ts';
import { alertJson, alertLines, booksLines } from './run-output.ts';

/** The object of `--json` (design §10); scripts outside this repository read it, so fields are only ever added. */
export function serviceRunJson(
  result: ServiceRunResult,
  { shown, suppressed, usualHidden }: PresentedAlerts,
  source: string,
  sensor: string,
): object {
  const { audit, session, wireBytes, windows, digest, elapsedMs, capturedMs, fault } = result;
  return {
    sensor,
    session,
    source,
    ledger: audit?.totals ?? null,
    wireBytes,
    windows,
    alerts: shown.map(alertJson),
    suppressed,
    usualHidden,
    health: result.health.map(healthJson),
    digest,
    elapsedMs: Math.round(elapsedMs),
    capturedMs: Math.round(capturedMs),
    packetsPerSecond: Math.round(packetsPerSecond(result)),
    peakRssBytes: Object.values(result.processes).reduce((sum, use) => sum + use.peakRssBytes, 0),
    processes: result.processes,
    counts: result.counts,
    cost: result.cost,
    awaited: result.awaited,
    ...(fault === undefined ? {} : { error: { code: fault.code, message: fault.message } }),
  };
}

/** The books, the alerts, the digest, what every part took, and what it would have cost. */
export function serviceRunText(result: ServiceRunResult, allowed: PresentedAlerts, source: string): string {
  const { audit, elapsedMs, capturedMs, processes, windows, digest, cost } = result;
  const lines = [
    `${source}: ${formatCount(audit?.totals.offered ?? 0)} packets in ${formatSeconds(elapsedMs / 1000)}, ` +
      `${formatCount(packetsPerSecond(result))} packets/s from the sensor to the last row (sent after ${formatSeconds(capturedMs / 1000)})`,
    ...(audit === undefined ? ['books    nothing arrived'] : booksLines(audit)),
    ...healthLines(result.health),
    `windows  ${formatCount(windows)}`,
    ...alertLines(allowed),
    `digest   ${digest}`,
    ...processLines(processes),
    ...costLines(cost),
  ];
  return `${lines.join('\n')}\n`;
}

function processLines(processes: ServiceRunResult['processes']): string[] {
  const byCpu = Object.entries(processes).sort(([, a], [, b]) => b.cpuMs - a.cpuMs);
  return byCpu.map(
    ([name, { cpuMs, peakRssBytes }], i) =>
      `${i === 0 ? 'took     ' : '         '}${name.padEnd(10)} ${(cpuMs / 1000).toFixed(1).padStart(7)} s CPU  ${formatBytes(peakRssBytes).padStart(9)}`,
  );
}

/** Whole where there are many; a run takes fractions of a node's second. */
const amount = (quantity: number): string =>
  quantity < 10 ? String(Number(quantity.toPrecision(3))) : formatCount(quantity);

/** Money in dollars, in four significant digits: a run costs fractions of a cent. */
function costLines({ lines, usd, usdPerMillionPackets, fixed, pricesOf }: CostReport): string[] {
  const money = (value: number): string => `$${Number(value.toPrecision(4))}`;
  return [
    `cost     ${money(usd)} at list prices of ${pricesOf}` +
      (usdPerMillionPackets === null ? '' : `, ${money(usdPerMillionPackets)} per million packets`),
    ...lines
      .filter((line) => line.usd > 0)
      .map(
        ({ hop, what, quantity, unit, usd: part }) =>
          `         ${hop.padEnd(9)} ${what.padEnd(17)} ${amount(quantity).padStart(12)} ${unit.padEnd(14)} ${money(part)}`,
      ),
    `         by the hour, whatever flows: ${fixed.map(({ what, usdPerDay }) => `${what} ${money(usdPerDay)} a day`).join(', ')}`,
  ];
}

function packetsPerSecond({ audit, elapsedMs }: ServiceRunResult): number {
  return elapsedMs > 0 ? ((audit?.totals.offered ?? 0) / elapsedMs) * 1000 : 0;
}
