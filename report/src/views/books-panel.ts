/** The books: every packet the sensor was offered, what became of it hop by hop, and what no counter explains. */
import type { LedgerTotals } from '@tapline/core/ledger/books';
import type { SensorFinding } from '@tapline/core/report/sensor-health';
import type { BooksSummary } from '@tapline/core/report/snapshot';
import { barList, type BarRow } from '../charts/bar-list.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, whole } from '../format/numbers.ts';
import { zonedTime } from '../format/times.ts';
import { dataTable } from './figure.ts';
import type { View } from './model.ts';
import { panel } from './panel.ts';

const STEPS: readonly (readonly [keyof LedgerTotals, string])[] = [
  ['offered', 'seen by the sensor'],
  ['kernelDropped', 'lost before the sensor could read them'],
  ['self', 'the sensor’s own traffic'],
  ['filtered', 'left out by a filter'],
  ['duplicate', 'second copies of a frame'],
  ['sent', 'sent in batches'],
  ['published', 'acknowledged by the broker'],
  ['bridged', 'carried on by the bridge'],
  ['parsed', 'decoded'],
  ['windowed', 'counted in windows'],
  ['stored', 'kept and still there'],
  ['malformed', 'contradict themselves; counted and kept'],
];

const NAMES: Readonly<Record<string, string>> = { kernelDropped: 'kernel dropped', self: 'own' };

/** Steps that are on the way: without a broker nothing is published or bridged. */
const rows = (books: BooksSummary): BarRow[] =>
  STEPS.flatMap(([name, note]) => {
    const value = books[name];
    return value === undefined ? [] : [{ key: NAMES[name] ?? name, value, text: whole(value), note }];
  });

const missing = (books: BooksSummary): Child[] => {
  if (books.discrepancies.length === 0) return [];
  const table = dataTable(
    {
      columns: [{ name: 'batches' }, { name: 'not' }, { name: 'packets', numeric: true }],
      rows: books.discrepancies.map(({ batches, hop, packets }) => [batches, hop, packets ?? 'unknown']),
    },
    'Batches that are missing',
  );
  const more = books.discrepanciesLeftOff;
  return [
    h('h3', {}, 'Batches that are missing'),
    table,
    more > 0 ? h('p', { class: 'hint' }, `and ${whole(more)} more`) : null,
  ];
};

/** What is wrong with the mirror, in sentences. */
const health = (findings: readonly SensorFinding[]): Child[] =>
  findings.length === 0
    ? []
    : [
        h('h3', {}, 'What the sensor says about its mirror'),
        ...findings.map(({ text }) => h('p', { class: 'finding' }, `${text.charAt(0).toUpperCase()}${text.slice(1)}.`)),
      ];

const verdict = (books: BooksSummary): string => {
  const until = books.closedToUs === null ? 'Not closed yet' : `Closed to ${zonedTime(books.closedToUs)}`;
  const way = books.underWay > 0 ? `, ${counted(books.underWay, 'packet')} under way` : '';
  const found =
    books.unexplained === 0 ? 'Every packet is explained.' : `${counted(books.unexplained, 'packet')} unexplained.`;
  return `${until}${way}. ${found}`;
};

export function booksPanel(view: View): VNode {
  const overview = view.model.overview.value;
  if (overview === null) return panel(view, 'books', ['Books'], [h('p', { class: 'empty' }, 'Loading…')]);
  const { books } = overview;
  const sum = 'offered = kernel dropped + own + filtered + duplicate + sent; sent = parsed = windowed = stored';
  return panel(
    view,
    'books',
    ['Books'],
    [
      h('p', { class: `ledger ${books.unexplained === 0 ? 'balanced' : 'unbalanced'}` }, verdict(books)),
      ...health(overview.health),
      h('h3', {}, 'Packets, hop by hop'),
      barList(rows(books)),
      ...missing(books),
      h('p', { class: 'hint' }, sum),
    ],
  );
}
