/** Which hosts talk to which and over what: the matrix of pairs and the ranked lists, hosts with their pages, the rest with its packets behind. */
import type { TopEntry } from '@tapline/core/kpi/kpi-row';
import { barList, type BarRow } from '../charts/bar-list.ts';
import { matrix, pairsOf } from '../charts/matrix.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { serviceName } from '../format/services.ts';
import { icmpName } from '../format/icmp.ts';
import { percent, short } from '../format/numbers.ts';
import { hostHref } from '../state/links.ts';
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
  /** Where a row leads; undefined: nowhere. */
  readonly href: (key: string) => string | undefined;
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
      const href = options.href(entry.key);
      return {
        key: entry.key,
        value: entry[measure],
        text: `${short(entry[measure], measure === 'bytes' ? 'B' : '')} · ${percent(entry[measure] / Math.max(1, total))}`,
        note: options.note?.(entry.key) ?? '',
        ...(href === undefined ? {} : { href }),
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
    title: 'Pairs of hosts',
    picture: true,
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
        nameHref: (name) => hostHref(state, name),
        href: (host, peer) => formatState(withPanel(state, { query: { ...NO_QUERY, host, peer } })),
      }),
    ],
  });
};

const NO_TOPS = { sources: [], destinations: [], pairs: [], services: [], protocols: [], icmpTypes: [] };

export function talkers(view: View): VNode {
  const tops = view.model.overview.value?.tops ?? NO_TOPS;
  const { state } = view.model;
  const host = (key: string): string | undefined => hostHref(state, key);
  const packets = (query: Partial<PacketQuery> | null): string | undefined =>
    query === null ? undefined : formatState(withPanel(state, { query: { ...NO_QUERY, ...query } }));
  return h(
    'div',
    { class: 'talkers', key: 'talkers' },
    pairMatrix(view, tops.pairs),
    ranked(view, tops.sources, { name: 'sources', title: 'Top sources', column: 'source', href: host }),
    ranked(view, tops.destinations, {
      name: 'destinations',
      title: 'Top destinations',
      column: 'destination',
      href: host,
    }),
    ranked(view, tops.services, {
      name: 'services',
      title: 'Services',
      column: 'service',
      href: (key) => packets(serviceQuery(key)),
      note: serviceName,
    }),
    ranked(view, tops.icmpTypes, {
      name: 'icmp',
      title: 'ICMP',
      column: 'type',
      href: (key) => packets({ protocol: key.split('/')[0] ?? key }),
      note: icmpName,
    }),
  );
}
