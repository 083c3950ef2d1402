/** Who talks to whom and over what: the matrix of pairs and the ranked lists, each a link to its packets. */
import type { TopEntry } from '@tapline/core/kpi/kpi-row';
import { barList, type BarRow } from '../charts/bar-list.ts';
import { matrix, pairsOf } from '../charts/matrix.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { serviceName } from '../format/services.ts';
import { icmpName } from '../format/icmp.ts';
import { percent, short } from '../format/numbers.ts';
import { formatState, withPanel, type Metric, type PacketQuery } from '../state/url-state.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';

const NO_QUERY: PacketQuery = { host: null, peer: null, port: null, protocol: null };
const ROWS = 10;

const measureOf = (metric: Metric): 'packets' | 'bytes' => (metric === 'packets' ? 'packets' : 'bytes');

const amount = (value: number, metric: Metric): string =>
  metric === 'packets' ? short(value, 'packets') : short(value, 'B');

const topTable = (entries: readonly TopEntry[], name: string): Table => ({
  columns: [{ name }, { name: 'packets', numeric: true }, { name: 'bytes', numeric: true }],
  rows: entries.map((entry) => [entry.key, entry.packets, entry.bytes]),
});

interface RankedOptions {
  readonly name: string;
  readonly title: string;
  readonly column: string;
  readonly query: (key: string) => Partial<PacketQuery> | null;
  readonly note?: (key: string) => string;
}

const ranked = (view: View, entries: readonly TopEntry[], options: RankedOptions): VNode => {
  const { state } = view.model;
  const measure = measureOf(state.metric);
  const total = view.model.overview.value?.totals[measure] ?? 0;
  const rows = entries
    .toSorted((a, b) => b[measure] - a[measure])
    .slice(0, ROWS)
    .map((entry): BarRow => {
      const query = options.query(entry.key);
      return {
        key: entry.key,
        value: entry[measure],
        text: `${short(entry[measure], measure === 'bytes' ? 'B' : '')} · ${percent(entry[measure] / Math.max(1, total))}`,
        note: options.note?.(entry.key) ?? '',
        ...(query === null ? {} : { href: formatState(withPanel(state, { query: { ...NO_QUERY, ...query } })) }),
      };
    });
  return figure(view, {
    name: options.name,
    title: options.title,
    empty: rows.length === 0 ? 'Nothing in this range.' : null,
    table: () => topTable(entries, options.column),
    chart: () => [barList(rows)],
  });
};

/** `tcp/443` by protocol and port, `icmp` by protocol; what no bound kept apart has no packets of its own. */
const serviceQuery = (key: string): Partial<PacketQuery> | null => {
  const [protocol = '', port] = key.split('/');
  if (protocol === 'other') return null;
  const number = Number(port);
  return port === undefined || !Number.isInteger(number) ? { protocol } : { protocol, port: number };
};

const pairMatrix = (view: View, entries: readonly TopEntry[]): VNode => {
  const { state, panelWidth } = view.model;
  const pairs = pairsOf(entries, measureOf(state.metric));
  return figure(view, {
    name: 'pairs',
    title: 'Who talks to whom',
    note: 'rows begin, columns answer',
    empty: pairs.length === 0 ? 'Nothing in this range.' : null,
    table: () => ({
      columns: [{ name: 'source' }, { name: 'destination' }, { name: measureOf(state.metric), numeric: true }],
      rows: pairs.map((pair) => [pair.source, pair.destination, pair.value]),
    }),
    chart: () => [
      matrix(pairs, {
        width: panelWidth,
        text: (value) => amount(value, state.metric),
        href: (host, peer) => formatState(withPanel(state, { query: { ...NO_QUERY, host, peer } })),
      }),
    ],
  });
};

const NO_TOPS = { sources: [], destinations: [], pairs: [], services: [], protocols: [], icmpTypes: [] };

export function talkers(view: View): VNode {
  const tops = view.model.overview.value?.tops ?? NO_TOPS;
  const host = (key: string): Partial<PacketQuery> | null => (key === 'other' ? null : { host: key });
  return h(
    'div',
    { class: 'talkers', key: 'talkers' },
    pairMatrix(view, tops.pairs),
    ranked(view, tops.sources, { name: 'sources', title: 'Top sources', column: 'source', query: host }),
    ranked(view, tops.destinations, {
      name: 'destinations',
      title: 'Top destinations',
      column: 'destination',
      query: host,
    }),
    ranked(view, tops.services, {
      name: 'services',
      title: 'Services',
      column: 'service',
      query: serviceQuery,
      note: serviceName,
    }),
    ranked(view, tops.icmpTypes, {
      name: 'icmp',
      title: 'ICMP',
      column: 'type',
      query: (key) => ({ protocol: key.split('/')[0] ?? key }),
      note: icmpName,
    }),
  );
}
