/**
 * Conversations as ribbons: networks that began on the left, networks that were spoken to on the right, as wide as their
 * traffic. Linear, so that widths add up; what no list holds is a pale ribbon of its own, so that the picture does not claim
 * to be everything.
 */
import { sankey, sankeyLinkHorizontal } from 'd3-sankey';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, percent } from '../format/numbers.ts';
import { shortAddress } from './matrix.ts';
import type { FlowLink, FlowNode, NetworkFlows } from './network-flows.ts';
import { pixel } from './time-frame.ts';

export interface SankeyOptions {
  readonly width: number;
  /** The value as shown, with its unit. */
  readonly text: (value: number) => string;
  /** Where a network leads; undefined: nowhere. */
  readonly nodeHref: (node: FlowNode) => string | undefined;
  readonly linkHref: (link: FlowLink) => string | undefined;
}

const NODE_WIDTH = 10;
/** Between nodes: a line of text, so that labels of thin ones do not touch. */
const NODE_GAP = 15;
/** Pixels for each network: more where ribbons are long, so that they do not become threads. */
const ROW = { usual: 30, wall: 48 } as const;
const WALL = 2200;
const LEAST_HEIGHT = 230;
const CHARACTER = 6.9;
/** Widest names: on a phone there is room for less. */
const NAME_MOST = { narrow: 15, wide: 26 } as const;
const NOTE_WIDTH = 124;
const NARROW = 620;

/** Ribbons thinner than this are drawn as thick as this. */
const THIN = 1.2;

const nameOf = (node: FlowNode): string => node.host ?? node.name;

const hostsText = ({ kind, hosts, host }: FlowNode): string => {
  if (kind === 'unlisted') return '';
  return host === null ? counted(hosts, 'host') : '';
};

/** `192.168.10.0/24 (3 hosts) → 203.0.0.0/16: 1.2 MB, 45 %, 7 pairs` */
export function linkText(link: FlowLink, total: number, text: (value: number) => string): string {
  const { source, destination, value, pairs } = link;
  const share = percent(value / Math.max(1, total));
  const amount = `${text(value)}, ${share}`;
  const [isFrom, isTo] = [source, destination].map(({ kind }) => kind !== 'unlisted');
  if (!isFrom && !isTo) return `On no list: ${amount}`;
  if (!isFrom) return `Hosts on no list → ${nameOf(destination)}: at least ${amount}`;
  if (!isTo) return `${nameOf(source)} → hosts on no list: at least ${amount}`;
  return `${nameOf(source)} → ${nameOf(destination)}: ${amount}, ${counted(pairs, 'pair')} of hosts`;
}

const nodeText = (node: FlowNode, total: number, text: (value: number) => string): string => {
  const hosts = hostsText(node);
  const did = node.side === 'source' ? 'began' : 'was asked for';
  const who = node.kind === 'unlisted' ? `Hosts on no list ${did}` : `${nameOf(node)}${hosts && ` (${hosts})`} ${did}`;
  return `${who} ${text(node.value)}, ${percent(node.value / Math.max(1, total))}`;
};

const wrapped = (href: string | undefined, properties: Record<string, string>, children: readonly Child[]): VNode =>
  href === undefined
    ? h('g', { ...properties, role: 'img' }, children)
    : h('a', { ...properties, href, class: `${properties['class'] ?? ''} leads` }, children);

interface Layout {
  readonly margins: readonly [left: number, right: number];
  readonly characters: number;
  readonly isNarrow: boolean;
}

/** Names stand outside the ribbons, in margins as wide as the longest of their side. */
const layoutOf = (flows: NetworkFlows, width: number): Layout => {
  const isNarrow = width < NARROW;
  const characters = isNarrow ? NAME_MOST.narrow : NAME_MOST.wide;
  const margin = (side: FlowNode['side']): number => {
    const names = flows.nodes
      .filter((node) => node.side === side)
      .map((node) => shortAddress(nameOf(node), characters));
    return Math.ceil(Math.max(...names.map(({ length }) => length)) * CHARACTER) + 10 + (isNarrow ? 0 : NOTE_WIDTH);
  };
  return { margins: [margin('source'), margin('destination')], characters, isNarrow };
};

