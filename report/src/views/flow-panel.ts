/** Who talks to whom, by network: the flow picture, how much of the traffic it shows, and where each part of it leads. */
import type { Overview } from '@tapline/core/report/snapshot';
import { networkFlows, type FlowLink, type FlowNode, type NetworkFlows } from '../charts/network-flows.ts';
import { sankeyChart } from '../charts/sankey.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { percent, short } from '../format/numbers.ts';
import { hostHref, packetsHref } from '../state/links.ts';
import type { PageState } from '../state/url-state.ts';
import { figure, type Table } from './figure.ts';
import type { View } from './model.ts';
import { pointing, readOut } from './read-out.ts';

const NAME = 'networks';
/** Networks of a side: as many as a person compares. */
const NODES_MOST = { narrow: 7, wide: 12 } as const;
const NARROW = 620;

/** What a packet filter calls a network; null where no filter selects it. */
const term = ({ kind, name, host }: FlowNode): string | null => {
  if (host !== null) return `host ${host}`;
  if (kind === 'inside' || kind === 'outside') return `net ${name}`;
  return kind === 'group' ? '(net 224.0.0.0/4 or net ff00::/8 or host 255.255.255.255)' : null;
};

const nodeHref = (state: PageState, node: FlowNode): string | undefined => {
  if (node.host !== null) return hostHref(state, node.host);
  const filter = term(node);
  return filter === null ? undefined : packetsHref(state, filter);
};

const linkHref = (state: PageState, { source, destination }: FlowLink): string | undefined => {
  const [from, to] = [term(source), term(destination)];
  if (from === null || to === null) return undefined;
  // Within one network both ends are in it.
  if (from === to && source.host === null) return packetsHref(state, `src ${source.name} and dst ${source.name}`);
  return packetsHref(state, from === to ? from : `${from} and ${to}`);
};

const asTable = (flows: NetworkFlows, measure: string): Table => ({
  columns: [
    { name: 'began' },
    { name: 'spoken to' },
    { name: measure, numeric: true },
    { name: 'pairs of hosts', numeric: true },
  ],
  rows: flows.links.map(({ source, destination, value, pairs }) => [
    source.host ?? source.name,
    destination.host ?? destination.name,
    value,
    pairs === 0 ? '' : pairs,
  ]),
});

const standing = (overview: Overview, { bothEnds, oneEnd }: NetworkFlows, measure: string): string => {
  const { perWindow } = overview.conversations;
  const both = `The ${perWindow} largest conversations of each window, both ways: ${percent(bothEnds)} of the ${measure}.`;
  const one = ` Of ${percent(oneEnd)} one end is known, by the ${perWindow} largest receivers and senders.`;
  return `${both}${oneEnd === 0 ? '' : one} Left began, right was spoken to.`;
};

const KINDS = [
  ['inside', 'private networks, by /24'],
  ['outside', 'internet, by /16'],
] as const;

const legend = (): VNode =>
  h(
    'ul',
    { class: 'flow-legend' },
    KINDS.map(([kind, text]) =>
      h('li', {}, h('span', { class: `swatch kind-${kind}`, 'aria-hidden': 'true' }), h('span', {}, text)),
    ),
  );

export function flowPanel(view: View): VNode {
  const { model } = view;
  const { state, width } = model;
  const overview = model.overview.value;
  const measure = state.metric === 'packets' ? 'packets' : 'bytes';
  const most = width < NARROW ? NODES_MOST.narrow : NODES_MOST.wide;
  const flows = overview === null ? null : networkFlows(overview.conversations, measure, most);
  const isEmpty = flows !== null && flows.links.length === 0;
  return figure(view, {
    name: NAME,
    title: 'Who talks to whom',
    picture: true,
    empty: isEmpty ? 'Nothing in this range.' : null,
    table: () => (flows === null ? { columns: [], rows: [] } : asTable(flows, measure)),
    chart: () =>
      overview === null || flows === null
        ? [h('p', { class: 'empty sankey-empty' }, 'Loading…')]
        : [
            h('div', { class: 'flow-head' }, readOut(view, NAME, standing(overview, flows, measure)), legend()),
            h(
              'div',
              { class: 'sankey-plot', ...pointing(view, NAME) },
              sankeyChart(flows, {
                width,
                text: (value) => short(value, measure === 'packets' ? 'packets' : 'B'),
                nodeHref: (node) => nodeHref(state, node),
                linkHref: (link) => linkHref(state, link),
              }),
            ),
          ],
  });
}
