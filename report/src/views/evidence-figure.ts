/** The rows that the detector judged, and the CQL that returns them from Cassandra, ready to be pasted. */
import type { AlertEvidence } from '@tapline/core/report/snapshot';
import { featureName } from '../charts/ratio-bars.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, whole } from '../format/numbers.ts';
import { inZone } from '../format/time-zone.ts';
import { clockTime } from '../format/times.ts';
import { dataTable, figure, type Table } from './figure.ts';
import type { View } from './model.ts';

const table = ({ rows }: AlertEvidence): Table => {
  const features = [...new Set(rows.flatMap(({ features: of }) => Object.keys(of)))];
  return {
    columns: [{ name: inZone('window') }, ...features.map((name) => ({ name: featureName(name), numeric: true }))],
    rows: rows.map((row) => [clockTime(row.windowStartUs), ...features.map((name) => row.features[name] ?? '')]),
  };
};

/** For people: whole numbers in groups of three. */
const readable = ({ columns, rows }: Table): Table => ({
  columns,
  rows: rows.map((row) => row.map((cell) => (Number.isInteger(cell) ? whole(cell as number) : cell))),
});

const cqlBlock = (view: View, cql: readonly string[], leftOff: number): Child[] => {
  if (cql.length === 0) return [];
  const text = cql.join('\n\n');
  return [
    h(
      'div',
      { class: 'cql-head' },
      h('h3', {}, 'The same from Cassandra'),
      h(
        'button',
        {
          type: 'button',
          'aria-label': 'Copy the CQL',
          onclick: () => {
            view.actions.copy(text);
          },
        },
        view.model.copied === text ? 'Copied' : 'Copy',
      ),
    ),
    h('pre', { class: 'cql', tabindex: 0, role: 'region', 'aria-label': 'CQL' }, h('code', {}, text)),
    leftOff > 0 ? h('p', { class: 'hint' }, `and ${counted(leftOff, 'more statement')}, one per ten minutes`) : null,
  ];
};

export function evidenceFigure(view: View): VNode {
  const { value, error } = view.model.evidence;
  const empty = value === null ? (error ?? 'Loading…') : null;
  return figure(view, {
    name: 'evidence',
    title: 'Evidence',
    note: value === null ? '' : counted(value.rows.length, 'row'),
    empty,
    plain: true,
    table: () => (value === null ? { columns: [], rows: [] } : table(value)),
    chart: () =>
      value === null
        ? []
        : [
            value.rows.length === 0
              ? h(
                  'p',
                  { class: 'empty' },
                  'This alert is not made from the evidence of windows, or it is stored no more.',
                )
              : dataTable(readable(table(value)), 'Evidence'),
            ...cqlBlock(view, value.cql, value.cqlLeftOff),
          ],
  });
}
