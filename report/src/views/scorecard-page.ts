/** How well the detectors did on the bundled capture, with what that does and does not say first. */
import type { AttackScore, ClassScore, Rate, Scorecard, Share } from '@tapline/core/eval/scorecard';
import { intervalDots } from '../charts/interval-dots.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, percent, whole } from '../format/numbers.ts';
import { cellTable, figure, type Table } from './figure.ts';
import type { View } from './model.ts';
import { pending } from './panel.ts';
import { tile } from './tiles.ts';

const CLASS_NAMES = (text: string): string => text.replaceAll('_', ' ');
const twoDigits = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
const seconds = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)}\u202fs`);

const intervalText = ({ interval }: Share): string =>
  interval === null ? 'nothing to count' : `95\u202f%: ${percent(interval.low)} to ${percent(interval.high)}`;

const shareTile = (name: string, share: Share): VNode =>
  tile(name, share.of === 0 ? '–' : `${whole(share.count)} of ${whole(share.of)}`, intervalText(share));

const rateTile = (name: string, { count, hours, perHour, interval }: Rate): VNode => {
  if (perHour === null || interval === null) return tile(name, '–', 'no such time was evaluated');
  const time = hours < 1 ? `${whole(hours * 3600)}\u202fs` : `${hours.toFixed(1)}\u202fh`;
  return tile(name, whole(count), `in ${time}; 95\u202f%: ${whole(interval.low)} to ${whole(interval.high)} per hour`);
};

const said = ({ limits, made, captures }: Scorecard): VNode => {
  const packets = captures.reduce((sum, capture) => sum + capture.packets, 0);
  const benign = captures.filter(({ kind }) => kind === 'benign').length;
  return h(
    'ul',
    { class: 'limits' },
    [
      `Evaluated: ${counted(captures.length, 'capture')} with ${counted(packets, 'packet')}, ${benign === 0 ? 'none' : whole(benign)} of them benign, by the labels of ${made.labels.name}. They were recorded by the people who wrote the detectors.`,
      'It is no measure of your network: bring captures of your own to tapline eval (docs/eval.md).',
      ...limits,
      `Training: ${made.training}.`,
    ].map((text) => h('li', { key: text }, text)),
  );
};

const overall = ({ overall: all }: Scorecard): VNode =>
  h(
    'dl',
    { class: 'tiles' },
    shareTile('Attacks detected', all.detected),
    shareTile('Right alerts', all.alertPrecision),
    rateTile('False alerts beside attacks', all.falseAlertsBesideAttacks),
    rateTile('False alerts in benign captures', all.falseAlerts),
    shareTile('Benign captures alarmed', all.benignAlarmed),
    tile('Misnamed', whole(all.misnamed), 'seen under another name'),
  );

const classTable = (classes: readonly ClassScore[]): Table => ({
  columns: [
    { name: 'class' },
    { name: 'claimed' },
    { name: 'detected', numeric: true },
    { name: 'of', numeric: true },
    { name: 'low', numeric: true },
    { name: 'high', numeric: true },
    { name: 'median time to alert (s)', numeric: true },
    { name: 'precision', numeric: true },
    { name: 'recall', numeric: true },
    { name: 'PR AUC', numeric: true },
  ],
  rows: classes.map(({ class: name, optional, detected, medianTimeToAlertS, windows }) => [
    name,
    optional ? 'no' : 'yes',
    detected.count,
    detected.of,
    detected.interval?.low ?? '',
    detected.interval?.high ?? '',
    medianTimeToAlertS ?? '',
    windows.precision ?? '',
    windows.recall ?? '',
    windows.prAuc ?? '',
  ]),
});

const classes = (view: View, card: Scorecard): VNode =>
  figure(view, {
    name: 'classes',
    title: 'Detected, by class of attack',
    note: 'share, and where it may truly lie (95\u202f%)',
    table: () => classTable(card.classes),
    chart: () => [
      intervalDots(
        card.classes.map(({ class: name, optional, detected: { count, of, interval } }) => ({
          key: `${CLASS_NAMES(name)}${optional ? ' *' : ''}`,
          share: of === 0 ? null : count / of,
          low: interval?.low ?? null,
          high: interval?.high ?? null,
          text: `${count} of ${of}`,
        })),
        view.model.panelWidth,
        'Share of attacks detected in each class, with its interval. A table of the values is one button away.',
      ),
      card.classes.some(({ optional }) => optional) ? h('p', { class: 'hint' }, '* reported, not claimed') : null,
      h('p', { class: 'hint' }, 'One attack of a class says little, which is how wide the lines are.'),
    ],
  });

const windowsTable = (view: View, card: Scorecard): VNode =>
  figure(view, {
    name: 'windows',
    title: 'Windows, and time to alert',
    note: 'precision, recall, area under their curve',
    table: () => classTable(card.classes),
    chart: () => [
      cellTable(
        [
          { name: 'class' },
          { name: 'median time', numeric: true },
          { name: 'precision', numeric: true },
          { name: 'recall', numeric: true },
          { name: 'PR AUC', numeric: true },
          { name: 'windows', numeric: true, wide: true },
        ],
        card.classes.map(({ class: name, medianTimeToAlertS, windows }) => [
          CLASS_NAMES(name),
          seconds(medianTimeToAlertS),
          twoDigits(windows.precision),
          twoDigits(windows.recall),
          twoDigits(windows.prAuc),
          `${windows.positives} of ${windows.units}`,
        ]),
        'Windows by class of attack',
      ),
    ],
  });

const attackCells = (attack: AttackScore, path: string): Child[] => [
  CLASS_NAMES(attack.name),
  h('span', { class: attack.detected ? 'hit' : 'miss' }, attack.detected ? attack.by.join(' ') : 'missed'),
  seconds(attack.timeToAlertS),
  whole(attack.packets),
  whole(attack.alerts),
  path,
];

const attacks = (view: View, card: Scorecard): VNode => {
  const all = card.captures.flatMap((capture) => capture.attacks.map((attack) => ({ attack, path: capture.path })));
  return figure(view, {
    name: 'attacks',
    title: 'Every attack',
    note: whole(all.length),
    empty: all.length === 0 ? 'No attack was evaluated.' : null,
    table: () => ({
      columns: ['attack', 'class', 'detected by', 'seconds to alert', 'packets', 'alerts', 'capture'].map((name) => ({
        name,
      })),
      rows: all.map(({ attack, path }) => [
        attack.name,
        attack.class,
        attack.by.join(' '),
        attack.timeToAlertS ?? '',
        attack.packets,
        attack.alerts,
        path,
      ]),
    }),
    chart: () => [
      cellTable(
        [
          { name: 'attack' },
          { name: 'detected by' },
          { name: 'time to alert', numeric: true },
          { name: 'packets', numeric: true },
          { name: 'alerts', numeric: true, wide: true },
          { name: 'capture', wide: true },
        ],
        all.map(({ attack, path }) => attackCells(attack, path)),
        'Every attack',
      ),
    ],
  });
};

const making = ({ made }: Scorecard): Child =>
  h(
    'p',
    { class: 'hint' },
    `Made with Tapline ${made.tapline}, configuration ${made.configHash.slice(0, 16)}, windows of ${made.windowS} s, seed ${made.seed}, labels SHA-256 ${made.labels.sha256.slice(0, 16)}; CI makes it again on every change.`,
  );

export function scorecardPage(view: View): VNode[] {
  const { value: card } = view.model.scorecard;
  const head = h(
    'section',
    { class: 'panel page-head scorecard-head', key: 'scorecard', 'aria-labelledby': 'scorecard-title' },
    h(
      'header',
      { class: 'panel-head' },
      h('h2', { id: 'scorecard-title' }, 'Scorecard: what was evaluated, and what was not'),
    ),
    h(
      'div',
      { class: 'panel-body' },
      card === null ? pending(view, view.model.scorecard) : [said(card), overall(card), making(card)],
    ),
  );
  if (card === null) return [head];
  return [
    head,
    h('div', { class: 'pair scorecard-pair', key: 'classes' }, classes(view, card), windowsTable(view, card)),
    attacks(view, card),
  ];
}
