/** A ranked list with a bar behind each row: top talkers, services, protocols. Bars share one linear scale from zero. */
import { h, type Child, type VNode } from '../dom/vnode.ts';

export interface BarRow {
  readonly key: string;
  readonly value: number;
  /** The value as shown, with its unit. */
  readonly text: string;
  /** Shown dimmer after the key, e.g. a service name. */
  readonly note?: string;
  /** Makes the row a link. */
  readonly href?: string;
}

/** Rows in the order given. */
export function barList(rows: readonly BarRow[]): VNode {
  const largest = Math.max(...rows.map((row) => row.value), Number.MIN_VALUE);
  const line = (row: BarRow): Child[] => [
    h('span', {
      class: 'bar',
      style: { width: `${((row.value / largest) * 100).toFixed(2)}%` },
      'aria-hidden': 'true',
    }),
    h(
      'span',
      { class: 'bar-key', title: row.key },
      row.key,
      row.note ? h('span', { class: 'bar-note' }, row.note) : null,
    ),
    h('span', { class: 'bar-value' }, row.text),
  ];
  return h(
    'ol',
    { class: 'bar-list' },
    rows.map((row) =>
      h(
        'li',
        { key: row.key },
        row.href === undefined
          ? h('div', { class: 'bar-row' }, line(row))
          : h('a', { class: 'bar-row', href: row.href }, line(row)),
      ),
    ),
  );
}
