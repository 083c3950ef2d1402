/** What the flow picture draws: the largest networks of each side, the rest as one, and what no list of conversations holds. */
import type { Conversations, PlaceKind, TalkingNetwork } from '@tapline/core/report/conversations';

export type Side = 'source' | 'destination';

export interface FlowNode {
  readonly id: string;
  readonly side: Side;
  readonly name: string;
  readonly kind: PlaceKind;
  readonly hosts: number;
  readonly host: string | null;
  readonly value: number;
}

export interface FlowLink {
  readonly source: FlowNode;
  readonly destination: FlowNode;
  readonly value: number;
  /** Pairs of hosts; 0 = nobody knows. */
  readonly pairs: number;
}

export interface NetworkFlows {
  /** Largest first; others, then what is not listed, last. */
  readonly nodes: readonly FlowNode[];
  readonly links: readonly FlowLink[];
  /** Shares of the traffic of which both ends are known, and one: 0 to 1. */
  readonly bothEnds: number;
  readonly oneEnd: number;
}

type Measure = 'packets' | 'bytes';

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
  const large = order.filter(({ network }) => network.kind !== 'others' && network.kind !== 'unlisted');
  // Folding one away would save no room.
  const kept = large.length + 1 <= most ? large : large.slice(0, most - 1);
  const rest = order.filter((entry) => !kept.includes(entry) && entry.network.kind !== 'unlisted');
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
  const unlisted = order.find(({ network }) => network.kind === 'unlisted');
  if (unlisted !== undefined) {
    places.set(unlisted.index, nodes.length);
    nodes.push({ ...unlisted.network, id: `${side}-unlisted`, side, value: unlisted.value });
  }
  return { nodes, nodeOf: (index) => nodes[places.get(index) ?? kept.length]! };
};

/** @param most nodes of a side, what is folded away included */
export function networkFlows(conversations: Conversations, measure: Measure, most: number): NetworkFlows {
  const { sources, destinations, links } = conversations;
  const [from, to] = [sources.map(() => 0), destinations.map(() => 0)];
  for (const link of links) {
    from[link.source]! += link[measure];
    to[link.destination]! += link[measure];
  }
  const left = folded('source', sources, from, most);
  const right = folded('destination', destinations, to, most);
  const sums = new Map<string, { -readonly [Name in keyof FlowLink]: FlowLink[Name] }>();
  /** By how many ends are known. */
  const byEnds = [0, 0, 0];
  for (const link of links) {
    if (link[measure] === 0) continue;
    const [source, destination] = [left.nodeOf(link.source), right.nodeOf(link.destination)];
    const key = `${source.id} ${destination.id}`;
    const sum = sums.get(key) ?? { source, destination, value: 0, pairs: 0 };
    sums.set(key, sum);
    sum.value += link[measure];
    sum.pairs += link.pairs;
    byEnds[[source, destination].filter(({ kind }) => kind !== 'unlisted').length]! += link[measure];
  }
  const whole = Math.max(
    1,
    byEnds.reduce((sum, value) => sum + value, 0),
  );
  return {
    nodes: [...left.nodes, ...right.nodes],
    links: [...sums.values()].sort((a, b) => b.value - a.value),
    bothEnds: byEnds[2]! / whole,
    oneEnd: byEnds[1]! / whole,
  };
}
