/** A scorecard for a terminal. */
import type {
  AttackScore,
  CaptureScore,
  HeldOut,
  Rate,
  Scorecard,
  Share,
  WindowScore,
} from '@tapline/core/eval/scorecard';
import { formatCount } from '../cli/format.ts';

export function scorecardText(card: Scorecard): string {
  const { made, overall } = card;
  const attacks = card.captures.flatMap((capture) => capture.attacks.map((attack) => attackRow(capture, attack)));
  const benign = card.captures.filter(({ kind }) => kind === 'benign').map(benignRow);
  const lines = [
    ...table(['attack', 'class', 'result', 'time to alert', 'windows P/R/AUC', 'alerts'], attacks),
    ...(benign.length === 0 ? [] : ['', ...table(['benign capture', 'length', 'alerts'], benign)]),
    '',
    ...table(
      ['class', 'detected', '95 % interval', 'median time', 'windows P/R/AUC'],
      card.classes.map((one) => [
        `${one.class}${one.optional ? ' *' : ''}`,
        `${one.detected.count} of ${one.detected.of}`,
        intervalText(one.detected),
        seconds(one.medianTimeToAlertS),
        windowsText(one.windows),
      ]),
    ),
    '',
    `detected      ${shareText(overall.detected)} of the attacks of claimed classes; * not claimed from headers: ${shareText(overall.optionalDetected)}`,
    ...(overall.misnamed === 0
      ? []
      : [`misnamed      ${overall.misnamed} attacks that are not detected: their hosts were seen, under another name`]),
    `benign        ${shareText(overall.benignAlarmed)} captures alarmed`,
    `false alerts  ${rateText(overall.falseAlerts)} in benign captures`,
    ...(overall.falseAlertsBesideAttacks.windows === 0
      ? []
      : [`              ${rateText(overall.falseAlertsBesideAttacks)} beside attacks`]),
    ...(overall.heldOut === undefined ? [] : heldOutLines(overall.heldOut)),
    `right alerts  ${shareText(overall.alertPrecision)}`,
    `made with     tapline ${made.tapline}, config ${made.configHash.slice(0, 16)}, ${made.scenario}, seed ${made.seed}, window ${made.windowS} s, ${made.detectors.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
    ...card.limits.map((limit) => `note          ${limit}`),
  ];
  return `${lines.join('\n')}\n`;
}

function heldOutLines({ from, falseAlerts, unlikeHistory, allowedPerHour }: HeldOut): string[] {
  return [
    `held out      ${rateText(falseAlerts)} in benign windows after ${from.slice(0, 19)}Z, which taught nothing`,
    `              ${rateText(unlikeHistory)} of unlike-history, allowed ${allowedPerHour} per hour`,
  ];
}

function attackRow({ path, mix, fault }: CaptureScore, attack: AttackScore): string[] {
  const where = mix === undefined ? path : `${name(mix.attack)} in ${name(mix.timeline)}`;
  const result = attack.detected
    ? attack.by.join(' ')
    : attack.otherwise.length > 0
      ? `MISSED (seen as ${attack.otherwise.join(' ')})`
      : 'MISSED';
  return [
    shortened(where),
    `${attack.name}${attack.optional ? ' *' : ''}`,
    fault === undefined ? result : `${result} (capture damaged)`,
    seconds(attack.timeToAlertS),
    windowsText(attack.windows),
    `${attack.alerts}`,
  ];
}

function benignRow({ path, durationS, alerts, fault }: CaptureScore): string[] {
  const said = alerts.map(({ detector, entity }) => `${detector} ${entity}`).join(', ');
  return [
    shortened(path),
    `${formatCount(durationS)} s`,
    `${said || 'none'}${fault === undefined ? '' : ' (capture damaged)'}`,
  ];
}

/** The last part of a path. */
function name(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const WIDTH = 56;

/** The end of a path says more than its beginning. */
function shortened(path: string): string {
  return path.length <= WIDTH ? path : `…${path.slice(1 - WIDTH)}`;
}

function seconds(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(1)} s`;
}

function windowsText({ precision, recall, prAuc }: WindowScore): string {
  return [precision, recall, prAuc].map((value) => (value === null ? '-' : value.toFixed(2))).join(' / ');
}

function intervalText({ interval }: Share): string {
  return interval === null ? '-' : `${percent(interval.low)} to ${percent(interval.high)}`;
}

function shareText(share: Share): string {
  const interval = share.interval === null ? '' : ` (95 %: ${intervalText(share)})`;
  return `${share.count} of ${share.of}${interval}`;
}

function rateText({ count, hours, perHour, interval, windows, per1000Windows }: Rate): string {
  if (perHour === null || interval === null) return `${count}, in no time that could be counted,`;
  return (
    `${count} in ${hours.toFixed(2)} h: ${perHour.toFixed(2)} per hour (95 %: ${interval.low.toFixed(2)} to ${interval.high.toFixed(2)}), ` +
    `${(per1000Windows ?? 0).toFixed(2)} per 1,000 of ${formatCount(windows)} windows`
  );
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
