/**
 * The tokens of a window's flows, with the host that most flows of each began at.
 *
 * They are counted here, from the merged pane, and not in the partial of each batch: a flow's token is made of its bytes in
 * the whole window, and no batch knows those. Counts of batches would add up half flows, and depend on where the batches
 * were cut. From flow records, which merge exactly, they do not. Flows that a bound folded into buckets have no bytes of their own
 * any more: they count by the mean of their bucket, and those that no bucket was kept for are said (`missed`).
 */
import { COUNTER } from '../window/counters.ts';
import { flowToken } from '../window/flow-token.ts';
import type { PaneView } from '../window/pane-view.ts';
import type { TokenSight } from './observations.ts';

/** Where a token's flows began, when nobody knows. */
const NOBODY = 0;

export interface SightedTokens {
  /** Ascending by token. */
  readonly tokens: readonly TokenSight[];
  /** Flows that have no token. */
  readonly missed: number;
}

export function sightTokens(view: PaneView): SightedTokens {
  const { flows, hosts } = view;
  const places = hosts.count + 1;
  const byHost = new Map<number, number>();
  const add = (token: number, place: number, count: number): void => {
    const key = token * places + place;
    byHost.set(key, (byHost.get(key) ?? 0) + count);
  };
  for (let row = 0; row < flows.rows; row++) {
    const bytes = flows.bytes[2 * row]! + flows.bytes[2 * row + 1]!;
    add(flowToken(flows.protocol[row]!, bytes, view.port[row]!), 1 + view.initiator[row]!, 1);
  }
  const missed = addFolded(view, add);
  return { tokens: byToken(byHost, places, view), missed };
}

/**
 * A flow is in one bucket of each kind; two kinds know the responder's port: whichever kept more flows knows more.
 * @returns flows that it does not know of
 */
function addFolded({ folded, pane }: PaneView, add: (token: number, place: number, count: number) => void): number {
  const kept = (kind: string): number =>
    folded.reduce((sum, { bucket }) => sum + (bucket.kind === kind ? bucket.flows : 0), 0);
  const kind = kept('sweep') >= kept('service') ? 'sweep' : 'service';
  for (const { bucket, host } of folded) {
    if (bucket.kind !== kind) continue;
    const { protocol, bytes, flows, port } = bucket;
    const mean = Math.round((bytes[0] + bytes[1]) / flows);
    add(flowToken(protocol, mean, port), kind === 'sweep' ? 1 + host : NOBODY, flows);
  }
  return Math.max(0, pane.counters[COUNTER.rowsShed]! - kept(kind));
}

function byToken(byHost: ReadonlyMap<number, number>, places: number, { hosts }: PaneView): TokenSight[] {
  interface Most {
    flows: number;
    most: number;
    place: number;
  }
  const sums = new Map<number, Most>();
  const nameOf = (place: number): string => (place === NOBODY ? '' : hosts.text(place - 1));
  const orderOf = (place: number): number => (place === NOBODY ? -1 : hosts.hash(place - 1));
  // Hosts are numbered as they were merged; which of two that are equal is named must not depend on it.
  const isBefore = (a: number, b: number): boolean =>
    orderOf(a) < orderOf(b) || (orderOf(a) === orderOf(b) && nameOf(a) < nameOf(b));
  for (const [key, count] of byHost) {
    const token = Math.floor(key / places);
    const place = key % places;
    const sum = sums.get(token);
    if (sum === undefined) sums.set(token, { flows: count, most: count, place });
    else {
      sum.flows += count;
      if (count > sum.most || (count === sum.most && isBefore(place, sum.place))) {
        sum.most = count;
        sum.place = place;
      }
    }
  }
  return [...sums]
    .sort(([a], [b]) => a - b)
    .map(([token, { flows, place }]): TokenSight => ({ token, flows, host: nameOf(place) }));
}