/** @param flows with at least one link */
export function sankeyChart(flows: NetworkFlows, options: SankeyOptions): VNode {
  const { width, text } = options;
  const { margins, characters, isNarrow } = layoutOf(flows, width);
  const rows = Math.max(
    ...(['source', 'destination'] as const).map((side) => flows.nodes.filter((node) => node.side === side).length),
  );
  const height = Math.max(LEAST_HEIGHT, rows * (width < WALL ? ROW.usual : ROW.wall) + 20);
  const total = flows.links.reduce((sum, { value }) => sum + value, 0);
  const place = sankey<{ id: string; node: FlowNode }, { link: FlowLink }>()
    .nodeId(({ id }) => id)
    .nodeWidth(NODE_WIDTH)
    .nodePadding(NODE_GAP)
    // Largest first, as the lists of the page are; what is folded away stays below.
    .nodeSort((a, b) => flows.nodes.indexOf(a.node) - flows.nodes.indexOf(b.node))
    .extent([
      [margins[0], 8],
      [width - margins[1], height - 8],
    ]);
  const { nodes, links } = place({
    nodes: flows.nodes.map((node) => ({ id: node.id, node })),
    links: flows.links.map((link) => ({
      source: link.source.id,
      target: link.destination.id,
      value: link.value,
      link,
    })),
  });
  const path = sankeyLinkHorizontal<{ id: string; node: FlowNode }, { link: FlowLink }>();
  const ribbons = links.map((placed): VNode => {
    const { link } = placed;
    const says = linkText(link, total, text);
    const d = (path(placed) ?? '').replaceAll(/\d+\.\d+/gu, (number) => pixel(Number(number)));
    return wrapped(
      options.linkHref(link),
      {
        key: `${link.source.id} ${link.destination.id}`,
        class: `flow kind-${link.source.kind}`,
        'data-says': says,
        'aria-label': says,
      },
      [h('title', {}, says), h('path', { d, 'stroke-width': pixel(Math.max(THIN, placed.width ?? 0)) })],
    );
  });
  const names = nodes.map(({ node, x0 = 0, x1 = 0, y0 = 0, y1 = 0 }): VNode => {
    const isLeft = node.side === 'source';
    const says = nodeText(node, total, text);
    const share = percent(node.value / Math.max(1, total));
    const hosts = hostsText(node);
    const name = shortAddress(nameOf(node), characters);
    const note = isNarrow ? '' : isLeft ? `${share}${hosts && ` · ${hosts}`}` : `${hosts && `${hosts} · `}${share}`;
    // What is read out begins with what is seen, so that whoever speaks to the page can say it.
    const label = `${isLeft ? `${note}\u2002${name}` : `${name}\u2002${note}`}: ${says}`;
    return wrapped(
      options.nodeHref(node),
      { key: node.id, class: `flow-node kind-${node.kind}`, 'data-says': says, 'aria-label': label.trim() },
      [
        h('title', {}, says),
        h('rect', { x: pixel(x0), y: pixel(y0), width: pixel(x1 - x0), height: pixel(Math.max(2, y1 - y0)) }),
        h(
          'text',
          {
            x: pixel(isLeft ? x0 - 8 : x1 + 8),
            y: pixel((y0 + Math.max(y1, y0 + 2)) / 2 + 4),
            'text-anchor': isLeft ? 'end' : 'start',
          },
          isLeft && !isNarrow ? h('tspan', { class: 'flow-note' }, `${note}\u2002`) : null,
          h('tspan', {}, name),
          isLeft || isNarrow ? null : h('tspan', { class: 'flow-note' }, `\u2002${note}`),
        ),
      ],
    );
  });
  return h(
    'svg',
    {
      class: 'sankey',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'group',
      'aria-label': `Conversations between networks, ${percent(flows.bothEnds)} of the traffic with both ends, ${percent(flows.oneEnd)} with one. A table of the values is one button away.`,
    },
    h('g', { class: 'flows' }, ribbons),
    h('g', {}, names),
  );
}
