/** One alert as a receipt for a terminal: what was seen, against which bars, from which data, and how to look further. */
import type { Alert } from '@tapline/core/detect/alert';
import { techniqueText } from '@tapline/core/detect/techniques';
import type { ExplainedAlert } from '@tapline/core/history/explain-usual';
import { STATISTICS } from '@tapline/core/history/host-sights';
import type { Verification } from '@tapline/functions/stages/verify-alert';
import { formatCount, formatInstant } from './format.ts';

/** @param evidenceCql the statements that return its evidence from Cassandra */
export function receiptText(alert: ExplainedAlert, evidenceCql: readonly string[]): string {
  const { filter, quality } = alert;
  const lines = [
    `alert      ${alert.id} (${alert.state})`,
    `what       ${alert.summary}`,
    ...(alert.withdrawal === undefined ? [] : [`withdrawn  ${alert.withdrawal}`]),
    ...(alert.usual === undefined
      ? []
      : [`usual      ${alert.usual.class === 'unusual' ? 'MORE; ' : ''}${alert.usual.text}`]),
    `detector   ${alert.detector} version ${alert.detectorVersion}, thresholds ${alert.config}`,
    `entity     ${alert.entity}, sensor ${alert.sensor}`,
    `severity   ${alert.severity}, score ${alert.score}`,
    ...section('ATT&CK', alert.attack.map(techniqueText)),
    `windows    ${alert.windows} between ${formatInstant(alert.windowStartUs)} and ${formatInstant(alert.windowEndUs)}`,
    `packets    first ${formatInstant(alert.firstPacketUs)}, last ${formatInstant(alert.lastPacketUs)}`,
    ...section('why', alert.reasons.map(reasonText)),
    ...section(
      'who',
      alert.contributors.map(({ key, value, unit }) => `${key}: ${formatCount(value)} ${unit}`),
    ),
    `data       ${alert.complete ? 'every window is complete' : 'INCOMPLETE'}, confidence ${quality.confidence}`,
    ...quality.doubts.map(({ text }) => `           ${text}`),
    `filter     ${filterText(filter)}`,
    'evidence   in Cassandra:',
    ...evidenceCql.flatMap((statement) => statement.split('\n').map((line) => `           ${line}`)),
  ];
  return `${lines.map(plain).join('\n')}\n`;
}

const section = (name: string, items: readonly string[]): string[] =>
  items.length === 0 ? [`${name.padEnd(10)} -`] : items.map((item, i) => `${(i === 0 ? name : '').padEnd(10)} ${item}`);

function reasonText({ feature, value, unit, floor, baseline, ratio, contribution }: Alert['reasons'][number]): string {
  const usual = baseline === null ? '' : `, usual ${baseline}`;
  const part = Math.round(100 * contribution);
  return `${feature}: ${value} ${unit} against ${floor}${usual} (x${ratio}, ${part} % of how far it is beyond)`;
}

function filterText({ fromUs, toUs, host, peer, port, protocol }: Alert['filter']): string {
  const given = Object.entries({ host, peer, port, protocol }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  );
  return [...given, `from ${formatInstant(fromUs)} to ${formatInstant(toUs)}`].join(', ');
}

/** Control characters never reach a terminal: an alert may hold what a packet said. */
const plain = (line: string): string => line.replace(/\p{Cc}/gu, '\uFFFD');

/** How many alerts are not shown. */
export const usualHiddenText = (count: number): string =>
  `${formatCount(count)} usual for ${count === 1 ? 'its host' : 'their hosts'}, hidden: --usual shows ${count === 1 ? 'it' : 'them'}`;

/** What verifying an alert found. */
export function verificationText({ alert, recomputed, differences, notes, ...read }: Verification): string {
  const lines = [
    `alert      ${alert.id} ${alert.detector} ${alert.entity} (${alert.state})`,
    `read       ${formatCount(read.packets)} packets of ${formatCount(read.batches)} batches, scored ${formatCount(read.windows)} windows`,
    ...notes.map((note) => `note       ${note}`),
    ...(STATISTICS.some(({ detector }) => detector === alert.detector)
      ? ['not read   what is usual for its host: days of windows made that, and no part of the alert rests on it']
      : []),
  ];
  if (differences.length === 0) lines.push('verified   the packets say exactly this');
  else if (recomputed === undefined) lines.push('DIFFERENT  the stored packets raise no such alert');
  else {
    for (const field of differences) {
      lines.push(`DIFFERENT  ${field}: stored ${valueOf(alert, field)}, recomputed ${valueOf(recomputed, field)}`);
    }
  }
  return `${lines.map(plain).join('\n')}\n`;
}

const valueOf = (alert: Alert, field: string): string => JSON.stringify(alert[field as keyof Alert] ?? null);
