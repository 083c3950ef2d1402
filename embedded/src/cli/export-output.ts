/** What `tapline export` says at the end, on stderr: what was found, and what is missing. */
import { GAP_REASONS } from '@tapline/capture-agent/record/manifest';
import type { MissingRange } from '@tapline/capture-agent/record/record-reader';
import type { ExportResult } from '../export/export-packets.ts';
import type { Collected } from '@tapline/report/save/collect';
import { formatBytes, formatCount, formatInstant } from './format.ts';

/** Missing ranges that are named. */
const SHOWN = 20;

/** @param output as the user named it */
export function exportText(result: ExportResult, output: string): string {
  const { packets, bytes, fromUs, toUs, missing, span, isOpen, interrupted } = result;
  const where = output === '-' ? '' : `, written to ${output}`;
  const lines =
    packets === 0
      ? [`nothing found; the record ${span === null ? 'is empty' : `holds ${rangeText(span)}`}`]
      : [`${formatCount(packets)} packets, ${formatBytes(bytes)}, ${rangeText({ fromUs, toUs })}${where}`];
  if (interrupted) lines.push('interrupted: only a part of the record was searched');
  if (isOpen) lines.push('the record is being written, or its process was killed: what comes later is not in it yet');
  lines.push(...missing.slice(0, SHOWN).map(missingText));
  if (missing.length > SHOWN) lines.push(`missing: ${missing.length - SHOWN} more ranges`);
  return lines.map((line) => `tapline: ${line}\n`).join('');
}

/** What a report that was written as files holds, how it is opened, and what it does not hold. */
export function reportText(folder: string, counts: Collected['counts'], leftOut: readonly string[]): string {
  const { alerts, packets, hosts, windows } = counts;
  const lines = [
    `${folder}: alerts ${formatCount(alerts)}, their packets ${formatCount(packets)}, hosts ${formatCount(hosts)}, windows ${formatCount(windows)}`,
    `open ${folder}/report.html from disk, or serve the folder: python3 -m http.server --directory ${folder}`,
    ...leftOut.map((what) => `left out: ${what}`),
  ];
  return lines.map((line) => `tapline: ${line}\n`).join('');
}

function missingText({ fromUs, toUs, reason }: MissingRange): string {
  return `missing: ${rangeText({ fromUs, toUs })}, ${GAP_REASONS[reason]}`;
}

function rangeText({ fromUs, toUs }: { readonly fromUs: number; readonly toUs: number }): string {
  return `${formatInstant(fromUs)} to ${toUs === Infinity ? 'an unknown time' : formatInstant(toUs)}`;
}
