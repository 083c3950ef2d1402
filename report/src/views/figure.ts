/** The frame every chart sits in: title, note, and the same numbers as a table or a CSV file one button away. */
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { withTable } from '../state/url-state.ts';
import type { View } from './model.ts';

export interface Column {
  readonly name: string;
  /** Right-aligned with tabular digits. */
  readonly numeric?: boolean;
  /** Left out where there is no room for it. */
  readonly wide?: boolean;
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A cell a spreadsheet would run as a formula gets an apostrophe in front: its text may come from a packet. */
const csvCell = (value: string | number): string => {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/u.test(value) ? `'${value}` : value;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** RFC 4180 with a header line. */
export function csv(table: Table): string {
  const lines = [table.columns.map((column) => column.name), ...table.rows];
  return lines.map((line) => `${line.map(csvCell).join(',')}\r\n`).join('');
}

export function dataTable(table: Table, caption: string): VNode {
  return cellTable(table.columns, table.rows, caption);
}

/** The same with cells that may be links. */
export function cellTable(columns: readonly Column[], rows: readonly (readonly Child[])[], caption: string): VNode {
  const classOf = (index: number): string | null =>
    [columns[index]?.numeric === true ? 'numeric' : '', columns[index]?.wide === true ? 'wide' : '']
      .filter((name) => name !== '')
      .join(' ') || null;
  return h(
    'div',
    { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': `${caption}, table` },
    h(
      'table',
      {},
      h('caption', { class: 'visually-hidden' }, caption),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map((column, index) => h('th', { scope: 'col', class: classOf(index) }, column.name)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((row) =>
          h(
            'tr',
            {},
            row.map((cell, index) => h('td', { class: classOf(index) }, cell)),
          ),
        ),
      ),
    ),
  );
}

export interface FigureOptions {
  /** Names the figure in the URL and in file names: lower-case letters and dashes. */
  readonly name: string;
  readonly title: string;
  readonly note?: string;
  readonly controls?: readonly Child[];
  /** Made only when the table is shown or saved. */
  readonly table: () => Table;
  readonly chart: () => readonly Child[];
  /** Between the head and the body. */
  readonly before?: VNode;
  /** The chart is SVG, so that it can be saved as a picture. */
  readonly picture?: boolean;
  /** The chart is a table itself. */
  readonly plain?: boolean;
  /** Stands in for chart and table when there is nothing to draw. */
  readonly empty?: string | null;
}

const pictureButtons = (view: View, { name, title }: FigureOptions): VNode[] =>
  (['svg', 'png'] as const).map((format) =>
    h(
      'button',
      {
        type: 'button',
        'aria-label': `Save ${title} as ${format.toUpperCase()}`,
        onclick: (event) => {
          view.actions.savePicture(`tapline-${name}`, format, (event.target as Element).closest('.figure')!);
        },
      },
      format.toUpperCase(),
    ),
  );

/** A titled section with the chart, or its table when the state says so. */
export function figure(view: View, options: FigureOptions): VNode {
  const { model, actions } = view;
  const tabled = model.state.tables.includes(options.name);
  const body = (): readonly Child[] => {
    if (options.empty) return [h('p', { class: 'empty' }, options.empty)];
    return tabled ? [dataTable(options.table(), options.title)] : options.chart();
  };
  const toggle = (): void => {
    actions.go(withTable(model.state, options.name, !tabled), { replace: true });
  };
  const save = (): void => {
    actions.save(`tapline-${options.name}.csv`, csv(options.table()));
  };
  return h(
    'section',
    { class: `figure figure-${options.name}`, key: options.name, 'aria-labelledby': `title-${options.name}` },
    h(
      'header',
      { class: 'figure-head' },
      h('h2', { id: `title-${options.name}` }, options.title),
      options.note ? h('p', { class: 'figure-note' }, options.note) : null,
      h(
        'div',
        { class: 'figure-tools' },
        options.controls ?? [],
        options.picture === true && !tabled ? pictureButtons(view, options) : [],
        options.plain === true
          ? null
          : h(
              'button',
              {
                type: 'button',
                'aria-pressed': String(tabled),
                onclick: toggle,
                'aria-label': `${options.title} as a table`,
              },
              'Table',
            ),
        h('button', { type: 'button', onclick: save, 'aria-label': `Save ${options.title} as CSV` }, 'CSV'),
      ),
    ),
    options.before ?? null,
    h('div', { class: 'figure-body' }, body()),
  );
}
