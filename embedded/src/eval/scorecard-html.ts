/** A scorecard as one HTML file: no script, nothing loaded from elsewhere, readable when printed. */
import type {
  AttackScore,
  CaptureScore,
  HeldOut,
  Rate,
  Scorecard,
  Share,
  WindowScore,
} from '@tapline/core/eval/scorecard';

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d0d7de;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;background:#f6f8fa}td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.yes{color:#11632f;font-weight:600}.no{color:#a40e26;font-weight:600}small{color:#57606a}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th{background:#161b22}th,td{border-color:#30363d}.yes{color:#56d364}.no{color:#ff7b72}small{color:#9198a1}}`;

export function scorecardHtml(card: Scorecard): string {
  const { made, overall, limits } = card;
  const attacks = card.captures.flatMap((capture) => capture.attacks.map((attack) => attackRow(capture, attack)));
  const benign = card.captures.filter(({ kind }) => kind === 'benign').map(benignRow);
  const facts: [string, string][] = [
    ['Attacks of claimed classes detected', share(overall.detected)],
    ['Attacks not claimed from headers, detected', share(overall.optionalDetected)],
    ['Benign captures alarmed', share(overall.benignAlarmed)],
    ['False alerts in benign captures', rate(overall.falseAlerts)],
    ['False alerts beside attacks', rate(overall.falseAlertsBesideAttacks)],
    ...(overall.heldOut === undefined ? [] : heldOut(overall.heldOut)),
    ['Right alerts of all', share(overall.alertPrecision)],
    ['Scenario', `${made.scenario}, seed ${made.seed}, windows of ${made.windowS} s`],
    ['Labels', `${made.labels.name} (SHA-256 ${made.labels.sha256})`],
    ['Detectors', made.detectors.map(({ name, version }) => `${name} ${version}`).join(', ')],
    ['Training', made.training],
    ['Made with', `Tapline ${made.tapline}, configuration ${made.configHash}`],
  ];
  const classes = card.classes.map((one) => [
    escaped(one.class) + (one.optional ? ' <small>(not claimed)</small>' : ''),
    escaped(share(one.detected)),
    number(one.medianTimeToAlertS, ' s'),
    number(one.longestTimeToAlertS, ' s'),
    number(one.alertsPerAttack),
    ...windows(one.windows),
  ]);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tapline scorecard: ${escaped(made.labels.name)}</title>
<style>${STYLE}</style>
<h1>Tapline scorecard</h1>
<table>${facts.map(([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`).join('\n')}</table>
<h2>What this says, and what not</h2>
<ul>${limits.map((limit) => `<li>${escaped(limit)}</li>`).join('\n')}</ul>
<h2>Classes</h2>
${table(['class', 'detected', 'median time to alert', 'longest', 'alerts per attack', ...WINDOW_HEAD], classes)}
<h2>Attacks</h2>
${table(['capture', 'attack', 'result', 'time to alert', 'alerts', ...WINDOW_HEAD], attacks)}
${benign.length === 0 ? '' : `<h2>Benign captures</h2>\n${table(['capture', 'length', 'windows', 'alerts'], benign)}`}
</html>
`;
}

function heldOut({ from, falseAlerts, unlikeHistory, allowedPerHour }: HeldOut): [string, string][] {
  return [
    [`False alerts after ${from.slice(0, 19)}Z, in benign windows that taught nothing`, rate(falseAlerts)],
    ['Of these of unlike-history', `${rate(unlikeHistory)}; allowed ${allowedPerHour} per hour`],
  ];
}

const WINDOW_HEAD = ['precision', 'recall', 'PR-AUC'];

function attackRow({ path, mix, fault }: CaptureScore, attack: AttackScore): string[] {
  const where = mix === undefined ? path : `${mix.attack} in ${mix.timeline} at ${mix.offsetS} s`;
  const by = attack.detected
    ? `<span class="yes">${escaped(attack.by.join(', '))}</span>`
    : `<span class="no">missed</span>${attack.otherwise.length === 0 ? '' : ` seen as ${escaped(attack.otherwise.join(', '))}`}`;
  const remarks = [attack.remark, fault]
    .filter((text) => text !== undefined)
    .map((text) => `<br><small>${escaped(text)}</small>`);
  return [
    escaped(where),
    escaped(attack.name) + (attack.optional ? ' <small>(not claimed)</small>' : ''),
    by + remarks.join(''),
    number(attack.timeToAlertS, ' s'),
    number(attack.alerts),
    ...windows(attack.windows),
  ];
}

function benignRow({ path, durationS, windows: count, alerts }: CaptureScore): string[] {
  const said = alerts.map(({ summary, detector }) => `${escaped(detector)}: ${escaped(summary)}`).join('<br>');
  return [
    escaped(path),
    number(durationS, ' s'),
    number(count),
    said === '' ? '<span class="yes">none</span>' : `<span class="no">${said}</span>`,
  ];
}

function windows({ precision, recall, prAuc, prAucInterval }: WindowScore): string[] {
  const area = prAucInterval === null ? '' : `<br><small>${prAucInterval.low} to ${prAucInterval.high}</small>`;
  return [number(precision), number(recall), number(prAuc) + area];
}

function number(value: number | null, unit = ''): string {
  return value === null ? '–' : `${value}${unit}`;
}

function share({ count, of, interval }: Share): string {
  return `${count} of ${of}${interval === null ? '' : ` (95 %: ${interval.low} to ${interval.high})`}`;
}

function rate({ count, hours, perHour, interval, windows: of, per1000Windows }: Rate): string {
  if (perHour === null || interval === null) return `${count}`;
  return `${count} in ${hours} h: ${perHour} per hour (95 %: ${interval.low} to ${interval.high}), ${per1000Windows ?? 0} per 1,000 of ${of} windows`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]): string =>
    row.map((cell) => `<td${/^[\d–]/.test(cell) ? ' class="n"' : ''}>${cell}</td>`).join('');
  return `<table><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr>\n${rows.map((row) => `<tr>${cells(row)}</tr>`).join('\n')}</table>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
