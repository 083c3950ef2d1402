/** Numbers about a pane's connections that need a look at every flow record once. */
import { COUNTER } from '../window/counters.ts';
import type { BucketKind } from '../window/flow-bucket.ts';
import { IP_PROTOCOL, initiatorSide, isAnswered, isFailedContact, isHalfOpen } from '../window/flow-traits.ts';
import type { WindowPartial } from '../window/window-partial.ts';

interface ContactSums {
  /** TCP connection requests seen in the window. */
  requested: number;
  /** Of those, the ones whose handshake the initiator did not complete in the window. */
  halfOpen: number;
  /** Contacts refused or left without any answer, all protocols. */
  failed: number;
  answered: number;
  flows: number;
}

export interface FlowFacts extends Readonly<ContactSums> {
  readonly newFlows: number;
  /** Share of flows with an answer: near 0 in a capture of one direction. */
  readonly twoWayShare: number;
}

/** Counts over flow records and folded flows; a folded flow that comes again in another batch counts again. */
export function flowFacts(pane: WindowPartial): FlowFacts {
  const { flows } = pane;
  const sums: ContactSums = { requested: 0, halfOpen: 0, failed: 0, answered: 0, flows: flows.rows };
  for (let row = 0; row < flows.rows; row++) {
    const initiator = initiatorSide(flows, row);
    if (flows.protocol[row] === IP_PROTOCOL.tcp && flows.opens[2 * row + initiator]! > 0) sums.requested++;
    if (isHalfOpen(flows, row, initiator)) sums.halfOpen++;
    if (isFailedContact(flows, row, initiator)) sums.failed++;
    if (isAnswered(flows, row, initiator)) sums.answered++;
  }
  // Many sources leave their mark on the victim's bucket, one source on its own: whichever kept more flows knows more.
  const bySource = bucketSums(pane, 'source');
  const byVictim = bucketSums(pane, 'victim');
  const folded = bySource.flows > byVictim.flows ? bySource : byVictim;
  sums.requested += folded.requested;
  sums.halfOpen += folded.halfOpen;
  sums.failed += folded.failed;
  sums.answered += folded.answered;
  sums.flows += pane.counters[COUNTER.rowsShed]!;
  return { ...sums, newFlows: newFlows(pane), twoWayShare: sums.flows === 0 ? 0 : sums.answered / sums.flows };
}

function bucketSums(pane: WindowPartial, kind: BucketKind): ContactSums {
  const sums: ContactSums = { requested: 0, halfOpen: 0, failed: 0, answered: 0, flows: 0 };
  for (const [, bucket] of pane.buckets.entries()) {
    if (bucket.kind !== kind) continue;
    sums.flows += bucket.flows;
    sums.failed += bucket.failed;
    sums.answered += bucket.answered;
    if (bucket.protocol !== IP_PROTOCOL.tcp) continue;
    sums.requested += bucket.opens;
    sums.halfOpen += Math.max(0, bucket.opens - bucket.completed);
  }
  return sums;
}

/**
 * Flows whose first packet ever fell into the window. The agent numbers flows in order of appearance, so a flow that is
 * first heard after one of a higher number is an old one, and every number above the highest old one is new. Needs no
 * memory of earlier windows and survives folding; too high by the old flows that spoke only before all newer ones.
 */
function newFlows(pane: WindowPartial): number {
  const { flows } = pane;
  const rows = Array.from({ length: flows.rows }, (_, row) => row).sort(
    (a, b) => flows.session[a]! - flows.session[b]! || flows.firstNumber[a]! - flows.firstNumber[b]!,
  );
  let fresh = 0;
  let session = -1;
  let highest = 0;
  let highestOld = 0;
  for (const row of rows) {
    const flow = flows.flow[row]!;
    if (flows.session[row] !== session) {
      fresh += highest - highestOld;
      session = flows.session[row]!;
      highest = flow;
      highestOld = flow - 1;
    } else if (flow > highest) highest = flow;
    else highestOld = Math.max(highestOld, flow);
  }
  return fresh + highest - highestOld;
}
