/** What the flow picture draws: the largest networks of each side, the rest as one, and what no list of conversations holds. */
import type { Conversations, PlaceKind, TalkingNetwork } from '@tapline/core/report/conversations';
import type { RangeTotals } from '@tapline/core/report/snapshot';

export type FlowKind = PlaceKind | 'unlisted';
export type Side = 'source' | 'destination';

export interface FlowNode {
  readonly id: string;
  readonly side: Side;
  readonly name: string;
  readonly kind: FlowKind;
  readonly hosts: number;
  readonly host: string | null;
  readonly value: number;
}

export interface FlowLink {
  readonly source: FlowNode;
  readonly destination: FlowNode;
  readonly value: number;
  /** Pairs of hosts; null = nobody knows. */
  readonly pairs: number | null;
}

export interface NetworkFlows {
  /** Largest first; others, then what is not listed, last. */
  readonly nodes: readonly FlowNode[];
  readonly links: readonly FlowLink[];
  /** Of the traffic, what the picture knows the ends of: 0 to 1. */
  readonly coverage: number;
}

type Measure = 'packets' | 'bytes';

const UNLISTED = 'not listed';

const folded = (
  side: Side,
  networks: readonly TalkingNetwork[],
  values: readonly number[],
  most: number,
): { nodes: FlowNode[]; nodeOf: (index: number) => FlowNode } => {
  const order = networks
    .map((network, index) => ({ network, value: values[index]!, index }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value || a.index - b.index);
  const large = order.filter(({ network }) => network.kind !== 'others');
  // Folding one away would save no room.
  const kept = large.length + 1 <= most ? large : large.slice(0, most - 1);
  const rest = order.filter((entry) => !kept.includes(entry));
  const nodes: FlowNode[] = kept.map(({ network, value, index }) => ({
    ...network,
    id: `${side}-${index}`,
    side,
    value,
  }));
  const places = new Map(kept.map(({ index }, at) => [index, at]));
  if (rest.length > 0) {
    const hosts = rest.reduce((sum, { network }) => sum + network.hosts, 0);
    const value = rest.reduce((sum, entry) => sum + entry.value, 0);
    nodes.push({ id: `${side}-others`, side, name: 'others', kind: 'others', hosts, host: null, value });
  }
  return { nodes, nodeOf: (index) => nodes[places.get(index) ?? kept.length]! };
};

/** @param most nodes of a side, what is folded away included */
export function networkFlows(
  conversations: Conversations,
  totals: RangeTotals,
  measure: Measure,
  most: number,
): NetworkFlows {
  const { sources, destinations, links, listed } = conversations;
  const [from, to] = [sources.map(() => 0), destinations.map(() => 0)];
  for (const link of links) {
    from[link.source]! += link[measure];
    to[link.destination]! += link[measure];
  }
  const left = folded('source', sources, from, most);
  const right = folded('destination', destinations, to, most);
  const sums = new Map<string, { -readonly [Name in keyof FlowLink]: FlowLink[Name] }>();
  for (const link of links) {
    if (link[measure] === 0) continue;
    const [source, destination] = [left.nodeOf(link.source), right.nodeOf(link.destination)];
    const key = `${source.id} ${destination.id}`;
    const sum = sums.get(key) ?? { source, destination, value: 0, pairs: 0 };
    sums.set(key, sum);
    sum.value += link[measure];
    sum.pairs = (sum.pairs ?? 0) + link.pairs;
  }
  const all = [...sums.values()].sort((a, b) => b.value - a.value);
  const unlisted = totals[measure] - listed[measure];
  const coverage = totals[measure] === 0 ? 1 : Math.min(1, listed[measure] / totals[measure]);
  if (all.length === 0 || unlisted <= 0) return { nodes: [...left.nodes, ...right.nodes], links: all, coverage };
  const [source, destination] = (['source', 'destination'] as const).map((side): FlowNode => ({
    id: `${side}-unlisted`,
    side,
    name: UNLISTED,
    kind: 'unlisted',
    hosts: 0,
    host: null,
    value: unlisted,
  })) as [FlowNode, FlowNode];
  return {
    nodes: [...left.nodes, source, ...right.nodes, destination],
    links: [...all, { source, destination, value: unlisted, pairs: null }],
    coverage,
  };
}
